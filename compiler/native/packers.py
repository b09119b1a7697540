"""Arguments that are not contiguous: packed into the arena, by one function an element size."""

from __future__ import annotations

from ..graph import Graph
from ..types import ArrayType
from .calls import Lines


class Packing:
    """Writes the packing of a program's arguments.

    Parameters
    ----------
    graph : Graph
        Its inputs are the arguments.
    lines : Lines
        Receives the instructions.
    arena_bytes : int
        What of the arena is taken already; grows by the packed arguments.
    """

    def __init__(self, graph: Graph, lines: Lines, arena_bytes: int) -> None:
        self.types = [unit.array_type for unit in graph.inputs]
        self.lines = lines
        self.arena_bytes = arena_bytes
        self._globals: list[str] = []
        self._sizes: set[int] = set()

    @property
    def tables(self) -> list[str]:
        """The extents of arguments that may have to be packed."""
        return self._globals

    @property
    def functions(self) -> list[str]:
        """The functions that pack."""
        return [_packer(itemsize) for itemsize in sorted(self._sizes)]

    def packed(self, number: int, given: str) -> str:
        """The argument's memory, or that of its packed copy."""
        type, lines = self.types[number], self.lines
        axes = [axis for axis, extent in enumerate(type.shape) if extent != 1]
        if not axes or not type.size:
            return given
        contiguous = _contiguous(type)
        first = sum(t.ndim for t in self.types[:number])
        tests: list[str] = []
        for axis in axes:
            at, stride = f"%s{number}.{axis}.at", f"%s{number}.{axis}"
            lines.do(at, f"getelementptr inbounds i64, ptr %strides, i64 {first + axis}")
            lines.do(stride, f"load i64, ptr {at}")
            test = f"%c{number}.{axis}"
            lines.do(test, f"icmp eq i64 {stride}, {contiguous[axis]}")
            if tests:
                both = f"%b{number}.{axis}"
                lines.do(both, f"and i1 {tests[-1]}, {test}")
                test = both
            tests.append(test)
        packed = f"%packed{number}"
        offset = self._room(type.nbytes)
        lines.do(packed, f"getelementptr inbounds i8, ptr %arena, i64 {offset}")
        lines.act(f"br i1 {tests[-1]}, label %ready{number}, label %pack{number}")
        lines.label(f"pack{number}")
        self._pack(number, packed, given, first)
        lines.act(f"br label %ready{number}")
        lines.label(f"ready{number}")
        lines.do(f"%x{number}", f"select i1 {tests[-1]}, ptr {given}, ptr {packed}")
        return f"%x{number}"

    def _pack(self, number: int, packed: str, given: str, first: int) -> None:
        type = self.types[number]
        itemsize = type.dtype.itemsize
        self._sizes.add(itemsize)
        extents = ", ".join(f"i64 {extent}" for extent in type.shape)
        table = f"@extents{number}"
        self._globals.append(f"{table} = private constant [{type.ndim} x i64] [{extents}]")
        self.lines.do(f"%own{number}", f"getelementptr inbounds i64, ptr %strides, i64 {first}")
        self.lines.act(
            f"call void @pack{itemsize}(ptr {packed}, ptr {given}, i64 {type.ndim}, "
            f"i64 {type.size}, ptr {table}, ptr %own{number})"
        )

    def _room(self, nbytes: int) -> int:
        offset = self.arena_bytes
        self.arena_bytes += -(-nbytes // 64) * 64
        return offset


def _contiguous(type: ArrayType) -> list[int]:
    strides, step = [], type.dtype.itemsize
    for extent in reversed(type.shape):
        strides.append(step)
        step *= extent
    return strides[::-1]


def _packer(itemsize: int) -> str:
    """Copies an array of any strides, row after row; each row's place comes from its number.

    Kept small rather than unrolled: it is in every program, and seldom runs.
    """
    kind = f"i{8 * itemsize}"
    return f"""
define internal void @pack{itemsize}(ptr noalias %to, ptr noalias %from, i64 %rank, i64 %count,
    ptr noalias %extents, ptr noalias %strides) noinline nounwind cold minsize optsize {{
start:
  %last = sub i64 %rank, 1
  %width.at = getelementptr inbounds i64, ptr %extents, i64 %last
  %step.at = getelementptr inbounds i64, ptr %strides, i64 %last
  %width = load i64, ptr %width.at
  %step = load i64, ptr %step.at
  br label %row
row:
  %done = phi i64 [ 0, %start ], [ %done.next, %copied ]
  %number = udiv i64 %done, %width
  br label %axis
axis:
  %axis.after = phi i64 [ %last, %row ], [ %a, %place ]
  %rest = phi i64 [ %number, %row ], [ %rest.next, %place ]
  %from.here = phi ptr [ %from, %row ], [ %from.next, %place ]
  %finished = icmp eq i64 %axis.after, 0
  br i1 %finished, label %element, label %place
place:
  %a = sub i64 %axis.after, 1
  %extent.at = getelementptr inbounds i64, ptr %extents, i64 %a
  %stride.at = getelementptr inbounds i64, ptr %strides, i64 %a
  %extent = load i64, ptr %extent.at
  %stride = load i64, ptr %stride.at
  %i = urem i64 %rest, %extent
  %rest.next = udiv i64 %rest, %extent
  %offset = mul i64 %i, %stride
  %from.next = getelementptr i8, ptr %from.here, i64 %offset
  br label %axis
element:
  %n = phi i64 [ %done, %axis ], [ %n.next, %element ]
  %source = phi ptr [ %from.here, %axis ], [ %source.next, %element ]
  %value = load {kind}, ptr %source, align 1
  %target = getelementptr inbounds {kind}, ptr %to, i64 %n
  store {kind} %value, ptr %target, align 1
  %n.next = add nuw nsw i64 %n, 1
  %source.next = getelementptr i8, ptr %source, i64 %step
  %done.next = add nuw nsw i64 %done, %width
  %row.finished = icmp eq i64 %n.next, %done.next
  br i1 %row.finished, label %copied, label %element
copied:
  %all = icmp eq i64 %done.next, %count
  br i1 %all, label %end, label %row
end:
  ret void
}}"""
