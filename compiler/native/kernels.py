"""Kernels: what one native function computes, before it is written in LLVM's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..graph import Unit
from ..kernel.grammar import Array, Body, locals_of, outside
from ..kernel.schedule import Schedule, schedule
from ..kinds.bounds import IndexBound
from .layout import Layout, Matrices
from .pieces import Pieces
from .product_schedule import Plan
from .replacing import replaceable
from .values import Result

if TYPE_CHECKING:
    from .window import Window

LARGEST_LOCAL = 2048
"""Bytes up to which a local array lies on the stack."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Kernel:
    """What all kernels have.

    Attributes
    ----------
    units : tuple of Unit
        What it computes, in topological order.
    apart : tuple of str
        Why its neighbours are not in it.
    again : tuple of Unit
        What it computes although another kernel does so too.
    """

    units: tuple[Unit, ...]
    apart: tuple[str, ...] = ()
    again: tuple[Unit, ...] = ()

    @property
    def kind(self) -> str:
        """What sort of kernel it is, in one word."""
        return type(self).__name__.lower()

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

    def replaceable_by(self, result: Unit) -> tuple[Unit, ...]:
        """Those of which one result may take the memory."""
        return self.replaceable

    @property
    def scratch(self) -> tuple[int, ...]:
        """Bytes of the working buffers that it needs."""
        return ()

    @property
    def shared(self) -> tuple[int, ...]:
        """Bytes of working buffers that threads have together."""
        return ()

    @property
    def rounds(self) -> int | None:
        """Rounds of the loop that threads may share; None if there is none."""
        return None

    @property
    def grain(self) -> int:
        """How many of these rounds a thread should get at a time."""
        return 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Nest(Kernel):
    """Loop nests in the kernel language.

    Attributes
    ----------
    sort : str
        ``loop``, ``fold``, ``rows``, ``scatter`` or ``contraction``.
    body : Body
        What it does; the owners of its arrays are units.
    results : dict of int to Result
        What expressions, by their ids, are the elements of.
    """

    sort: str
    body: Body
    results: dict[int, Result] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.sort

    @cached_property
    def schedule(self) -> Schedule:
        """How the body runs."""
        return schedule(self.body)

    @cached_property
    def outside(self) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """The arrays that it reads, and those that it writes."""
        return outside(self.body.statements)

    @property
    def writes(self) -> tuple[Unit, ...]:
        return tuple(array.owner for array in self.outside[1])

    @property
    def reads(self) -> tuple[Unit, ...]:
        reads, writes = self.outside
        return tuple(array.owner for array in reads if array not in writes)

    @cached_property
    def replaceable(self) -> tuple[Unit, ...]:
        return tuple(array.owner for array in replaceable(self.body))

    @cached_property
    def working(self) -> tuple[Array, ...]:
        """Local arrays that are too large for the stack."""
        arrays = (*locals_of(self.schedule.first), *locals_of(self.schedule.after))
        return tuple(array for array in arrays if array.nbytes > LARGEST_LOCAL)

    @cached_property
    def parts(self) -> tuple[Array, ...]:
        """The arrays in which rounds of the divided loop leave what is put together after it."""
        own = {*locals_of(self.schedule.first), *locals_of(self.schedule.after)}
        arrays = locals_of(self.body.statements) if self.schedule.after else ()
        return tuple(array for array in arrays if array not in own)

    @property
    def scratch(self) -> tuple[int, ...]:
        return tuple(array.nbytes for array in self.working)

    @property
    def shared(self) -> tuple[int, ...]:
        return tuple(array.nbytes for array in self.parts)

    @property
    def rounds(self) -> int | None:
        divided = self.schedule.divided
        return None if divided is None else divided.extent

    @property
    def grain(self) -> int:
        return self.schedule.grain


@dataclass(frozen=True, eq=False, kw_only=True)
class Product(Kernel):
    """A contraction of two arrays in memory.

    Attributes
    ----------
    layout : Layout
        Its labels with their extents and strides.
    matrices : Matrices
        The same as a batch of matrix products.
    plan : Plan or None
        How functions of our own compute each of them, or each piece; None for BLAS.
    pieces : Pieces or None
        How the work falls into pieces that threads may share.
    last : Plan or None
        How the last piece is computed, if it is smaller than the others.
    epilogue : Window or None
        The kernel that is done with the result's elements where they are made.
    kept : bool
        Whether anything else reads the result.
    """

    unit: Unit
    layout: Layout
    matrices: Matrices
    plan: Plan | None = None
    pieces: Pieces | None = None
    last: Plan | None = None
    epilogue: Window | None = None
    kept: bool = True

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plans of all pieces."""
        return tuple(plan for plan in (self.plan, self.last) if plan is not None)

    @property
    def local(self) -> bool:
        """Whether the result exists as one tile at a time only."""
        return not self.kept and all(plan.in_one_go for plan in self.plans)

    @property
    def plan_bytes(self) -> int:
        """Working memory of the generated functions."""
        return max((plan.scratch_bytes for plan in self.plans), default=0)

    @property
    def writes(self) -> tuple[Unit, ...]:
        own = () if self.local else (self.unit,)
        return own if self.epilogue is None else (*own, *self.epilogue.nest.writes)

    @property
    def reads(self) -> tuple[Unit, ...]:
        if self.epilogue is None:
            return self.unit.inputs
        return tuple(dict.fromkeys((*self.unit.inputs, *self.epilogue.operands)))

    @property
    def replaceable(self) -> tuple[Unit, ...]:
        # The product reads its operands as long as there are tiles.
        found = () if self.epilogue is None else self.epilogue.nest.replaceable
        return tuple(unit for unit in found if unit not in self.unit.inputs)

    def replaceable_by(self, result: Unit) -> tuple[Unit, ...]:
        # The product's own elements come about before the epilogue reads what it reads.
        return () if result is self.unit else self.replaceable

    @property
    def scratch(self) -> tuple[int, ...]:
        itemsize = self.unit.array_type.dtype.itemsize
        own = (self.plan_bytes,) if self.plan_bytes else ()
        return (*(copy.size * itemsize for copy in self.matrices.copies), *own)

    @property
    def rounds(self) -> int | None:
        return None if self.pieces is None else self.pieces.count


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

    reasons: dict[Unit, dict[str, frozenset[Unit]]] = field(default_factory=dict)

    def note(self, unit: Unit, reason: str, *others: Unit) -> None:
        """Write down why `unit` does not join its neighbours `others`; the same reason once."""
        self.reasons.setdefault(unit, {}).setdefault(reason, frozenset(others))

    def forget(self, units: Iterable[Unit]) -> None:
        """Drop what was written down about units that a later step has put everywhere."""
        for unit in units:
            self.reasons.pop(unit, None)

    def of(self, units: Iterable[Unit]) -> tuple[str, ...]:
        """The reasons noted for these units, each once; not those that a later step overcame."""
        together = set(units)
        return tuple(
            dict.fromkeys(
                reason
                for unit in units
                for reason, others in self.reasons.get(unit, {}).items()
                if not others or not others <= together
            )
        )
