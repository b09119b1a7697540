"""Which loops may be walked as one: every address in them steps evenly from one to the next."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from ..scalar import Scalar, Word
from .terms import Terms


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop over neighbouring axes, counted by the last of them.

    Attributes
    ----------
    axis : int
        The axis whose index the loop's counter stands for; the others' are 0.
    extent : int
        The number of rounds.
    """

    axis: int
    extent: int


class Accesses:
    """How expressions depend on loop indices.

    Parameters
    ----------
    terms : Terms
        Owner of the expressions.
    roots : iterable of Scalar
        What is computed.
    addresses : iterable of Scalar
        Flat addresses that are written to.

    Attributes
    ----------
    factors : list of dict
        The factor of each index in every sum that is computed from indices: addresses, and
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

    def joins(self, outer: Loop, inner: Loop) -> bool:
        """True when every sum steps from the end of the inner loop to the outer's next round."""
        return all(
            factors.get(outer.axis, 0) == factors.get(inner.axis, 0) * inner.extent
            for factors in self.factors
        )

    def joined(self, loops: Sequence[Loop], kept: Container[int] = ()) -> list[Loop]:
        """The loops with all neighbours joined that can be; those over `kept` axes stay apart."""
        done: list[Loop] = []
        for loop in loops:
            same = bool(done) and (done[-1].axis in kept) is (loop.axis in kept)
            if same and self.joins(done[-1], loop):
                loop = Loop(loop.axis, done.pop().extent * loop.extent)
            done.append(loop)
        return done


def address_of(terms: Terms, load: Scalar) -> Scalar:
    """The flat address of a load."""
    return terms.flat(load.operands, load.detail.shape)


def loops_over(terms: Terms, axes: Iterable[int]) -> list[Loop]:
    """One loop for each axis longer than 1."""
    return [Loop(axis, terms.extents[axis]) for axis in axes if terms.extents[axis] != 1]
