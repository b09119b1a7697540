"""Loop nests: which axes of a domain are walked as one loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..dtypes import int64
from ..graph import Unit
from ..scalar import Scalar, Word
from .terms import Terms


@dataclass(frozen=True, slots=True)
class Axis:
    """One loop: neighbouring axes of the domain, counted by the last of them.

    Attributes
    ----------
    number : int
        The domain's axis whose index the loop's counter stands for; the others' are 0.
    extent : int
        The number of rounds.
    """

    number: int
    extent: int


class Accesses:
    """How the expressions of a kernel depend on its indices.

    Parameters
    ----------
    terms : Terms
        The kernel's expressions.
    roots : iterable of Scalar
        What it computes.
    addresses : iterable of Scalar
        Flat addresses that it writes to.

    Attributes
    ----------
    factors : list of dict
        The factor of each index in every sum that the kernel computes from indices: addresses, and
        positions that become data or go through a quotient.
    """

    def __init__(
        self, terms: Terms, roots: Iterable[Scalar], addresses: Iterable[Scalar] = ()
    ) -> None:
        self.terms = terms
        self.factors: list[dict[int, int]] = []
        self._seen: set[int] = set()
        self._pending = list(roots)
        for address in addresses:
            self._address(address)
        while self._pending:
            self._visit(self._pending.pop())

    def _visit(self, scalar: Scalar) -> None:
        if id(scalar) in self._seen:
            return
        self._seen.add(id(scalar))
        if scalar.word is Word.LOAD:
            self._address(address_of(self.terms, scalar))
        elif scalar.word is Word.INPUT or len(self.terms.form(scalar).products) > 1:
            self._address(scalar)
        else:
            self._pending.extend(scalar.operands)

    def _address(self, flat: Scalar) -> None:
        factors = {}
        for atom, factor in self.terms.form(flat).products:
            if atom.word is Word.INPUT:
                factors[atom.detail] = factor
            else:
                self._pending.append(atom)
        self.factors.append(factors)

    def joins(self, outer: Axis, inner: Axis) -> bool:
        """True when every sum steps from the end of the inner loop to the outer's next."""
        return all(
            factors.get(outer.number, 0) == factors.get(inner.number, 0) * inner.extent
            for factors in self.factors
        )

    def joined(self, axes: Sequence[Axis]) -> list[Axis]:
        """The loops over `axes` with all neighbours joined that can be."""
        loops: list[Axis] = []
        for axis in axes:
            if loops and self.joins(loops[-1], axis):
                axis = Axis(axis.number, loops.pop().extent * axis.extent)
            loops.append(axis)
        return loops


def address_of(terms: Terms, load: Scalar) -> Scalar:
    """The flat address of a load."""
    unit = load.detail
    assert isinstance(unit, Unit)
    return terms.flat(load.operands, unit.shape)


def axes_of(extents: Sequence[int]) -> list[Axis]:
    """One loop for each axis longer than 1."""
    return [Axis(number, extent) for number, extent in enumerate(extents) if extent != 1]


def position_in(terms: Terms, axes: Sequence[int]) -> Scalar:
    """The row-major position within some axes of the domain, as an int64."""
    position = terms.number(0)
    for axis in axes:
        extent = terms.number(terms.extents[axis])
        scaled = terms.make(Word.MULTIPLY, (position, extent), int64)
        position = terms.make(Word.ADD, (scaled, terms.indices[axis]), int64)
    return position
