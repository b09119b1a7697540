"""Calls of kernels, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .dividing import Span
from .place import Place

if TYPE_CHECKING:
    from .clock import Clock


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
    grain : int
        How many rounds are dealt out together.
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
    grain: int = 1
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
    clock : Clock, optional
        Notes when calls begin and end.
    """

    def __init__(
        self,
        lines: Lines,
        names: Mapping[Place, str],
        status: str,
        clock: Clock | None = None,
    ) -> None:
        self.lines = lines
        self.names = names
        self.status = status
        self.clock = clock

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
        with self._timed(number):
            self.lines.act(f"call void @{call.name}({', '.join(given)})")

    @contextmanager
    def _timed(self, number: int) -> Iterator[None]:
        """What is written inside is what the clock takes for the call."""
        if self.clock is None:
            yield
            return
        self.clock.begin(self.lines, number, self._part_of(number))
        yield
        self.clock.end(self.lines, number, self._thread)

    _thread = "0"

    def _part_of(self, number: int) -> str:
        return "0"

    def _address(self, number: int, call: Call, place: Place) -> str:
        return self.names[place]

    def _check(self, number: int, call: Call) -> str:
        """Run a check; returns the register that says whether it failed."""
        given = [f"ptr {self.names[place]}" for place in call.places]
        given.append(f"ptr {self._field(number, 1)}")
        failed = f"%failed{number}"
        with self._timed(number):
            self.lines.do(failed, f"call i1 @{call.name}({', '.join(given)})")
        self.lines.act(f"store i64 {call.fails}, ptr {self._field(number, 0)}")
        return failed

    def _field(self, number: int, field: int) -> str:
        name = f"%status{number}.{field}"
        self.lines.do(name, f"getelementptr inbounds i64, ptr {self.status}, i64 {field}")
        return name
