"""Kernels of reductions: a fixed tree that depends on shape and dtype alone.

Along contiguous elements, lanes take every L-th element each (256 bytes of state, so that four
512-bit registers are in flight), for at most 64 rounds; then the lanes are merged by halves and
their result is combined into the total. A float32 sum of n elements thus makes at most about
64 + 6 + n / 4096 rounding errors, where a plain loop makes n.

Across rows (the kept axes are contiguous), each kept element has one state, and rows are combined
one after the other, in order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..dtypes import DType, bool_
from ..kinds.reduction import Fold as Scalars
from ..kinds.reduction import Reduction
from ..scalar import Word
from ..types import ArrayType
from .elements import Elements, Pointers, load, nested, store
from .function import Function
from .kernels import Fold
from .nest import Accesses, Axis, axes_of, position_in
from .place import Place
from .scalar_llvm import Words, memory_type
from .terms import postorder

LANE_BYTES = 256
MOST_LANES = 64
ROUNDS = 64


@dataclass(frozen=True, slots=True)
class _Plan:
    """A reduction's loops.

    Attributes
    ----------
    kept, folded : list of Axis
        Loops around the innermost ones.
    inner : list of Axis
        The innermost loops: one folded axis in lanes, or the kept axes that have a state each.
    """

    kept: list[Axis]
    folded: list[Axis]
    inner: list[Axis]
    in_lanes: bool


class Folding:
    """A reduction kernel's expressions, and the loops that they allow."""

    def __init__(self, kernel: Fold) -> None:
        self.kernel = kernel
        self.terms = kernel.values.terms
        op = kernel.unit.op
        assert isinstance(op, Reduction)
        source: ArrayType = kernel.unit.inputs[0].array_type
        self.scalars: Scalars = op.fold(source.dtype)
        axis = kernel.unit.attributes["axis"]
        self.extents = source.shape
        self.kept = [a for a in range(source.ndim) if a not in axis]
        self.folded = list(axis)
        self.dtypes = [scalar.dtype for scalar in self.scalars.lift]
        position = position_in(self.terms, self.folded)
        self.lifted = tuple(
            self.terms.substitute(postorder([part]), (kernel.element, position))
            for part in self.scalars.lift
        )
        self.place = position_in(self.terms, self.kept)

    @property
    def inner(self) -> list[Axis]:
        """The last axes of one sort: all folded, or all kept."""
        axes = axes_of(self.extents)
        run: list[Axis] = []
        for axis in reversed(axes):
            if run and (axis.number in self.folded) != (run[0].number in self.folded):
                break
            run.insert(0, axis)
        return run

    @property
    def in_lanes(self) -> bool:
        """True when the innermost axes are folded."""
        return bool(self.inner) and self.inner[0].number in self.folded

    @property
    def in_place(self) -> bool:
        """True when the state of an element is the element itself."""
        finalise = self.scalars.finalise
        result = self.kernel.unit.array_type.dtype
        return finalise.word is Word.INPUT and finalise.detail == 0 and self.dtypes == [result]

    def plan(self) -> _Plan | None:
        """The loops; None when the elements of a folded row cannot be walked as one axis."""
        inner = self.inner
        rest = axes_of(self.extents)[: -len(inner)] if inner else []
        addresses = [self.place]
        if not self.in_lanes:
            addresses.append(position_in(self.terms, [axis.number for axis in inner]))
        accesses = Accesses(self.terms, self.lifted, addresses)
        joined = accesses.joined(inner)
        if self.in_lanes and len(joined) > 1:
            return None
        return _Plan(
            accesses.joined([axis for axis in rest if axis.number in self.kept]),
            accesses.joined([axis for axis in rest if axis.number in self.folded]),
            joined,
            self.in_lanes,
        )


def walks_rows(kernel: Fold) -> bool:
    """True when the kernel's elements can be folded in lanes, or need not be."""
    return Folding(kernel).plan() is not None


def scratch_of(kernel: Fold) -> tuple[int, ...]:
    """The bytes of the states of a row of kept elements, where the result cannot hold them."""
    folding = Folding(kernel)
    if folding.in_lanes or folding.in_place or not folding.inner:
        return ()
    count = math.prod(axis.extent for axis in folding.inner)
    return tuple(count * dtype.itemsize for dtype in folding.dtypes)


def emit(kernel: Fold, pointers: Pointers, scratch: Sequence[Place]) -> Function:
    """The kernel's function."""
    writer = _Writer(Folding(kernel), pointers, scratch)
    if 0 in kernel.values.terms.extents:
        writer.nothing()
    else:
        writer.write()
    return writer.function


class _Writer:
    def __init__(self, folding: Folding, pointers: Pointers, scratch: Sequence[Place]) -> None:
        self.folding = folding
        self.terms = folding.terms
        self.unit = folding.kernel.unit
        self.pointers = pointers
        self.function = Function()
        self.words = Words(self.function)
        self.dtypes = folding.dtypes
        self.states = [pointers.name(place, written=True) for place in scratch]
        self.align = 0  # of the states, where it may be less than an element's size
        self.combine = [postorder([part]) for part in folding.scalars.combine]
        self.finalise = postorder([folding.scalars.finalise])

    def write(self) -> None:
        plan = self.folding.plan()
        assert plan is not None, "the partition gives rows that can be walked"
        with nested(self.function, plan.kept) as kept:
            if plan.in_lanes or not plan.inner:
                self._rows(plan, kept)
            else:
                self._columns(plan, kept)

    def nothing(self) -> None:
        """No elements: every result is the starting state's."""
        count = self.unit.array_type.size
        pointer, align = self.pointers.of(self.unit, written=True)
        with self.function.loop(count) as counter:
            result = self.words.evaluate(self.finalise, self._init())
            dtype = self.unit.array_type.dtype
            store(self.function, pointer, counter, dtype, result, align)

    def _init(self, words: Words | None = None) -> list[str]:
        words = words or self.words
        return [words.literal(start.detail, start.dtype) for start in self.folding.scalars.init]

    def _elements(self, counters: dict[int, str]) -> Elements:
        return Elements(self.function, self.terms, self.pointers, counters)

    def _merged(self, first: Sequence[str], second: Sequence[str], width: int = 1) -> list[str]:
        words = Words(self.function, width)
        return [words.evaluate(order, [*first, *second]) for order in self.combine]

    # Folded axes innermost.

    def _rows(self, plan: _Plan, kept: dict[int, str]) -> None:
        totals = [self.function.local(memory_type(dtype)) for dtype in self.dtypes]
        self._keep(totals, "0", self._init())
        with nested(self.function, plan.folded) as folded:
            outer = kept | folded
            if plan.inner:
                self._row(plan.inner[0], outer, totals)
            else:
                self._add(totals, [self._elements(outer).value(p) for p in self.folding.lifted])
        result = self.words.evaluate(self.finalise, self._kept(totals, "0"))
        elements = self._elements(kept)
        elements.store(self.unit, self.folding.place, result)

    def _row(self, axis: Axis, outer: dict[int, str], totals: list[str]) -> None:
        count = lanes(axis.extent, self.dtypes)
        if count == 1:
            with self.function.loop(axis.extent) as index:
                elements = self._elements(outer | {axis.number: index})
                self._add(totals, [elements.value(part) for part in self.folding.lifted])
            return
        arrays = [self.function.local(f"[{count} x {memory_type(dtype)}]") for dtype in self.dtypes]
        block = count * ROUNDS
        blocks = axis.extent // block
        if blocks:
            with self.function.loop(blocks * block, step=block) as start:
                self._block(axis, outer, arrays, count, start, ROUNDS, 0)
                self._add(totals, self._folded_lanes(arrays, count))
        rounds, tail = divmod(axis.extent - blocks * block, count)
        if rounds or tail:
            self._block(axis, outer, arrays, count, str(blocks * block), rounds, tail)
            self._add(totals, self._folded_lanes(arrays, count))

    def _block(
        self,
        axis: Axis,
        outer: dict[int, str],
        arrays: list[str],
        count: int,
        start: str,
        rounds: int,
        tail: int,
    ) -> None:
        """Each lane takes its element of every round; the first lanes take the tail."""
        wide = Words(self.function, count)
        for array, first, dtype in zip(arrays, self._init(wide), self.dtypes, strict=True):
            kind = memory_type(dtype)
            if dtype is bool_:
                first = self.function.do(f"zext <{count} x i1> {first} to <{count} x i8>")
            self.function.act(f"store <{count} x {kind}> {first}, ptr {array}, align 64")
        if rounds:
            with self.function.loop(rounds * count, step=count) as turn:
                base = self._sum(start, turn)
                self._lanes(axis, outer, arrays, base, count)
        if tail:
            self._lanes(axis, outer, arrays, self._sum(start, str(rounds * count)), tail)

    def _lanes(
        self, axis: Axis, outer: dict[int, str], arrays: list[str], base: str, count: int
    ) -> None:
        # Unrolled, the lanes' states move from memory into registers.
        with self.function.loop(count, unroll=True) as lane:
            elements = self._elements(outer | {axis.number: self._sum(base, lane)})
            lifted = [elements.value(part) for part in self.folding.lifted]
            self._keep(arrays, lane, self._merged(self._kept(arrays, lane), lifted))

    def _sum(self, a: str, b: str) -> str:
        if a == "0" or b == "0":
            return b if a == "0" else a
        return self.function.do(f"add nuw nsw i64 {a}, {b}")

    def _folded_lanes(self, arrays: list[str], count: int) -> list[str]:
        """The lanes' states merged by halves."""
        parts = []
        for array, dtype in zip(arrays, self.dtypes, strict=True):
            kind = memory_type(dtype)
            part = self.function.do(f"load <{count} x {kind}>, ptr {array}, align 64")
            if dtype is bool_:
                part = self.function.do(f"icmp ne <{count} x i8> {part}, zeroinitializer")
            parts.append(part)
        while count > 1:
            count //= 2
            halves = [self._halves(p, d, count) for p, d in zip(parts, self.dtypes, strict=True)]
            parts = self._merged([low for low, _ in halves], [high for _, high in halves], count)
        return parts

    def _halves(self, part: str, dtype: DType, half: int) -> tuple[str, str]:
        kind = f"<{2 * half} x {self.words.type(dtype)}>"
        if half == 1:
            low = self.function.do(f"extractelement {kind} {part}, i64 0")
            return low, self.function.do(f"extractelement {kind} {part}, i64 1")
        masks = [range(half), range(half, 2 * half)]
        low, high = (
            self.function.do(
                f"shufflevector {kind} {part}, {kind} poison, "
                f"<{half} x i32> <{', '.join(f'i32 {i}' for i in mask)}>"
            )
            for mask in masks
        )
        return low, high

    def _add(self, totals: list[str], parts: Sequence[str]) -> None:
        self._keep(totals, "0", self._merged(self._kept(totals, "0"), parts))

    def _kept(self, arrays: Sequence[str], index: str) -> list[str]:
        return [
            load(self.function, array, index, dtype, self.align or dtype.itemsize)
            for array, dtype in zip(arrays, self.dtypes, strict=True)
        ]

    def _keep(self, arrays: Sequence[str], index: str, states: Sequence[str]) -> None:
        for array, dtype, state in zip(arrays, self.dtypes, states, strict=True):
            store(self.function, array, index, dtype, state, self.align or dtype.itemsize)

    # Kept axes innermost.

    def _columns(self, plan: _Plan, kept: dict[int, str]) -> None:
        with nested(self.function, plan.inner) as inner:
            states, index = self._column(kept | inner)
            self._keep(states, index, self._init())
        folded = [*plan.folded, *plan.inner]
        with nested(self.function, folded) as counters:
            elements = self._elements(kept | counters)
            lifted = [elements.value(part) for part in self.folding.lifted]
            states, index = self._column(kept | counters)
            self._keep(states, index, self._merged(self._kept(states, index), lifted))
        if self.folding.in_place:
            return
        with nested(self.function, plan.inner) as inner:
            states, index = self._column(kept | inner)
            result = self.words.evaluate(self.finalise, self._kept(states, index))
            self._elements(kept | inner).store(self.unit, self.folding.place, result)

    def _column(self, counters: dict[int, str]) -> tuple[list[str], str]:
        """The memory of the states of one kept element: the result's own where it may be."""
        elements = self._elements(counters)
        if self.folding.in_place:
            pointer, self.align = self.pointers.of(self.unit, written=True)
            return [pointer], elements.value(self.folding.place)
        inner = [axis.number for axis in self.folding.inner]
        return self.states, elements.value(position_in(self.terms, inner))


def lanes(extent: int, dtypes: Sequence[DType]) -> int:
    """How many elements of a row are folded side by side."""
    widest = min(MOST_LANES, *(LANE_BYTES // dtype.itemsize for dtype in dtypes))
    if extent < 4:
        return 1
    return min(widest, 1 << (extent.bit_length() - 1))
