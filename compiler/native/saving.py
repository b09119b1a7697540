"""Saving or computing again: what kernels leave in memory for others, as a minimum cut.

A value that one kernel makes and others read is written once, and read by each of them. A reader
may instead compute it again from what it is made of: a mask of an activation, the polynomial
inside a gelu, a row's differences from its mean. Forward, backward and update are one graph here,
so that most of these values lie between a layer and its gradient.

Each question is a node of a network; those on the source's side of the cut are answered with yes.

- *Is it computed* in kernel K? An edge to the sink costs the arithmetic, one from the source costs
  to load what K reads otherwise.
- *Is it needed* in K? So are the operands, endlessly, of what is computed there; what is needed
  and not computed is loaded, and that it may first have to be written is counted in: a
  product whose one reader may be its epilogue has no memory otherwise.
- *Is it not written* at all? Then whoever reads it computes it, endlessly; else it costs to write.
- *Is a loop not run* at all? Then nothing of it is written, endlessly; else it costs what it does.

The least cut is the cheapest answer, but for one thing: a value that several kernels begin to
read, though they could make it, is counted as written by each. What is found is thus never worse
than what there was.

A value that is computed in several kernels has the same bits in all of them: its products, and
those of its operands, are rounded by themselves and never absorbed by a sum (see `Values`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..graph import Graph, Unit
from ..kinds import Contraction, Elementwise, Movement, Reduction
from ..structural import CONSTANT, INPUT
from .costs import arithmetic, operations, traffic
from .kernels import Refusals
from .max_flow import ENDLESS, Network
from .partition import Group
from .values import is_literal

LEAST_BYTES = 2**12
"""Smaller values are left alone: they stay in a first-level cache, at the cost of arithmetic."""

MOST_AGAIN = 64
"""Values that one kernel may compute again: LLVM's time grows faster than a function's length."""

GRAIN = 256
"""Parts of a cycle that the network counts in, to be exact."""


@dataclass(eq=False)
class Reader:
    """A kernel that may compute again what it reads.

    Attributes
    ----------
    group : Group
        What it computes.
    own : set of Unit
        Its values, and what it was decided to compute again.
    seen : set of (Unit, bool)
        What is needed for its results; True where it is needed at the same element only.
    reads : dict of Unit to bool
        What of that it reads from memory.
    asked : set of Unit
        What it reads and may compute again.
    needed, computed : dict of Unit to int
        Nodes of the network.
    """

    group: Group
    own: set[Unit]
    seen: set[tuple[Unit, bool]] = field(default_factory=set)
    reads: dict[Unit, bool] = field(default_factory=dict)
    asked: set[Unit] = field(default_factory=set)
    needed: dict[Unit, int] = field(default_factory=dict)
    computed: dict[Unit, int] = field(default_factory=dict)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape that it walks."""
        for part in self.group.parts or [self.group]:
            if isinstance(part.units[-1].op, Reduction):
                return part.units[-1].inputs[0].shape
        return self.group.units[-1].shape

    @cached_property
    def rounds(self) -> int:
        """How many elements it walks."""
        return math.prod(self.shape)

    def work(self, unit: Unit) -> float:
        """Cycles to compute a value here."""
        return arithmetic(operations(unit) * self.rounds, unit.array_type.dtype.itemsize)

    def load(self, unit: Unit) -> float:
        """Cycles to read a value here."""
        type = unit.array_type
        return traffic(min(type.nbytes, self.rounds * type.dtype.itemsize))

    def refusal(self, unit: Unit, same: bool) -> str:
        """Why the kernel cannot compute a value again; empty if it can."""
        sink, op = self.group.units[-1].op, unit.op
        if not isinstance(op, Elementwise):
            return f"{op.kind} units are computed once"
        if op.cost not in ("free", "cheap"):
            return f"{op.name} is expensive"
        if any(u.array_type.dtype.storage_only for u in (unit, *unit.inputs)):
            return f"{unit.array_type.dtype} is rounded by storing it"
        if not isinstance(sink, (Elementwise, Movement, Reduction)):
            return f"{sink.name} does not compute its inputs"
        if self.group.parts and not (same and unit.shape == self.shape):
            return f"{op.name} is read elsewhere than in its own row"
        return ""


class Saving:
    """Decides for all kernels of a graph.

    Parameters
    ----------
    graph : Graph
        What is divided.
    groups : sequence of Group
        Its groups.
    kept : set of Unit
        What must lie in memory whoever reads it.
    refusals : Refusals
        Takes the reasons of what is saved.
    """

    def __init__(
        self, graph: Graph, groups: Sequence[Group], kept: set[Unit], refusals: Refusals
    ) -> None:
        self.graph = graph
        self.kept = kept
        self.refusals = refusals
        self.memory = {unit for group in groups for unit in group.stored}
        self.readers = [Reader(group, set(group.units)) for group in groups]
        self.home = {unit: reader for reader in self.readers for unit in reader.group.units}
        self.runs: dict[Reader, float] = {}
        self.begun: dict[Unit, int] = {}
        self.fleeting: set[Unit] = set()
        self.network = Network()
        self.source, self.sink = self.network.node(), self.network.node()

    def groups(self) -> list[Group]:
        """The groups, each with what it computes again; without those that nobody reads now."""
        for reader in self.readers:
            self._follow(reader, reader.group.stored)
        self.fleeting = self._epilogues()
        written = self._written()
        for reader in self.readers:
            self._ask(reader, written)
        self.network.fill(self.source, self.sink)
        yes = self.network.side(self.source)
        again = {reader: _answered(reader.computed, yes) for reader in self.readers}
        for reader in self.readers:
            self._explain(reader, again[reader])
            self.memory |= _answered(reader.needed, yes) - again[reader]
        if not any(again.values()):
            return [reader.group for reader in self.readers]
        for reader in self.readers:
            reader.own |= again[reader]
            reader.seen, reader.reads = set(), {}
        saved = self._saved()
        self.refusals.forget(unit for made in again.values() for unit in made - saved)
        return [
            self._group(reader, again[reader], saved)
            for reader in self.readers
            if any(unit in saved for unit in reader.group.units)
        ]

    # The network.

    def _epilogues(self) -> set[Unit]:
        """Products that a loop alone reads, element by element: they may have no memory at all."""
        found: dict[Unit, bool] = {}
        for reader in self.readers:
            loop = isinstance(reader.group.units[-1].op, Elementwise)
            for unit, same in reader.reads.items():
                if isinstance(unit.op, Contraction) and unit not in self.kept:
                    found[unit] = loop and same and unit not in found
        return {unit for unit, fine in found.items() if fine}

    def _written(self) -> dict[Unit, int]:
        """The nodes of values that need not be written if all who read them compute them."""
        may: dict[Unit, bool] = {}
        for reader in self.readers:
            for unit, same in reader.reads.items():
                large = unit in self.home and unit.array_type.nbytes >= LEAST_BYTES
                fine = large and unit not in self.kept and not reader.refusal(unit, same)
                may[unit] = may.get(unit, True) and fine
        nodes = {unit: self.network.node() for unit, fine in may.items() if fine}
        for unit, node in nodes.items():
            # Of two answers that cost the same, the one with less memory is a hair cheaper.
            self._edge(self.source, node, traffic(unit.array_type.nbytes) + 1 / GRAIN)
        for reader in {self.home[unit]: None for unit in nodes}:
            if all(unit in nodes for unit in reader.group.stored) and not reader.group.parts:
                node, cost = self.network.node(), self._run(reader)
                self.runs[reader] = cost
                self._edge(self.source, node, cost)
                for unit in reader.group.stored:
                    self.network.edge(node, nodes[unit], ENDLESS)
        return nodes

    def _run(self, reader: Reader) -> float:
        """What a loop reads and does."""
        own = [unit for unit in reader.group.units if isinstance(unit.op, Elementwise)]
        return sum(map(reader.load, reader.reads)) + sum(map(reader.work, own))

    def _ask(self, reader: Reader, written: Mapping[Unit, int]) -> None:
        """Enter what one kernel may compute again."""
        pending: list[tuple[Unit, float]] = []
        least = 0.0
        for unit, same in reader.reads.items():
            if unit.array_type.nbytes >= LEAST_BYTES and not reader.refusal(unit, same):
                node = self._computed(reader, unit)
                self._edge(self.source, node, reader.load(unit))
                if unit in written:
                    self.network.edge(written[unit], node, ENDLESS)
                least += reader.load(unit) + traffic(unit.array_type.nbytes)
                reader.asked.add(unit)
                pending.append((unit, reader.work(unit)))
        while pending:
            unit, work = pending.pop()
            for operand, same in self._operands(unit):
                if operand in reader.reads:
                    continue
                if operand in reader.needed:
                    node = reader.needed[operand]
                    self.network.edge(reader.computed[unit], node, ENDLESS)
                    continue
                node = reader.needed[operand] = self.network.node()
                self.network.edge(reader.computed[unit], node, ENDLESS)
                total = work + self._work(reader, operand, same)
                if total < least and len(reader.computed) < MOST_AGAIN:
                    other = self._computed(reader, operand)
                    cost = reader.load(operand) + self._write(operand, written)
                    self._edge(node, other, cost)
                    pending.append((operand, total))
                else:
                    self._edge(node, self.sink, reader.load(operand))
                    self.network.edge(node, self._begun(operand, written), ENDLESS)

    def _computed(self, reader: Reader, unit: Unit) -> int:
        node = reader.computed[unit] = self.network.node()
        self._edge(node, self.sink, reader.work(unit))
        return node

    def _edge(self, start: int, end: int, cycles: float) -> None:
        self.network.edge(start, end, int(min(ENDLESS, GRAIN * cycles)))

    def _work(self, reader: Reader, unit: Unit, same: bool) -> float:
        return ENDLESS if reader.refusal(unit, same) else reader.work(unit)

    def _begun(self, unit: Unit, written: Mapping[Unit, int]) -> int:
        """The node of a value that lies in memory because somebody needs it who cannot make it."""
        if unit not in self.begun:
            self.begun[unit] = self.network.node()
            self._edge(self.begun[unit], self.sink, self._write(unit, written))
        return self.begun[unit]

    def _write(self, unit: Unit, written: Mapping[Unit, int]) -> float:
        """What it costs to have a value in memory that might not lie there."""
        there = unit in self.memory and unit not in written and unit not in self.fleeting
        if there or unit.op in (INPUT, CONSTANT):
            return 0
        if unit not in self.home:
            return ENDLESS
        return self.runs.get(self.home[unit], 0) + traffic(unit.array_type.nbytes)

    def _operands(self, unit: Unit) -> Iterator[tuple[Unit, bool]]:
        """What a value is made of, beyond movements; False where through one."""
        pending = [(operand, True) for operand in unit.inputs]
        while pending:
            operand, same = pending.pop()
            if is_literal(operand):
                continue
            if self._is_moved(operand):
                pending += [(each, False) for each in operand.inputs]
            else:
                yield operand, same

    def _is_moved(self, unit: Unit) -> bool:
        """True for a movement that takes no more than its one load wherever it is read."""
        if not isinstance(unit.op, Movement) or unit in self.home or len(unit.inputs) > 1:
            return False
        return not unit.op.checked_indices([u.array_type for u in unit.inputs])

    # The answers.

    def _follow(self, reader: Reader, results: Sequence[Unit]) -> list[Unit]:
        """Go through what a kernel needs for results; returns what it reads for the first time."""
        found = []
        pending = [(unit, True) for unit in results]
        while pending:
            unit, same = pending.pop()
            if (unit, same) in reader.seen:
                continue
            reader.seen.add((unit, same))
            if unit in reader.own or not self._is_loaded(unit):
                same = (same or unit in reader.own) and not isinstance(unit.op, Movement)
                pending += [(operand, same) for operand in unit.inputs]
                continue
            if unit not in reader.reads:
                found.append(unit)
            reader.reads[unit] = reader.reads.get(unit, True) and same
        return found

    def _is_loaded(self, unit: Unit) -> bool:
        return unit in self.memory or (unit.op in (INPUT, CONSTANT) and not is_literal(unit))

    def _saved(self) -> set[Unit]:
        """What must lie in memory: what is kept, and what kernels read that make such values."""
        saved: set[Unit] = set()
        pending = [unit for unit in self.kept if unit in self.home]
        while pending:
            unit = pending.pop()
            if unit in self.home and unit not in saved:
                saved.add(unit)
                pending += self._follow(self.home[unit], [unit])
        return saved

    def _group(self, reader: Reader, again: set[Unit], saved: set[Unit]) -> Group:
        """The group without what is not needed any more."""
        group, order = reader.group, self.graph.numbers.__getitem__
        seen = {unit for unit, _ in reader.seen}
        units = [unit for unit in group.units if unit in seen]
        stored = [unit for unit in units if unit in saved]
        parts = []
        if group.parts and again:
            made = sorted(again, key=order)
            parts.append(Group(made, [unit for unit in made if unit in reader.asked], again=again))
        for part in group.parts:
            own = [unit for unit in part.units if unit in seen]
            left = [unit for unit in own if unit in saved or unit in part.stored]
            if left:
                parts.append(Group(own, left))
        return Group(units, stored, parts, group.kept, again)

    def _explain(self, reader: Reader, again: set[Unit]) -> None:
        """Say why values are saved."""
        for unit, same in reader.reads.items():
            large = unit in self.home and unit.array_type.nbytes >= LEAST_BYTES
            if not large or unit in self.kept or unit in again:
                continue
            if isinstance(unit.op, Elementwise):
                reason = reader.refusal(unit, same) or "to compute it again costs more"
                self.refusals.note(unit, f"{unit.op.name} is saved: {reason}")

    def rounded(self, groups: Sequence[Group]) -> set[Unit]:
        """Values whose bits must not depend on the kernel, and the operands of such."""
        again = {unit for group in groups for unit in group.again}
        return again | {operand for unit in again for operand, _ in self._operands(unit)}


def _answered(nodes: Mapping[Unit, int], yes: set[int]) -> set[Unit]:
    return {unit for unit, node in nodes.items() if node in yes}
