"""Where units come from: the user's lines, scopes and names, kept beside the graph.

Provenance is never part of a unit's identity: two users' lines that compute the same value share
one unit, whose origin is the union of both.
"""

from __future__ import annotations

import inspect
import linecache
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

from ..runtime.frames import running_user_frame

Phase = Literal["forward", "backward", "update"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of the user's source.

    Attributes
    ----------
    file, line, function
        As Python's tracebacks name them.
    """

    file: str
    line: int
    function: str

    @property
    def code(self) -> str:
        """The line's text, or an empty string when the source is not at hand."""
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        name = self.file.replace("\\", "/").rpartition("/")[2]
        place = f"{name}:{self.line}, in {self.function}"
        return f"{place}:  {self.code}" if self.code else place


def user_frame() -> Frame | None:
    """The innermost line on the stack that is not the library's own."""
    frame = running_user_frame()
    if frame is None:
        return None
    return Frame(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


@cache
def defined_at(function: Callable[..., Any]) -> Frame | None:
    """The line where a function begins, its decorator included; None for what has no source."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return None if code is None else Frame(code.co_filename, code.co_firstlineno, code.co_name)


@dataclass(frozen=True, slots=True)
class Origin:
    """Everything known about where a unit comes from; sets, so that origins can be united.

    Attributes
    ----------
    frames : frozenset of Frame
        The user's lines.
    scopes : frozenset of tuple of str
        Paths of `scope` names that were open (``("encoder", "layer1")``).
    names : frozenset of str
        Names of arguments (``"params[0]"``).
    regions : frozenset of tuple of str
        Composite ops that the unit was opened from, outermost first.
    phases : frozenset of str
        ``forward``, ``backward``, ``update``.
    """

    frames: frozenset[Frame] = frozenset()
    scopes: frozenset[tuple[str, ...]] = frozenset()
    names: frozenset[str] = frozenset()
    regions: frozenset[tuple[str, ...]] = frozenset()
    phases: frozenset[Phase] = frozenset()

    def __or__(self, other: Origin) -> Origin:
        if self is other or self == other:
            return self
        return Origin(
            self.frames | other.frames,
            self.scopes | other.scopes,
            self.names | other.names,
            self.regions | other.regions,
            self.phases | other.phases,
        )

    def inside(self, region: str, outer: Origin) -> Origin:
        """This origin for a unit opened from the composite `region` that was called at `outer`."""
        paths = outer.regions or {()}
        own = self.regions or {()}
        regions = frozenset((*path, region, *rest) for path in paths for rest in own)
        return Origin(
            outer.frames or self.frames,
            outer.scopes | self.scopes,
            self.names,
            regions,
            outer.phases or self.phases,
        )

    def derived(self, phase: Phase | None = None) -> Origin:
        """The origin inherited by a unit made from this one: names stay behind."""
        phases = frozenset({phase}) if phase else self.phases
        return Origin(self.frames, self.scopes, frozenset(), self.regions, phases)


NOWHERE = Origin()


class _Context(threading.local):
    scopes: tuple[str, ...] = ()
    phase: Phase = "forward"


_context = _Context()


def here() -> Origin:
    """The origin of a unit made now by the user's own code."""
    frame = running_user_frame()
    if frame is None:
        return _origin_at(None, _context.scopes, _context.phase)
    place = frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name
    return _origin_at(place, _context.scopes, _context.phase)


@lru_cache(4096)  # a line in a loop makes many units: they share one origin
def _origin_at(place: tuple[str, int, str] | None, scopes: tuple[str, ...], phase: Phase) -> Origin:
    return Origin(
        frames=frozenset({Frame(*place)}) if place else frozenset(),
        scopes=frozenset({scopes}) if scopes else frozenset(),
        phases=frozenset({phase}),
    )


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Group the units traced inside under `name` in the viewer and in ``explain()``.

    Examples
    --------
    >>> import chainrule as cr
    >>> with cr.scope("encoder"):
    ...     pass
    """
    before = _context.scopes
    _context.scopes = (*before, name)
    try:
        yield
    finally:
        _context.scopes = before


@contextmanager
def phase(name: Phase) -> Iterator[None]:
    """Mark the units traced inside as belonging to the forward, backward or update phase."""
    before = _context.phase
    _context.phase = name
    try:
        yield
    finally:
        _context.phase = before
