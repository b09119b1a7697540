"""The entry: the one function that a program is called by; it calls the kernels in order.

See `chainrule.runtime.executable` for its interface. Arguments that are not contiguous are packed
into the arena first, by one small function for each size of element.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import Graph
from .calls import Call, Calls, Lines
from .clock import DECLARATION, Clock
from .memory import MemoryPlan
from .packers import Packing
from .place import TEAM, Place
from .stages import SharedCalls, stages_of


class Entry:
    """Writes the entry of one program.

    Where a kernel is divided, the kernels are called by a function of their own, ``@work``, which
    the team of threads runs; the entry packs arguments, makes a frame of addresses and starts it.

    Parameters
    ----------
    graph, plan, calls
        What to run, and where everything lies.
    imports : mapping of Place to int
        Entries of the import table.
    threads : int
        How many threads may share the work.
    clock : Clock, optional
        Notes when calls begin and end.
    """

    def __init__(
        self,
        graph: Graph,
        plan: MemoryPlan,
        calls: Sequence[Call],
        imports: dict[Place, int],
        threads: int = 1,
        clock: Clock | None = None,
    ) -> None:
        self.plan = plan
        self.calls = calls
        self.imports = imports
        self.threads = threads
        self.clock = clock
        self.lines = Lines()
        self.packing = Packing(graph, self.lines, plan.arena_bytes)
        copies = (*plan.early_copies, *plan.late_copies)
        self.used = {place for call in calls for place in call.places}
        self.used |= {place for source, target, _ in copies for place in (source, target)}
        self.names: dict[Place, str] = {}

    @property
    def arena_bytes(self) -> int:
        """Scratch of a call."""
        return self.packing.arena_bytes

    def write(self) -> str:
        """The text of the entry and of what it needs beside the kernels."""
        lines, work = self.lines, ""
        for place in sorted(self.used):
            self._load(place)
        for copy in self.plan.early_copies:
            self._copy(*copy)
        if any(call.divided for call in self.calls):
            work = self._team()
        else:
            failing = Calls(lines, self.names, "%status", self.clock).write(self.calls)
        for copy in self.plan.late_copies:
            self._copy(*copy)
        head = (
            "define i64 @entry(ptr noalias %arguments, ptr noalias %strides, ptr noalias %results,"
            " ptr noalias %arena, ptr noalias %imports, ptr noalias %status) nounwind"
        )
        end = ["failure:", "  ret i64 1"] if work or failing else []
        body = [head + " {", "start:", *lines.text, "  ret i64 0", *end, "}"]
        counter = [] if self.clock is None else [DECLARATION]
        return "\n".join([*self.packing.tables, work, *body, MEMCPY, *counter])

    def _load(self, place: Place) -> None:
        lines = self.lines
        name = self.names[place] = f"%{place.kind}{place.number}"
        if place.kind == "arena":
            lines.do(name, f"getelementptr inbounds i8, ptr %arena, i64 {place.number}")
            return
        table, number = {
            "argument": ("%arguments", place.number),
            "result": ("%results", place.number),
        }.get(place.kind, ("%imports", self.imports.get(place, 0)))
        where = f"{name}.at"
        lines.do(where, f"getelementptr inbounds ptr, ptr {table}, i64 {number}")
        lines.do(name, f"load ptr, ptr {where}")
        if place.kind == "argument":
            self.names[place] = self.packing.packed(place.number, name)

    def _copy(self, source: Place, target: Place, nbytes: int) -> None:
        self.lines.act(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {self.names[target]}, "
            f"ptr {self.names[source]}, i64 {nbytes}, i1 false)"
        )

    # The team.

    def _team(self) -> str:
        """Start the team on a frame of addresses; returns the text of the function it runs."""
        lines = self.lines
        places = sorted(self.used)
        functions = {name: self._import(place) for name, place in TEAM.items()}
        nbytes = sum(stage.nbytes for stage in stages_of(self.calls))
        lines.do("%stages", f"alloca [{nbytes} x i8], align 64")
        lines.act(f"call void @llvm.memset.p0.i64(ptr align 64 %stages, i8 0, i64 {nbytes}, i1 0)")
        names = [*(self.names[place] for place in places), "%status", "%stages"]
        entries = [*names, *(functions[name] for name in AWAITED), "null"]
        lines.do("%frame", f"alloca [{len(entries)} x ptr], align 64")
        for number, register in enumerate(entries):
            lines.do(f"%f{number}", f"getelementptr inbounds ptr, ptr %frame, i64 {number}")
            lines.act(f"store ptr {register}, ptr %f{number}")
        lines.act(f"call void {functions['run']}(ptr @work, ptr %frame, i64 {self.threads})")
        lines.do("%outcome", f"load ptr, ptr %f{len(entries) - 1}")
        lines.do("%fine", "icmp eq ptr %outcome, null")
        lines.act("br i1 %fine, label %finished, label %failure")
        lines.label("finished")
        return self._work(places)

    def _import(self, place: Place) -> str:
        name = f"%{place.kind}{place.number}"
        number = self.imports[place]
        self.lines.do(f"{name}.at", f"getelementptr inbounds ptr, ptr %imports, i64 {number}")
        self.lines.do(name, f"load ptr, ptr {name}.at")
        return name

    def _work(self, places: Sequence[Place]) -> str:
        lines, names = Lines(), {place: f"%p{number}" for number, place in enumerate(places)}
        registers = [*names.values(), "%status", "%stages", *(f"%{name}" for name in AWAITED)]
        for number, register in enumerate(registers):
            lines.do(f"%f{number}", f"getelementptr inbounds ptr, ptr %frame, i64 {number}")
            lines.do(register, f"load ptr, ptr %f{number}")
        lines.do("%outcome", f"getelementptr inbounds ptr, ptr %frame, i64 {len(registers)}")
        lines.do("%leads", "icmp eq i64 %thread, 0")
        SharedCalls(lines, names, "%status", self.clock).write(self.calls)
        head = "define internal void @work(ptr %frame, i64 %thread, i64 %threads) nounwind {"
        return "\n".join([head, "start:", *lines.text, "  ret void", "}", MEMSET])


AWAITED = ("claim", "finish", "await")
"""The functions of the team that its threads call."""

MEMCPY = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
MEMSET = "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"
