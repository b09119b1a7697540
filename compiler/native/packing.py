"""Packing: an operand rewritten so that a micro-kernel reads it from one end to the other.

A panel holds for each k the elements of one tile's width, side by side. A matrix that lies with
its columns contiguous is turned on the way, square by square in registers, so that no transposed
operand is ever copied on its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..dtypes import DType
from .vectors import Vector, function, shuffle


@dataclass(frozen=True, slots=True)
class Panel:
    """Copies `count` rows of `vectors` vectors, from rows `step` apart to rows without gaps.

    Under `masked` only the first lanes of a row's last vector are read, and zeros fill it.
    """

    dtype: DType
    lanes: int
    vectors: int
    masked: bool = False

    @property
    def name(self) -> str:
        """The function's name; it says all that the function depends on."""
        form = "masked" if self.masked else "whole"
        return f"panel_{self.dtype.name}_{self.vectors}x{self.lanes}_{form}"

    def text(self) -> str:
        """The function; it runs for at least one row."""
        vector = Vector(self.dtype, self.lanes)
        lines = ["start:", *(vector.below("%last", "%mask") if self.masked else [])]
        lines += [
            "br label %row",
            "row:",
            "%k = phi i64 [ 0, %start ], [ %k.next, %row ]",
            "%here = phi ptr [ %from, %start ], [ %next, %row ]",
            "%there = phi ptr [ %to, %start ], [ %there.next, %row ]",
        ]
        for j in range(self.vectors):
            lines.append(f"%from{j} = {vector.at('%here', j * self.lanes)}")
            lines.append(f"%to{j} = {vector.at('%there', j * self.lanes)}")
            partial = self.masked and j == self.vectors - 1
            read = vector.masked_load(f"%from{j}", "%mask") if partial else vector.load(f"%from{j}")
            lines += [f"%x{j} = {read}", vector.store(f"%x{j}", f"%to{j}")]
        lines += [
            f"%next = {vector.at('%here', '%step')}",
            f"%there.next = {vector.at('%there', self.vectors * self.lanes)}",
            "%k.next = add nuw nsw i64 %k, 1",
            "%more = icmp ult i64 %k.next, %count",
            "br i1 %more, label %row, label %end, !llvm.loop !0",
            "end:",
            "ret void",
        ]
        parameters = "ptr noalias %to, ptr noalias readonly %from, i64 %step, i64 %count, i64 %last"
        return function(self.name, parameters, lines)


@dataclass(frozen=True, slots=True)
class Turn:
    """Turns rows into columns: as many rows at a time as a vector has lanes.

    Of `height` rows (at most the lanes) of `count` elements, `step` apart, element k of row j
    goes to lane j of the vector at ``to + k * to.step``. Lanes past `height` hold copies of the
    last row. Vectors are written in whole squares: the last up to ``lanes - 1`` past `count`
    have no meaning, and their memory must be there. Under `exact` only `height` lanes of
    `count` vectors are written.
    """

    dtype: DType
    lanes: int
    exact: bool = False

    @property
    def name(self) -> str:
        """The function's name; it says all that the function depends on."""
        return f"turn_{self.dtype.name}_{self.lanes}{'_exact' if self.exact else ''}"

    def text(self) -> str:
        """The function; it runs for at least one element and one row."""
        vector = Vector(self.dtype, self.lanes)
        lines = ["start:", "%bottom = sub i64 %height, 1"]
        if self.exact:
            lines += vector.below("%height", "%own")
        for j in range(self.lanes):
            lines += [
                f"%above{j} = icmp ult i64 {j}, %bottom",
                f"%number{j} = select i1 %above{j}, i64 {j}, i64 %bottom",
                f"%offset{j} = mul i64 %number{j}, %step",
                f"%row{j} = {vector.at('%from', f'%offset{j}')}",
            ]
        lines += [
            "br label %square",
            "square:",
            "%k = phi i64 [ 0, %start ], [ %k.next, %square ]",
            "%there = phi ptr [ %to, %start ], [ %there.next, %square ]",
            "%left = sub nuw nsw i64 %count, %k",
            *vector.below("%left", "%mask"),
        ]
        for j in range(self.lanes):
            lines.append(f"%from{j} = {vector.at(f'%row{j}', '%k')}")
            lines.append(f"%x0.{j} = {vector.masked_load(f'%from{j}', '%mask')}")
        lines += self._turned(vector)
        for j in range(self.lanes):
            lines.append(f"%move{j} = mul i64 %to.step, {j}")
            lines.append(f"%to{j} = {vector.at('%there', f'%move{j}')}")
            lines += self._stored(vector, j)
        lines += [
            f"%far = mul i64 %to.step, {self.lanes}",
            f"%there.next = {vector.at('%there', '%far')}",
            f"%k.next = add nuw nsw i64 %k, {self.lanes}",
            "%more = icmp ult i64 %k.next, %count",
            "br i1 %more, label %square, label %end, !llvm.loop !0",
            "end:",
            "ret void",
        ]
        parameters = (
            "ptr noalias %to, i64 %to.step, ptr noalias readonly %from, i64 %step, "
            "i64 %count, i64 %height"
        )
        return function(self.name, parameters, lines)

    def _stored(self, vector: Vector, j: int) -> list[str]:
        value, where = f"%x{self._rounds}.{j}", f"%to{j}"
        if not self.exact:
            return [vector.store(value, where)]
        inside = f"select i1 %inside{j}, {vector.mask} %own, {vector.mask} zeroinitializer"
        return [
            f"%inside{j} = icmp ult i64 {j}, %left",
            f"%within{j} = {inside}",
            vector.masked_store(value, where, f"%within{j}"),
        ]

    @property
    def _rounds(self) -> int:
        return self.lanes.bit_length() - 1

    def _turned(self, vector: Vector) -> list[str]:
        """A perfect shuffle in each round: vectors of the two halves are dealt into each other."""
        half = self.lanes // 2
        dealt = [lane + side for lane in range(self.lanes) for side in (0, self.lanes)]
        lines = []
        for n in range(self._rounds):
            for j in range(half):
                pair = f"%x{n}.{j}", f"%x{n}.{j + half}"
                for part, lanes in enumerate((dealt[: self.lanes], dealt[self.lanes :])):
                    name = f"%x{n + 1}.{2 * j + part}"
                    lines.append(f"{name} = {shuffle(vector.type, *pair, lanes)}")
        return lines
