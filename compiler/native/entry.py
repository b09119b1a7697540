"""The entry: the one function that a program is called by; it calls the kernels in order.

See `chainrule.runtime.executable` for its interface. Arguments that are not contiguous are packed
into the arena first, by one small function for each size of element.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..graph import Graph
from ..types import ArrayType
from .memory import MemoryPlan
from .place import Place


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a kernel.

    Attributes
    ----------
    name : str
        The kernel's function.
    places : tuple of Place
        Its arrays.
    numbers : tuple of int
        Lengths that it takes after them.
    fails : int or None
        For a check: the number by which a failure is reported.
    """

    name: str
    places: tuple[Place, ...]
    numbers: tuple[int, ...] = ()
    fails: int | None = None


class Entry:
    """Writes the entry of one program.

    Parameters
    ----------
    graph, plan, calls
        What to run, and where everything lies.
    imports : mapping of Place to int
        Entries of the import table.
    """

    def __init__(
        self, graph: Graph, plan: MemoryPlan, calls: Sequence[Call], imports: dict[Place, int]
    ) -> None:
        self.plan = plan
        self.calls = calls
        self.imports = imports
        self.types = [unit.array_type for unit in graph.inputs]
        self.lines: list[str] = []
        self.globals: list[str] = []
        self.packers: set[int] = set()
        self._names: dict[Place, str] = {}
        self.arena_bytes = plan.arena_bytes
        copies = (*plan.early_copies, *plan.late_copies)
        self.used = {place for call in calls for place in call.places}
        self.used |= {place for source, target, _ in copies for place in (source, target)}

    def write(self) -> str:
        """The text of the entry and of what it needs beside the kernels."""
        for place in sorted(self.used):
            self._load(place)
        for copy in self.plan.early_copies:
            self._copy(*copy)
        for number, call in enumerate(self.calls):
            self._call(number, call)
        for copy in self.plan.late_copies:
            self._copy(*copy)
        head = (
            "define i64 @entry(ptr noalias %arguments, ptr noalias %strides, ptr noalias %results,"
            " ptr noalias %arena, ptr noalias %imports, ptr noalias %status) nounwind"
        )
        body = [head + " {", "start:", *self.lines, "  ret i64 0", *self._failure(), "}"]
        packers = [_packer(itemsize) for itemsize in sorted(self.packers)]
        return "\n".join([*self.globals, *packers, *body, MEMCPY])

    def _load(self, place: Place) -> None:
        name = self._names[place] = f"%{place.kind}{place.number}"
        if place.kind == "arena":
            self._do(name, f"getelementptr inbounds i8, ptr %arena, i64 {place.number}")
            return
        table, number = {
            "argument": ("%arguments", place.number),
            "result": ("%results", place.number),
        }.get(place.kind, ("%imports", self.imports.get(place, 0)))
        where = f"{name}.at"
        self._do(where, f"getelementptr inbounds ptr, ptr {table}, i64 {number}")
        self._do(name, f"load ptr, ptr {where}")
        if place.kind == "argument":
            self._names[place] = self._packed(place.number, name)

    def _packed(self, number: int, given: str) -> str:
        """The argument's memory, or that of its packed copy."""
        type = self.types[number]
        axes = [axis for axis, extent in enumerate(type.shape) if extent != 1]
        if not axes or not type.size:
            return given
        contiguous = _contiguous(type)
        first = sum(t.ndim for t in self.types[:number])
        tests: list[str] = []
        for axis in axes:
            at, stride = f"%s{number}.{axis}.at", f"%s{number}.{axis}"
            self._do(at, f"getelementptr inbounds i64, ptr %strides, i64 {first + axis}")
            self._do(stride, f"load i64, ptr {at}")
            test = f"%c{number}.{axis}"
            self._do(test, f"icmp eq i64 {stride}, {contiguous[axis]}")
            if tests:
                both = f"%b{number}.{axis}"
                self._do(both, f"and i1 {tests[-1]}, {test}")
                test = both
            tests.append(test)
        packed = f"%packed{number}"
        offset = self._room(type.nbytes)
        self._do(packed, f"getelementptr inbounds i8, ptr %arena, i64 {offset}")
        self._act(f"br i1 {tests[-1]}, label %ready{number}, label %pack{number}")
        self.lines.append(f"pack{number}:")
        self._pack(number, packed, given, first)
        self._act(f"br label %ready{number}")
        self.lines.append(f"ready{number}:")
        self._do(f"%x{number}", f"select i1 {tests[-1]}, ptr {given}, ptr {packed}")
        return f"%x{number}"

    def _pack(self, number: int, packed: str, given: str, first: int) -> None:
        type = self.types[number]
        itemsize = type.dtype.itemsize
        self.packers.add(itemsize)
        extents = ", ".join(f"i64 {extent}" for extent in type.shape)
        table = f"@extents{number}"
        self.globals.append(f"{table} = private constant [{type.ndim} x i64] [{extents}]")
        self._do(f"%own{number}", f"getelementptr inbounds i64, ptr %strides, i64 {first}")
        self._act(
            f"call void @pack{itemsize}(ptr {packed}, ptr {given}, i64 {type.ndim}, "
            f"i64 {type.size}, ptr {table}, ptr %own{number})"
        )

    def _room(self, nbytes: int) -> int:
        offset = self.arena_bytes
        self.arena_bytes += -(-nbytes // 64) * 64
        return offset

    def _call(self, number: int, call: Call) -> None:
        given = [f"ptr {self._names[place]}" for place in call.places]
        given += [f"i64 {value}" for value in call.numbers]
        if call.fails is None:
            self._act(f"call void @{call.name}({', '.join(given)})")
        else:
            given.append(f"ptr {self._status(number, 1)}")
            self._do(f"%failed{number}", f"call i1 @{call.name}({', '.join(given)})")
            unit = self._status(number, 0)
            self._act(f"store i64 {call.fails}, ptr {unit}")
            self._act(f"br i1 %failed{number}, label %failure, label %after{number}")
            self.lines.append(f"after{number}:")

    def _status(self, number: int, field: int) -> str:
        name = f"%status{number}.{field}"
        self._do(name, f"getelementptr inbounds i64, ptr %status, i64 {field}")
        return name

    def _copy(self, source: Place, target: Place, nbytes: int) -> None:
        self._act(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {self._names[target]}, "
            f"ptr {self._names[source]}, i64 {nbytes}, i1 false)"
        )

    def _failure(self) -> list[str]:
        if all(call.fails is None for call in self.calls):
            return []
        return ["failure:", "  ret i64 1"]

    def _do(self, name: str, instruction: str) -> None:
        self.lines.append(f"  {name} = {instruction}")

    def _act(self, instruction: str) -> None:
        self.lines.append(f"  {instruction}")


MEMCPY = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"


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
