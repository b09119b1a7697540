"""Products of few rows with a transposed matrix: dot products of contiguous rows.

Both operands lie with the summed axis contiguous, so nothing needs packing. A group of
`rows` x `columns` dot products runs at once, each with one vector of partial sums: lane l holds
the terms k = l, l + L, l + 2 L, ... in order, and the lanes are added by halves. L is 64 bytes of
elements on every CPU (narrower registers work in pieces), so that the order of a sum depends on
its length and dtype alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..dtypes import DType
from .vectors import Vector, function, shuffle

LANE_BYTES = 64

PARAMETERS = (
    "ptr noalias readonly %a, i64 %a.row, ptr noalias readonly %b, i64 %b.row, "
    "ptr noalias %c, i64 %c.row, i64 %count"
)


def lanes_of(dtype: DType) -> int:
    """Partial sums of one dot product."""
    return LANE_BYTES // dtype.itemsize


@dataclass(frozen=True, slots=True)
class Dots:
    """One group of dot products.

    Attributes
    ----------
    dtype : DType
        float32 or float64.
    rows, columns : int
        Rows of A and of B that are multiplied, both powers of two.
    down : bool
        False: C's element (i, j) lies at ``i * c.row + j``; True: at ``j * c.row + i``.
    """

    dtype: DType
    rows: int
    columns: int
    down: bool = False

    @property
    def name(self) -> str:
        """The function's name; it says all that the function depends on."""
        form = "down" if self.down else "across"
        return f"dots_{self.dtype.name}_{self.rows}x{self.columns}_{form}"

    def text(self) -> str:
        """The function; `count` may be any number from one on."""
        return function(self.name, PARAMETERS, _Writer(self).lines())


class _Writer:
    def __init__(self, dots: Dots) -> None:
        self.dots = dots
        self.lanes = lanes_of(dots.dtype)
        self.vector = Vector(dots.dtype, self.lanes)
        self.places = [(i, j) for i in range(dots.rows) for j in range(dots.columns)]

    def lines(self) -> list[str]:
        lines = ["start:", f"%whole = and i64 %count, {-self.lanes}"]
        for side, extent in (("a", self.dots.rows), ("b", self.dots.columns)):
            for i in range(extent):
                lines.append(f"%{side}.step{i} = mul i64 %{side}.row, {i}")
                lines.append(f"%{side}{i} = {self.vector.at(f'%{side}', f'%{side}.step{i}')}")
        lines += [
            "%left = sub i64 %count, %whole",
            *self.vector.below("%left", "%mask"),
            "%any = icmp ne i64 %whole, 0",
            "br i1 %any, label %loop, label %rest",
            "loop:",
            "%k = phi i64 [ 0, %start ], [ %k.next, %loop ]",
            *self._sums("begun", "start", "loop"),
            *self._step("%k", "new", "begun", masked=False),
            f"%k.next = add nuw nsw i64 %k, {self.lanes}",
            "%more = icmp ult i64 %k.next, %whole",
            "br i1 %more, label %loop, label %rest, !llvm.loop !0",
            "rest:",
            *self._sums("most", "start", "loop"),
            "%some = icmp ne i64 %left, 0",
            "br i1 %some, label %last, label %finish",
            "last:",
            *self._step("%whole", "end", "most", masked=True),
            "br label %finish",
            "finish:",
        ]
        for i, j in self.places:
            sources = f"[ %most{i}.{j}, %rest ], [ %end{i}.{j}, %last ]"
            lines.append(f"%all{i}.{j} = phi {self.vector.type} {sources}")
        return [*lines, *self._finish(), "ret void"]

    def _sums(self, name: str, start: str, loop: str) -> Iterator[str]:
        for i, j in self.places:
            sources = f"[ zeroinitializer, %{start} ], [ %new{i}.{j}, %{loop} ]"
            yield f"%{name}{i}.{j} = phi {self.vector.type} {sources}"

    def _step(self, k: str, new: str, old: str, *, masked: bool) -> Iterator[str]:
        for side, extent in (("a", self.dots.rows), ("b", self.dots.columns)):
            for i in range(extent):
                at, name = f"%{new}.{side}.at{i}", f"%{new}.{side}{i}"
                yield f"{at} = {self.vector.at(f'%{side}{i}', k)}"
                read = self.vector.masked_load(at, "%mask") if masked else self.vector.load(at)
                yield f"{name} = {read}"
        for i, j in self.places:
            fma = self.vector.fma(f"%{new}.a{i}", f"%{new}.b{j}", f"%{old}{i}.{j}")
            yield f"%{new}{i}.{j} = {fma}"

    def _finish(self) -> Iterator[str]:
        """Add up lanes and write."""
        self.count = 0
        for i in range(self.dots.rows):
            sums, width = [f"%all{i}.{j}" for j in range(self.dots.columns)], self.lanes
            # Vectors are merged in pairs while there are two, then the last one within itself;
            # either way a segment's upper half is added to its lower half.
            while width > 1:
                merged = []
                size = self._size(len(sums), width)
                for pair in zip(sums[::2], sums[1::2], strict=True) if sums[1:] else [(sums[0],)]:
                    yield from self._halved(pair, size, width)
                    merged.append(f"%h{self.count}")
                sums, width = merged, width // 2
            yield from self._written(i, sums[0])

    def _size(self, count: int, width: int) -> int:
        """Lanes of each vector now: all results' segments are spread over `count` vectors."""
        return self.dots.columns * width // count

    def _halved(self, pair: tuple[str, ...], size: int, width: int) -> Iterator[str]:
        kind = f"<{size} x {self.vector.scalar}>"
        starts = [
            base + s for base in range(0, len(pair) * size, size) for s in range(0, size, width)
        ]
        lower = [start + lane for start in starts for lane in range(width // 2)]
        upper = [lane + width // 2 for lane in lower]
        a, b = (*pair, "poison")[:2]
        self.count += 1
        n = self.count
        yield f"%lower{n} = {shuffle(kind, a, b, lower)}"
        yield f"%upper{n} = {shuffle(kind, a, b, upper)}"
        half = f"<{len(lower)} x {self.vector.scalar}>"
        yield f"%h{n} = fadd {half} %lower{n}, %upper{n}"

    def _written(self, i: int, sums: str) -> Iterator[str]:
        """Store the results of row i, which are the lanes of `sums`."""
        scalar, kind = self.vector.scalar, f"<{self.dots.columns} x {self.vector.scalar}>"
        if not self.dots.down:
            yield f"%c.step{i} = mul i64 %c.row, {i}"
            yield f"%c{i} = {self.vector.at('%c', f'%c.step{i}')}"
            yield f"store {kind} {sums}, ptr %c{i}, align 1"
            return
        for j in range(self.dots.columns):
            yield f"%one{i}.{j} = extractelement {kind} {sums}, i64 {j}"
            yield f"%step{i}.{j} = mul i64 %c.row, {j}"
            yield f"%column{i}.{j} = {self.vector.at('%c', f'%step{i}.{j}')}"
            yield f"%c{i}.{j} = {self.vector.at(f'%column{i}.{j}', i)}"
            yield f"store {scalar} %one{i}.{j}, ptr %c{i}.{j}, align 1"
