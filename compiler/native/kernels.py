"""Kernels: what one native function computes, before it is written in LLVM's language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..graph import Unit
from ..kinds.bounds import IndexBound
from ..scalar import Scalar, Word
from .layout import Layout, Matrices
from .product_schedule import Plan
from .terms import postorder
from .values import Values


@dataclass(frozen=True, eq=False, kw_only=True)
class Kernel:
    """What all kernels have.

    Attributes
    ----------
    units : tuple of Unit
        What it computes, in topological order.
    apart : tuple of str
        Why its neighbours are not in it.
    """

    units: tuple[Unit, ...]
    apart: tuple[str, ...] = ()

    @property
    def writes(self) -> tuple[Unit, ...]:
        """The units that it leaves in memory."""
        return self.units[-1:]

    @property
    def reads(self) -> tuple[Unit, ...]:
        """The units that it reads from memory."""
        raise NotImplementedError

    @property
    def replaceable(self) -> tuple[Unit, ...]:
        """Units that it reads in such an order that its result may take their memory."""
        return ()

    @property
    def scratch(self) -> tuple[int, ...]:
        """Bytes of the working buffers that it needs."""
        return ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Loop(Kernel):
    """Elements of one or more units, each from a scalar expression, in one nest of loops."""

    values: Values
    stores: tuple[tuple[Unit, Scalar], ...]

    @property
    def writes(self) -> tuple[Unit, ...]:
        return tuple(unit for unit, _ in self.stores)

    @cached_property
    def loads(self) -> tuple[Scalar, ...]:
        """The reads from memory."""
        return loads_in(value for _, value in self.stores)

    @property
    def reads(self) -> tuple[Unit, ...]:
        return units_of(self.loads)

    @property
    def replaceable(self) -> tuple[Unit, ...]:
        terms = self.values.terms
        own = tuple(map(id, terms.indices))
        elsewhere = {
            load.detail
            for load in self.loads
            if tuple(map(id, load.operands)) != own or load.detail.shape != terms.extents
        }
        return tuple(unit for unit in self.reads if unit not in elsewhere)


@dataclass(frozen=True, eq=False, kw_only=True)
class Fold(Kernel):
    """A reduction with what makes its elements."""

    unit: Unit
    values: Values
    element: Scalar

    @property
    def writes(self) -> tuple[Unit, ...]:
        return (self.unit,)

    @property
    def reads(self) -> tuple[Unit, ...]:
        return units_of(loads_in([self.element]))

    @property
    def scratch(self) -> tuple[int, ...]:
        from .folds import scratch_of

        return scratch_of(self)


@dataclass(frozen=True, eq=False, kw_only=True)
class Product(Kernel):
    """A contraction of two arrays in memory.

    Attributes
    ----------
    layout : Layout
        Its labels with their extents and strides.
    matrices : Matrices or None
        The same as a batch of matrix products; None for plain loops.
    plan : Plan or None
        How functions of our own compute each of them; None for BLAS.
    """

    unit: Unit
    layout: Layout
    matrices: Matrices | None
    plan: Plan | None = None

    @property
    def writes(self) -> tuple[Unit, ...]:
        return (self.unit,)

    @property
    def reads(self) -> tuple[Unit, ...]:
        return self.unit.inputs

    @property
    def scratch(self) -> tuple[int, ...]:
        if self.matrices is None:
            return ()
        itemsize = self.unit.array_type.dtype.itemsize
        own = (self.plan.scratch_bytes,) if self.plan and self.plan.scratch_bytes else ()
        return (*(copy.size * itemsize for copy in self.matrices.copies), *own)


@dataclass(frozen=True, eq=False, kw_only=True)
class Scattering(Kernel):
    """A scatter: a copy of the operand, then the updates one after the other.

    Attributes
    ----------
    base : tuple of Values, Scalar
        The operand's element, over the result's domain.
    values, update : Values, Scalar
        The update's element, over the updates' domain.
    target : tuple of Scalar
        Where it goes.
    """

    unit: Unit
    base: tuple[Values, Scalar]
    values: Values
    update: Scalar
    target: tuple[Scalar, ...]

    @property
    def writes(self) -> tuple[Unit, ...]:
        return (self.unit,)

    @property
    def reads(self) -> tuple[Unit, ...]:
        return units_of(loads_in([self.base[1], self.update, *self.target]))

    @property
    def replaceable(self) -> tuple[Unit, ...]:
        operand = self.copied
        others = units_of(loads_in([self.update, *self.target]))
        return () if operand is None or operand in others else (operand,)

    @property
    def copied(self) -> Unit | None:
        """The unit in memory that the result starts from, if it is one as it stands."""
        values, element = self.base
        if element.word is not Word.LOAD:
            return None
        own = tuple(map(id, values.terms.indices))
        as_is = tuple(map(id, element.operands)) == own and element.detail.shape == self.unit.shape
        return element.detail if as_is else None


@dataclass(frozen=True, eq=False, kw_only=True)
class Check(Kernel):
    """A test that all elements of an index array lie inside an axis."""

    owner: Unit
    indices: Unit
    bound: IndexBound

    @property
    def writes(self) -> tuple[Unit, ...]:
        return ()

    @property
    def reads(self) -> tuple[Unit, ...]:
        return (self.indices,)


@dataclass
class Refusals:
    """Why units are computed apart, collected while a graph is divided."""

    reasons: dict[Unit, list[str]] = field(default_factory=dict)

    def note(self, unit: Unit, reason: str) -> None:
        """Write down why `unit` does not join a neighbour; the same reason once."""
        reasons = self.reasons.setdefault(unit, [])
        if reason not in reasons:
            reasons.append(reason)

    def of(self, units: Iterable[Unit]) -> tuple[str, ...]:
        """The reasons noted for these units, each once."""
        return tuple(dict.fromkeys(r for unit in units for r in self.reasons.get(unit, ())))


def loads_in(roots: Iterable[Scalar]) -> tuple[Scalar, ...]:
    """The loads that the expressions consist of."""
    return tuple(scalar for scalar in postorder(roots) if scalar.word is Word.LOAD)


def units_of(loads: Sequence[Scalar]) -> tuple[Unit, ...]:
    """The units that are loaded, each once."""
    return tuple(dict.fromkeys(load.detail for load in loads))
