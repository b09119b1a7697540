"""Calls of kernels by a team of threads: stages, and the items of work in each.

Between two barriers lies a *stage*. Its calls that are divided have an item for each thread that
may come, which holds the rounds of that thread; those that are not divided are one item, in their
order. Items of a stage touch no memory of each other's, so that any thread may do any of them: a
thread claims its own, then what others have not begun, and goes on when all are done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from .calls import Call, Calls, Lines
from .clock import Clock
from .dividing import Barriers
from .place import Place

_LINE = 64


@dataclass(slots=True)
class Stage:
    """What is done between two barriers.

    Attributes
    ----------
    divided : list of (int, Call)
        Calls that threads share, each with its number in the program.
    alone : list of (int, Call)
        Calls that one thread does, one after the other.
    """

    divided: list[tuple[int, Call]] = field(default_factory=list)
    alone: list[tuple[int, Call]] = field(default_factory=list)

    @property
    def nbytes(self) -> int:
        """Words for what is done and what is claimed, on cache lines of their own."""
        return -(-8 * (2 + len(self.divided)) // _LINE) * _LINE

    @property
    def checks(self) -> bool:
        """True where a check may end the program: it is the last call of its stage."""
        return bool(self.alone) and self.alone[-1][1].fails is not None


def stages_of(calls: Sequence[Call]) -> list[Stage]:
    """The calls, a new stage wherever a barrier must stand, and after each check."""
    stages, barriers = [Stage()], Barriers()
    for number, call in enumerate(calls):
        needed = barriers.before(call.reads, call.writes, divided=call.divided)
        if needed or stages[-1].checks:
            stages.append(Stage())
        stage = stages[-1]
        (stage.divided if call.divided else stage.alone).append((number, call))
    return stages


class SharedCalls(Calls):
    """Writes calls for a team.

    Expects the registers ``%thread``, ``%threads``, ``%leads`` (an i1: the caller's thread),
    ``%stages`` (zeros), ``%claim``, ``%finish`` and ``%await`` (functions of the team) and
    ``%outcome`` (where a failed check leaves a mark).
    """

    _thread = "%thread"

    def __init__(
        self,
        lines: Lines,
        names: Mapping[Place, str],
        status: str,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(lines, names, status, clock)
        self._parts: dict[int, str] = {}  # the register of the part, by the call's number

    def _part_of(self, number: int) -> str:
        return self._parts.get(number, "0")

    def write(self, calls: Sequence[Call]) -> bool:
        """Write the calls; none jumps to the label ``failure``."""
        stages, offset = stages_of(calls), 0
        for number, stage in enumerate(stages):
            self._stage(f"stage{number}", stage, offset)
            self._leave(f"stage{number}", stage, last=stage is stages[-1])
            offset += stage.nbytes
        return False

    def _stage(self, name: str, stage: Stage, offset: int) -> None:
        """Do what nobody else has begun."""
        lines = self.lines
        lines.do(f"%{name}.done", f"getelementptr inbounds i8, ptr %stages, i64 {offset}")
        lines.do(f"%{name}.parts", f"mul i64 %threads, {len(stage.divided)}")
        lines.do(f"%{name}.all", f"add i64 %{name}.parts, {int(bool(stage.alone))}")
        if stage.divided:
            self._turns(name, stage)
        if stage.alone:
            with self._item(name, f"{name}.alone", len(stage.divided), "0", "%leads"):
                for number, call in stage.alone:
                    self._lone(number, call)

    def _turns(self, name: str, stage: Stage) -> None:
        """The thread's own parts of the divided calls, then those of the others."""
        lines = self.lines
        turn, after, part = f"%{name}.turn", f"%{name}.after", f"%{name}.part"
        lines.act(f"br label %{name}.begin")
        lines.label(f"{name}.begin")
        lines.act(f"br label %{name}.next")
        lines.label(f"{name}.next")
        lines.do(turn, f"phi i64 [ 0, %{name}.begin ], [ {after}, %{name}.turned ]")
        lines.do(f"%{name}.own", f"icmp eq i64 {turn}, 0")
        lines.do(f"%{name}.sum", f"add i64 %thread, {turn}")
        lines.do(f"%{name}.over", f"icmp uge i64 %{name}.sum, %threads")
        lines.do(f"%{name}.less", f"sub i64 %{name}.sum, %threads")
        lines.do(part, f"select i1 %{name}.over, i64 %{name}.less, i64 %{name}.sum")
        for word, (number, call) in enumerate(stage.divided):
            with self._item(name, f"call{number}", word, part, f"%{name}.own"):
                self._part(number, call, part)
        lines.act(f"br label %{name}.turned")
        lines.label(f"{name}.turned")
        lines.do(after, f"add i64 {turn}, 1")
        lines.do(f"%{name}.more", f"icmp ult i64 {after}, %threads")
        lines.act(f"br i1 %{name}.more, label %{name}.next, label %{name}.end")
        lines.label(f"{name}.end")

    @contextmanager
    def _item(self, stage: str, name: str, word: int, item: str, own: str) -> Iterator[None]:
        """What is written inside is done by the one thread that claims the item."""
        lines, claims = self.lines, f"%{name}.claims"
        lines.do(claims, f"getelementptr inbounds i64, ptr %{stage}.done, i64 {1 + word}")
        lines.do(f"%{name}.mine", f"call i1 %claim(ptr {claims}, i64 {item}, i1 {own})")
        lines.act(f"br i1 %{name}.mine, label %{name}.do, label %{name}.passed")
        lines.label(f"{name}.do")
        yield
        lines.act(f"call void %finish(ptr %{stage}.done, i64 %{stage}.all)")
        lines.act(f"br label %{name}.passed")
        lines.label(f"{name}.passed")

    def _lone(self, number: int, call: Call) -> None:
        if call.fails is None:
            self._run(number, call, "0", str(call.rounds))
            return
        failed = self._check(number, call)
        self.lines.do(f"%mark{number}", f"select i1 {failed}, ptr {self.status}, ptr null")
        self.lines.act(f"store ptr %mark{number}, ptr %outcome")

    def _part(self, number: int, call: Call, part: str) -> None:
        """The rounds of a part, if there are any for it."""
        lines, rounds, grain = self.lines, call.rounds, call.grain
        assert rounds is not None
        lines.do(f"%more{number}", "sub i64 %threads, 1")
        lines.do(f"%up{number}", f"add i64 %more{number}, {-(-rounds // grain)}")
        lines.do(f"%units{number}", f"udiv i64 %up{number}, %threads")
        lines.do(f"%each{number}", f"mul i64 %units{number}, {grain}")
        lines.do(f"%from{number}", f"mul i64 %each{number}, {part}")
        lines.do(f"%past{number}", f"add i64 %from{number}, %each{number}")
        lines.do(f"%over{number}", f"icmp ugt i64 %past{number}, {rounds}")
        lines.do(f"%to{number}", f"select i1 %over{number}, i64 {rounds}, i64 %past{number}")
        lines.do(f"%some{number}", f"icmp ult i64 %from{number}, %to{number}")
        lines.act(f"br i1 %some{number}, label %rounds{number}, label %done{number}")
        lines.label(f"rounds{number}")
        self._parts[number] = part
        self._run(number, call, f"%from{number}", f"%to{number}")
        lines.act(f"br label %done{number}")
        lines.label(f"done{number}")

    def _leave(self, name: str, stage: Stage, *, last: bool) -> None:
        """Go on when all is done; who is not the caller need not wait for the last stage."""
        lines = self.lines
        if last:
            lines.act(f"br i1 %leads, label %{name}.wait, label %{name}.leave")
            lines.label(f"{name}.leave")
            lines.act("ret void")
            lines.label(f"{name}.wait")
        lines.act(f"call void %await(ptr %{name}.done, i64 %{name}.all)")
        if stage.checks:
            lines.do(f"%{name}.failed", "load ptr, ptr %outcome")
            lines.do(f"%{name}.fine", f"icmp eq ptr %{name}.failed, null")
            lines.act(f"br i1 %{name}.fine, label %{name}.passed, label %{name}.stop")
            lines.label(f"{name}.stop")
            lines.act("ret void")
            lines.label(f"{name}.passed")

    def _address(self, number: int, call: Call, place: Place) -> str:
        """The address of a place; of working memory, the part's own."""
        size = call.scratch.get(place)
        if size is None or not call.divided:
            return self.names[place]
        name = f"%own{number}.{place.number}"
        self.lines.do(f"{name}.offset", f"mul i64 {self._parts[number]}, {size}")
        base = self.names[place]
        self.lines.do(name, f"getelementptr inbounds i8, ptr {base}, i64 {name}.offset")
        return name
