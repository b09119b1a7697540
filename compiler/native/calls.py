"""Calls of kernels, one after the other, on one thread or on a team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .dividing import Barriers, Span
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
    reads, writes : tuple of Span
        The memory that it touches.
    rounds : int or None
        Rounds of its divided loop, whose bounds it takes after the arrays.
    divided : bool
        Whether threads share the rounds.
    scratch : dict of Place to int
        Working memory of which each thread has its own, and its bytes.
    fails : int or None
        For a check: the number by which a failure is reported.
    """

    name: str
    places: tuple[Place, ...]
    reads: tuple[Span, ...] = ()
    writes: tuple[Span, ...] = ()
    rounds: int | None = None
    divided: bool = False
    scratch: Mapping[Place, int] = field(default_factory=dict)
    fails: int | None = None


class Lines:
    """Instructions under construction, with registers named by the writer."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def do(self, name: str, instruction: str) -> None:
        """Append an instruction with a result."""
        self.text.append(f"  {name} = {instruction}")

    def act(self, instruction: str) -> None:
        """Append an instruction without a result."""
        self.text.append(f"  {instruction}")

    def label(self, name: str) -> None:
        """Begin a basic block."""
        self.text.append(f"{name}:")


class Calls:
    """Writes calls in order, all on one thread.

    Parameters
    ----------
    lines : Lines
        Receives the instructions.
    names : mapping of Place to str
        The registers of addresses.
    status : str
        Where failures are reported.
    """

    def __init__(self, lines: Lines, names: Mapping[Place, str], status: str) -> None:
        self.lines = lines
        self.names = names
        self.status = status

    def write(self, calls: Sequence[Call]) -> bool:
        """Write the calls; True if one of them may jump to the label ``failure``."""
        for number, call in enumerate(calls):
            if call.fails is None:
                self._run(number, call, "0", str(call.rounds))
            else:
                failed = self._check(number, call)
                self.lines.act(f"br i1 {failed}, label %failure, label %after{number}")
                self.lines.label(f"after{number}")
        return any(call.fails is not None for call in calls)

    def _run(self, number: int, call: Call, start: str, end: str) -> None:
        given = [f"ptr {self._address(number, call, place)}" for place in call.places]
        if call.rounds is not None:
            given += [f"i64 {start}", f"i64 {end}"]
        self.lines.act(f"call void @{call.name}({', '.join(given)})")

    def _address(self, number: int, call: Call, place: Place) -> str:
        return self.names[place]

    def _check(self, number: int, call: Call) -> str:
        """Run a check; returns the register that says whether it failed."""
        given = [f"ptr {self.names[place]}" for place in call.places]
        given.append(f"ptr {self._field(number, 1)}")
        failed = f"%failed{number}"
        self.lines.do(failed, f"call i1 @{call.name}({', '.join(given)})")
        self.lines.act(f"store i64 {call.fails}, ptr {self._field(number, 0)}")
        return failed

    def _field(self, number: int, field: int) -> str:
        name = f"%status{number}.{field}"
        self.lines.do(name, f"getelementptr inbounds i64, ptr {self.status}, i64 {field}")
        return name


class SharedCalls(Calls):
    """Writes calls for a team: each thread runs its rounds, the leader what is not divided.

    Expects the registers ``%thread``, ``%threads``, ``%leads`` (an i1), ``%barrier`` (the address
    of the team's barrier) and ``%outcome`` (where a failed check leaves a mark).
    """

    def write(self, calls: Sequence[Call]) -> bool:
        barriers = Barriers()
        for number, call in enumerate(calls):
            if barriers.before(call.reads, call.writes, divided=call.divided):
                self._wait()
            if call.fails is not None:
                self._shared_check(number, call)
            elif call.divided:
                self._share(number, call)
            else:
                self._lead(number)
                self._run(number, call, "0", str(call.rounds))
                self._join(number)
        return False

    def _wait(self) -> None:
        self.lines.act("call void %barrier(i64 %threads)")

    def _lead(self, number: int) -> None:
        self.lines.act(f"br i1 %leads, label %lead{number}, label %joined{number}")
        self.lines.label(f"lead{number}")

    def _join(self, number: int) -> None:
        self.lines.act(f"br label %joined{number}")
        self.lines.label(f"joined{number}")

    def _shared_check(self, number: int, call: Call) -> None:
        """The leader checks; after a barrier everybody knows, and all stop if it failed."""
        lines = self.lines
        self._lead(number)
        failed = self._check(number, call)
        lines.do(f"%mark{number}", f"select i1 {failed}, ptr {self.status}, ptr null")
        lines.act(f"store ptr %mark{number}, ptr %outcome")
        self._join(number)
        self._wait()
        lines.do(f"%seen{number}", "load ptr, ptr %outcome")
        self._wait()  # until all have seen it: the next check writes there
        lines.do(f"%fine{number}", f"icmp eq ptr %seen{number}, null")
        lines.act(f"br i1 %fine{number}, label %after{number}, label %stop{number}")
        lines.label(f"stop{number}")
        lines.act("ret void")
        lines.label(f"after{number}")

    def _share(self, number: int, call: Call) -> None:
        """The thread's own rounds, if there are any for it."""
        lines, rounds = self.lines, call.rounds
        assert rounds is not None
        grain = GRAIN if rounds >= 8 * GRAIN else 1
        lines.do(f"%more{number}", "sub i64 %threads, 1")
        lines.do(f"%up{number}", f"add i64 %more{number}, {-(-rounds // grain)}")
        lines.do(f"%own{number}", f"udiv i64 %up{number}, %threads")
        lines.do(f"%each{number}", f"mul i64 %own{number}, {grain}")
        lines.do(f"%from{number}", f"mul i64 %each{number}, %thread")
        lines.do(f"%past{number}", f"add i64 %from{number}, %each{number}")
        lines.do(f"%over{number}", f"icmp ugt i64 %past{number}, {rounds}")
        lines.do(f"%to{number}", f"select i1 %over{number}, i64 {rounds}, i64 %past{number}")
        lines.do(f"%some{number}", f"icmp ult i64 %from{number}, %to{number}")
        lines.act(f"br i1 %some{number}, label %lead{number}, label %joined{number}")
        lines.label(f"lead{number}")
        self._run(number, call, f"%from{number}", f"%to{number}")
        self._join(number)

    def _address(self, number: int, call: Call, place: Place) -> str:
        """The address of a place; of working memory, the thread's own."""
        size = call.scratch.get(place)
        if size is None or not call.divided:
            return self.names[place]
        name = f"%own{number}.{place.number}"
        self.lines.do(f"{name}.offset", f"mul i64 %thread, {size}")
        base = self.names[place]
        self.lines.do(name, f"getelementptr inbounds i8, ptr {base}, i64 {name}.offset")
        return name


GRAIN = 64
"""Rounds of a long divided loop are dealt out in multiples of so many: whole vectors and lines."""
