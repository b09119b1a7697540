"""The micro-kernel: a tile of the result held in registers while the summed axis runs.

For each step k, `vectors` vectors of a row of B are loaded, each of `rows` elements of a column
of A is spread over a vector, and their products are added into `rows` x `vectors` accumulators.
Every element of a block is thus one chain of fused multiply-adds in the order of k, whatever
the tile or the vector's width. What earlier blocks of k left in C is added at the end: it is sent
for at the beginning, because it comes from far away.

Both operands come by address and step (A by two steps, so that it may lie either way; B's rows
are contiguous), and so do all extents: products of any shape share these functions. That A's
steps are numbers known only at run time also keeps LLVM from gathering neighbouring elements
into one load and taking it apart again by shuffles.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..dtypes import DType
from .vectors import Vector, function

LINE = 64
"""Bytes of a cache line."""

PARAMETERS = (
    "ptr noalias readonly %a, i64 %a.row, i64 %a.k, ptr noalias readonly %b, i64 %b.k, "
    "ptr noalias %c, i64 %c.row, i64 %count, i1 %first, i64 %last"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One micro-kernel.

    Attributes
    ----------
    dtype : DType
        float32 or float64.
    lanes : int
        Elements of a vector.
    rows, vectors : int
        The tile's height, and its width in vectors.
    masked : bool
        True where only the first lanes of the last vector belong to the result; the others are
        neither read nor written.
    """

    dtype: DType
    lanes: int
    rows: int
    vectors: int
    masked: bool = False

    @property
    def name(self) -> str:
        """The function's name; it says all that the function depends on."""
        form = "masked" if self.masked else "whole"
        return f"tile_{self.dtype.name}_{self.rows}x{self.vectors}x{self.lanes}_{form}"

    @property
    def width(self) -> int:
        """The tile's width in elements."""
        return self.vectors * self.lanes

    def text(self) -> str:
        """The function.

        Its parameters: A with the steps to the next row and the next k, B with the step to the
        next k, C with the step to the next row, the number of k (at least one), whether to begin
        anew instead of adding to C, and the lanes of the last vector if the tile is masked.
        """
        return function(self.name, PARAMETERS, _Writer(self).lines())


class _Writer:
    """Writes the lines of a tile's function."""

    def __init__(self, tile: Tile) -> None:
        self.tile = tile
        self.vector = Vector(tile.dtype, tile.lanes)
        self.places = [(i, j) for i in range(tile.rows) for j in range(tile.vectors)]

    def lines(self) -> list[str]:
        steps = [f"%row{i} = mul i64 %a.row, {i}" for i in range(1, self.tile.rows)]
        mask = self.vector.below("%last", "%mask") if self.tile.masked else []
        begin = ["start:", *steps, *mask, *self._rows_of_c()]
        begin.append("br i1 %first, label %loop, label %ahead")
        return [*begin, *self._ahead(), *self._loop(), *self._finish()]

    def _ahead(self) -> list[str]:
        """Send for the lines of C."""
        lines = ["ahead:"]
        size = self.tile.dtype.itemsize
        for i in range(self.tile.rows):
            for offset in range(0, self.tile.width, LINE // size):
                where = f"%line{i}.{offset}"
                lines.append(f"{where} = {self.vector.at(f'%c.row{i}', offset)}")
                lines.append(f"call void @llvm.prefetch.p0(ptr {where}, i32 1, i32 3, i32 1)")
        return [*lines, "br label %loop"]

    def _loop(self) -> list[str]:
        lines = [
            "loop:",
            "%k = phi i64 [ 0, %start ], [ 0, %ahead ], [ %k.next, %loop ]",
            "%a.here = phi ptr [ %a, %start ], [ %a, %ahead ], [ %a.next, %loop ]",
            "%b.here = phi ptr [ %b, %start ], [ %b, %ahead ], [ %b.next, %loop ]",
        ]
        kind = self.vector.type
        for i, j in self.places:
            sources = "[ zeroinitializer, %start ], [ zeroinitializer, %ahead ]"
            lines.append(f"%sum{i}.{j} = phi {kind} {sources}, [ %new{i}.{j}, %loop ]")
        for j in range(self.tile.vectors):
            lines += self._load(f"%y{j}", "%b.here", j)
        for i in range(self.tile.rows):
            lines += self._row(i)
        return [
            *lines,
            f"%a.next = {self.vector.at('%a.here', '%a.k')}",
            f"%b.next = {self.vector.at('%b.here', '%b.k')}",
            "%k.next = add nuw nsw i64 %k, 1",
            "%more = icmp ult i64 %k.next, %count",
            "br i1 %more, label %loop, label %finish, !llvm.loop !0",
        ]

    def _row(self, i: int) -> list[str]:
        """Add the products of one element of A with the row of B."""
        where = "%a.here"
        lines = []
        if i:
            where = f"%a.at{i}"
            lines.append(f"{where} = {self.vector.at('%a.here', f'%row{i}')}")
        lines.append(f"%x{i} = load {self.vector.scalar}, ptr {where}, align 1")
        lines += self.vector.splat(f"%x{i}", f"%spread{i}")
        for j in range(self.tile.vectors):
            fma = self.vector.fma(f"%spread{i}", f"%y{j}", f"%sum{i}.{j}")
            lines.append(f"%new{i}.{j} = {fma}")
        return lines

    def _finish(self) -> list[str]:
        """Write the tile."""
        lines = ["finish:", "br i1 %first, label %write, label %add", "add:"]
        for i, j in self.places:
            old, total = f"%old{i}.{j}", f"%total{i}.{j}"
            lines += self._load(old, f"%c.row{i}", j)
            lines.append(f"{total} = fadd {self.vector.type} {old}, %new{i}.{j}")
        lines += ["br label %write", "write:"]
        for i, j in self.places:
            sources = f"[ %new{i}.{j}, %finish ], [ %total{i}.{j}, %add ]"
            lines.append(f"%out{i}.{j} = phi {self.vector.type} {sources}")
        for i, j in self.places:
            where, value = f"%to{i}.{j}", f"%out{i}.{j}"
            lines.append(f"{where} = {self.vector.at(f'%c.row{i}', j * self.tile.lanes)}")
            partial = self._is_partial(j)
            store = self.vector.masked_store(value, where, "%mask")
            lines.append(store if partial else self.vector.store(value, where))
        return [*lines, "ret void"]

    def _rows_of_c(self) -> list[str]:
        lines = []
        for i in range(self.tile.rows):
            lines.append(f"%c.step{i} = mul i64 %c.row, {i}")
            lines.append(f"%c.row{i} = {self.vector.at('%c', f'%c.step{i}')}")
        return lines

    def _load(self, name: str, row: str, j: int) -> list[str]:
        """Name the vector `j` of a row."""
        where = f"{name}.at"
        lines = [f"{where} = {self.vector.at(row, j * self.tile.lanes)}"]
        if self._is_partial(j):
            return [*lines, f"{name} = {self.vector.masked_load(where, '%mask')}"]
        return [*lines, f"{name} = {self.vector.load(where)}"]

    def _is_partial(self, j: int) -> bool:
        return self.tile.masked and j == self.tile.vectors - 1
