"""Notes of a pass: which rule made what of which unit, and what was left alone and why."""

from __future__ import annotations

from dataclasses import dataclass, field

from .graph import Unit
from .provenance import NOWHERE, Origin


@dataclass(frozen=True, slots=True)
class Applied:
    """One application of a rule.

    Attributes
    ----------
    rule : str
        As the rule reads (``"x * 1 -> x"``).
    unit : Unit
        What it was applied to.
    after : Unit or None
        What stands in its place; None when the unit is gone.
    detail : str
        Figures, if any.
    origin : Origin
        Where the unit came from.
    """

    rule: str
    unit: Unit
    after: Unit | None = None
    detail: str = ""
    origin: Origin = NOWHERE

    @property
    def line(self) -> str:
        """The user's lines that the unit came from, looked up now."""
        return lines(self.origin)

    def __str__(self) -> str:
        return _spaced(f"{self.rule}: {self.detail}" if self.detail else self.rule, self.line)


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that a pass left alone.

    Attributes
    ----------
    rule : str
        What was not done.
    unit : Unit
        Where.
    reason : str
        Why not, as a clause that follows a colon.
    origin : Origin
        Where the unit came from.
    """

    rule: str
    unit: Unit
    reason: str
    origin: Origin = NOWHERE

    @property
    def line(self) -> str:
        """The user's lines that the unit came from, looked up now."""
        return lines(self.origin)

    def __str__(self) -> str:
        return _spaced(f"{self.rule}: {self.reason}", self.line)


@dataclass(slots=True)
class Notes:
    """Takes the notes of one run of a pass, those of the sub-graphs it opens among them.

    Attributes
    ----------
    applications : list of Applied
    refusals : list of Refused
    """

    applications: list[Applied] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)

    def applied(
        self,
        rule: str,
        unit: Unit,
        detail: str = "",
        *,
        after: Unit | None = None,
        origin: Origin = NOWHERE,
    ) -> None:
        """Write down that `rule` made `after` of `unit`."""
        self.applications.append(Applied(rule, unit, after, detail, origin))

    def refused(self, rule: str, unit: Unit, reason: str, *, origin: Origin = NOWHERE) -> None:
        """Write down that `rule` left `unit` alone, and why."""
        self.refusals.append(Refused(rule, unit, reason, origin))


def lines(origin: Origin) -> str:
    """The user's lines of an origin, in the order of the files; empty when nothing is known."""
    frames = sorted(origin.frames, key=lambda frame: (frame.file, frame.line))
    return "; ".join(map(str, frames))


def _spaced(sentence: str, line: str) -> str:
    return f"{sentence}    {line}" if line else sentence
