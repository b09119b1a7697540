"""The micro-kernel: a tile of the result held in registers while the summed axis runs.

For each step k, `vectors` vectors of a row of B are loaded, each of `rows` elements of a column
of A is spread over a vector, and their products are added into `rows` x `vectors` accumulators.
Every element of the result is thus one chain of fused multiply-adds in the order of k, whatever
the tile, the blocking or the vector's width.

Both operands come by address and step (A by two steps, so that it may lie either way; B's rows
are contiguous), and so do all extents: products of any shape share these functions. That A's
steps are numbers known only at run time also keeps LLVM from gathering neighbouring elements
into one load and taking it apart again by shuffles.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..dtypes import DType
from .vectors import Vector, function

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
        at zero instead of what C holds, and the lanes of the last vector if the tile is masked.
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
        begin = ["start:", *steps, *mask, "br i1 %first, label %loop, label %continue"]
        return [*begin, *self._continued(), *self._loop(), *self._finish(), "ret void"]

    def _continued(self) -> list[str]:
        """Fetch what earlier blocks of k left in C."""
        lines = ["continue:", *self._rows_of_c("old")]
        for i, j in self.places:
            lines += self._load(f"%old{i}.{j}", f"%old.row{i}", j)
        return [*lines, "br label %loop"]

    def _loop(self) -> list[str]:
        lines = [
            "loop:",
            "%k = phi i64 [ 0, %start ], [ 0, %continue ], [ %k.next, %loop ]",
            "%a.here = phi ptr [ %a, %start ], [ %a, %continue ], [ %a.next, %loop ]",
            "%b.here = phi ptr [ %b, %start ], [ %b, %continue ], [ %b.next, %loop ]",
        ]
        kind = self.vector.type
        for i, j in self.places:
            sources = f"[ zeroinitializer, %start ], [ %old{i}.{j}, %continue ]"
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
        """Write the tile: the place where an epilogue would change its vectors."""
        lines = ["finish:", *self._rows_of_c("out")]
        for i, j in self.places:
            where, value = f"%out{i}.{j}", f"%new{i}.{j}"
            lines.append(f"{where} = {self.vector.at(f'%out.row{i}', j * self.tile.lanes)}")
            if self._is_partial(j):
                lines.append(self.vector.masked_store(value, where, "%mask"))
            else:
                lines.append(self.vector.store(value, where))
        return lines

    def _rows_of_c(self, name: str) -> list[str]:
        lines = []
        for i in range(self.tile.rows):
            lines.append(f"%{name}.step{i} = mul i64 %c.row, {i}")
            lines.append(f"%{name}.row{i} = {self.vector.at('%c', f'%{name}.step{i}')}")
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
