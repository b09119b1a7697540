"""Fusing reductions with what makes and what reads their rows.

A softmax, a layer norm, a cross-entropy read each row several times: for its maximum, its sum, its
result. Kernels that walk the rows of one shape become one kernel that takes row after row, so that
a row comes from memory once and its intermediate values stay in the first-level cache. What they
save is memory traffic: two kernels join only where the one reads a whole array that the other
reads or writes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..graph import Graph, Unit
from ..kinds import Elementwise, Movement, Reduction
from ..structural import CONSTANT, INPUT
from .kernels import Refusals
from .partition import Group

MOST_UNITS = 192
"""Units of the graph in one kernel of rows."""

MOST_TRIED = 8
"""Other readers and the maker of an array with which a kernel is tried: the latest ones."""

MOST_BETWEEN = 64
"""Kernels between two that are looked at before they are left apart: a longer way round is not
worth the search, which would be quadratic in the graph."""

MOST_BYTES = 2**17
"""Bytes of one row: a few arrays of that length must stay in the second-level cache."""


@dataclass(eq=False)
class Part:
    """A group, and how it may lie in a kernel of rows.

    Attributes
    ----------
    group : Group
        What it computes.
    shape : tuple of int
        What it walks: of a reduction the input's shape.
    kept : int or None
        Of a reduction that folds last axes: how many axes stand before them.
    reads : tuple of Unit
        What it reads from memory.
    number : int
        Its place in an order in which the groups could run.
    rows : Rows
        The kernel that it belongs to.
    """

    group: Group
    shape: tuple[int, ...]
    kept: int | None
    reads: tuple[Unit, ...]
    number: int = field(init=False)
    rows: Rows = field(init=False)

    @property
    def size(self) -> int:
        """How many elements it walks."""
        return math.prod(self.shape)

    @property
    def is_fold(self) -> bool:
        """True for a reduction."""
        return isinstance(self.group.units[-1].op, Reduction)


@dataclass(eq=False)
class Rows:
    """Parts that become one kernel.

    Attributes
    ----------
    parts : list of Part
        In no particular order.
    shape : tuple of int
        Of the arrays whose rows are walked.
    kept : int or None
        How many axes number the rows; None as long as no reduction says so.
    first, last : int
        The least and the greatest number of a part.
    """

    parts: list[Part]
    shape: tuple[int, ...]
    kept: int | None
    first: int = 0
    last: int = 0

    def add(self, part: Part) -> None:
        """Take a numbered part in."""
        part.rows = self
        self.parts.append(part)
        self.first, self.last = min(self.first, part.number), max(self.last, part.number)
        if part.is_fold:
            self.kept = part.kept


class RowFusion:
    """Joins groups of a partition.

    Parameters
    ----------
    graph : Graph
        What is divided.
    groups : sequence of Group
        Its groups.
    needed : set of Unit
        What must lie in memory whoever reads it.
    refusals : Refusals
        Takes the reasons of what stays apart.
    """

    def __init__(
        self, graph: Graph, groups: Sequence[Group], needed: set[Unit], refusals: Refusals
    ) -> None:
        self.graph = graph
        self.needed = needed
        self.refusals = refusals
        self.maker: dict[Unit, Part] = {}
        self.stored = {unit for group in groups for unit in group.stored}
        found = [self._part(group) for group in groups]
        for part in found:
            part.rows = Rows([part], part.shape, part.kept)
            self.maker.update(dict.fromkeys(part.group.stored, part))
        self.parts = self._ordered(found)

    def groups(self) -> list[Group]:
        """The groups after joining."""
        touching: dict[Unit, list[Part]] = {}
        for part in self.parts:
            if self._walks(part) and (part.is_fold or part.size > 1):
                tried: set[int] = set()
                for unit in (*part.reads, *part.group.stored):
                    if unit.array_type.size == part.size:
                        self._try(part, touching.get(unit, []), tried)
                        touching.setdefault(unit, []).append(part)
        joined = dict.fromkeys(part.rows for part in self.parts)
        return [self._group(rows) for rows in joined]

    def _ordered(self, parts: Sequence[Part]) -> list[Part]:
        """The parts, each after those that it reads from; numbers them so."""
        numbers = self.graph.numbers
        done: dict[Part, None] = {}
        stack = sorted(parts, key=lambda part: -numbers[part.group.units[-1]])
        while stack:
            part = stack[-1]
            missing = [p for p in self._before(part) if p not in done]
            if missing and part not in done:
                stack.extend(missing)
                continue
            stack.pop()
            if part not in done:
                part.number = part.rows.first = part.rows.last = len(done)
                done[part] = None
        return list(done)

    def _part(self, group: Group) -> Part:
        unit = group.units[-1]
        shape, kept = unit.shape, None
        if isinstance(unit.op, Reduction):
            shape = unit.inputs[0].shape
            kept = _kept(shape, unit.attributes["axis"])
        return Part(group, shape, kept, tuple(self._reads(group)))

    def _walks(self, part: Part) -> bool:
        """True for a part that may walk rows."""
        unit = part.group.units[-1]
        if isinstance(unit.op, Reduction):
            return part.kept is not None and part.size > 0
        return isinstance(unit.op, (Elementwise, Movement)) and part.size > 0

    def _reads(self, group: Group) -> Iterator[Unit]:
        """The units in memory that a group reads, each once."""
        own = set(group.units)
        seen: set[Unit] = set()
        pending = [operand for unit in group.units for operand in unit.inputs]
        while pending:
            unit = pending.pop()
            if unit in seen or unit in own:
                continue
            seen.add(unit)
            if unit in self.stored or unit.op in (INPUT, CONSTANT):
                yield unit
            else:
                pending.extend(unit.inputs)

    # Joining.

    def _try(self, part: Part, others: Sequence[Part], tried: set[int]) -> None:
        """Join the part with what touches the same memory, unless that was tried just now."""
        recent = dict.fromkeys(other.rows for other in reversed(others[-MOST_TRIED:]))
        for rows in recent:
            if rows is part.rows or id(rows) in tried or part.rows.parts != [part]:
                continue
            tried.add(id(rows))
            if rows.kept is None and part.kept is None:
                continue  # no reduction: nothing says what a row is
            between = self._between(rows, part)
            if between is not None and self._fit(rows, [*between, part]):
                for each in (*between, part):
                    rows.add(each)

    def _between(self, rows: Rows, part: Part) -> list[Part] | None:
        """The parts through which `part` depends on the rows; None if they belong elsewhere."""
        first = rows.first
        leads: dict[Part, bool] = {}
        stack = [part]
        while stack:
            if len(leads) > MOST_BETWEEN:
                return None
            current = stack[-1]
            before = [p for p in self._before(current) if p.rows.last >= first]
            missing = [p for p in before if p.rows is not rows and p not in leads]
            if missing and current not in leads:
                leads[current] = False
                stack.extend(missing)
                continue
            stack.pop()
            leads[current] = any(p.rows is rows or leads.get(p, False) for p in before)
        found = [p for p, leading in leads.items() if leading and p is not part]
        if any(p.rows.parts != [p] or not self._walks(p) for p in found):
            return None
        return sorted(found, key=lambda p: p.number)

    def _before(self, part: Part) -> Iterator[Part]:
        """What must run before a part: the makers of what its kernel reads."""
        for each in part.rows.parts:
            for unit in each.reads:
                maker = self.maker.get(unit)
                if maker is not None and maker.rows is not part.rows:
                    yield maker

    def _fit(self, rows: Rows, parts: Sequence[Part]) -> bool:
        shape, kept = rows.shape, rows.kept
        for part in parts:
            if part.kept is not None:
                kept = part.kept if kept is None else kept
        if kept is None or shape != parts[-1].shape:
            return False
        count = sum(len(part.group.units) for part in (*rows.parts, *parts))
        wide = [p for p in (*rows.parts, *parts) if p.shape == shape]
        itemsize = max(unit.array_type.dtype.itemsize for p in wide for unit in p.group.units)
        reason = ""
        if count > MOST_UNITS:
            reason = f"a kernel of rows has at most {MOST_UNITS} units"
        elif math.prod(shape[kept:]) * itemsize > MOST_BYTES:
            reason = f"a row of {shape[kept:]} is longer than {MOST_BYTES // 1024} KB"
        elif not all(_suits(part, shape, kept) for part in (*rows.parts, *parts)):
            reason = "they walk different rows"
        if reason:
            unit = parts[-1].group.units[-1]
            self.refusals.note(unit, f"{unit.op.name}: {reason}")
        return not reason

    def _group(self, rows: Rows) -> Group:
        if len(rows.parts) == 1:
            return rows.parts[0].group
        parts = sorted(rows.parts, key=lambda part: part.number)
        units = [unit for part in parts for unit in part.group.units]
        units.sort(key=self.graph.numbers.__getitem__)
        outside = self._read_outside(rows)
        stored = [u for part in parts for u in part.group.stored if u in outside]
        return Group(units, stored, [part.group for part in parts], rows.kept or 0)

    def _read_outside(self, rows: Rows) -> set[Unit]:
        """What of the rows' values somebody else reads."""
        own = {unit for part in rows.parts for unit in part.group.stored}
        found = own & self.needed
        for unit in own - found:
            if any(part.rows is not rows for part in self.readers.get(unit, ())):
                found.add(unit)
        return found

    @cached_property
    def readers(self) -> dict[Unit, list[Part]]:
        """The parts that read each unit."""
        readers: dict[Unit, list[Part]] = {}
        for part in self.parts:
            for unit in part.reads:
                readers.setdefault(unit, []).append(part)
        return readers


def _kept(shape: Sequence[int], folded: Sequence[int]) -> int | None:
    """How many axes stand before the folded ones, if these are the last; axes of 1 do not count."""
    long = [axis for axis, extent in enumerate(shape) if extent != 1]
    own = [axis for axis in long if axis in folded]
    if not own or own != long[len(long) - len(own) :]:
        return None
    return own[0]


def _suits(part: Part, shape: tuple[int, ...], kept: int) -> bool:
    """True when a part walks these rows, or has one element for each."""
    if part.is_fold:
        return part.shape == shape and part.kept == kept
    long = [extent for extent in part.shape if extent != 1]
    return part.shape == shape or long == [extent for extent in shape[:kept] if extent != 1]
