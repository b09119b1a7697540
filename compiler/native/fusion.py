"""The partition that fuses.

1. Movements are computed where they are read, except for those that must be in memory, that pick by
   index arrays or from several inputs and are read more than once, or that pick from an array
   which a scatter changes.
2. Elementwise units of one shape that feed each other grow into clusters, as long as no path
   leaves a cluster and comes back (its kernel would have to run before and after another).
3. A cluster of which one value is read, once, by one other kernel, is absorbed there: by a
   reduction or scatter of its elements, or through a movement that reads no element twice.
4. Reductions of last axes are joined with what else walks the same rows; see `row_groups`.
5. Values that kernels would leave for others are saved, or computed again; see `saving`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..graph import Graph, Unit
from ..kernel.terms import postorder
from ..kinds import Contraction, Elementwise, Movement, Reduction, Scatter
from ..scalar import Word
from ..structural import CONSTANT, INPUT
from .kernels import Refusals
from .partition import Group, Partition, is_view
from .row_groups import RowFusion
from .saving import Saving
from .values import is_literal

MOST_UNITS = 96
"""Units in one kernel: LLVM's time grows faster than a function's length."""

LONGEST_RANK = 16
"""Numbers in a rank, after which all are numbered anew: longer ones would cost more to compare."""

Find = Callable[["Cluster"], "Cluster"]
"""Which cluster another has become a part of."""


class Cluster:
    """Units that will be one kernel.

    Attributes
    ----------
    units : list of Unit
        In topological order.
    last : int
        The greatest number among them.
    rank : tuple of int
        Its place in an order in which the clusters could run.
    before : dict of Cluster to bool
        Clusters that it reads; True where only at the same element.
    weight : int
        How many units its kernel will compute, those of absorbed clusters among them.
    """

    __slots__ = ("before", "last", "rank", "units", "weight")

    def __init__(self, unit: Unit, number: int) -> None:
        self.units = [unit]
        self.last = number
        self.rank: tuple[int, ...] = (number,)
        self.before: dict[Cluster, bool] = {}
        self.weight = 1


class Fusion:
    """Works out the partition of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.refusals = Refusals()
        self.outputs = set(graph.outputs)
        self.needed: set[Unit] = set()
        self.moved: set[Unit] = set()
        self.owner: dict[Unit, Cluster] = {}
        self.moves = 0

    def partition(self) -> Partition:
        """The groups, after all steps."""
        self._choose_movements()
        self._make_clusters()
        self._grow()
        absorbed = self._absorb()
        kept = self._kept()
        groups = RowFusion(self.graph, self._groups(absorbed), kept, self.refusals).groups()
        saving = Saving(self.graph, groups, kept, self.refusals)
        groups = saving.groups()
        partition = Partition(groups, {}, self.refusals, saving.rounded(groups))
        for unit in self.graph.units:
            if is_view(unit) and unit in self.moved and self._is_memory(partition, unit.inputs[0]):
                partition.aliases[unit] = unit.inputs[0]
        return partition

    def _is_memory(self, partition: Partition, unit: Unit) -> bool:
        return partition.in_memory(unit) and not is_literal(unit)

    # Step 1.

    def _choose_movements(self) -> None:
        """Split the movements: those in `moved` are computed where they are read."""
        self.needed = {*self.outputs, *self._picked_before()}
        for unit in reversed(self.graph.units):
            self.needed.update(self._needs(unit))
            if not isinstance(unit.op, Movement):
                continue
            if unit in self.needed:
                if is_view(unit) and not is_literal(unit.inputs[0]):
                    self.moved.add(unit)
                    self.needed.add(unit.inputs[0])
            elif len(set(self.graph.users[unit])) > 1 and self._is_dear(unit):
                self.refusals.note(unit, f"{unit.op.name} is read by several units: made once")
            else:
                self.moved.add(unit)

    def _needs(self, unit: Unit) -> Iterator[Unit]:
        """The inputs that must be whole arrays in memory."""
        if isinstance(unit.op, Contraction):
            yield from unit.inputs
        elif isinstance(unit.op, (Movement, Scatter)):
            types = [operand.array_type for operand in unit.inputs]
            for bound in unit.op.checked_indices(types):
                indices = unit.inputs[bound.position]
                if not (isinstance(indices.op, Movement) and not indices.inputs):
                    yield indices

    def _picked_before(self) -> Iterator[Unit]:
        """Picks from an array of which a scatter changes elements: in place, if none comes after.

        They are smaller than the array, which would be copied otherwise.
        """
        for scatter in self.graph.units:
            if not isinstance(scatter.op, Scatter):
                continue
            operand = scatter.inputs[0]
            for unit in dict.fromkeys(self.graph.users[operand]):
                if isinstance(unit.op, Movement) and unit.array_type.size < operand.array_type.size:
                    types = [each.array_type for each in unit.inputs]
                    if unit.inputs[0] is operand and unit.op.checked_indices(types):
                        yield unit

    def _is_dear(self, unit: Unit) -> bool:
        """True when an element takes more than one load and some arithmetic."""
        return _loads(unit) > 1

    # Step 2.

    def _make_clusters(self) -> None:
        reached: dict[Unit, dict[Cluster, None]] = {}
        for number, unit in enumerate(self.graph.units):
            if unit.op in (INPUT, CONSTANT):
                continue
            if unit in self.moved:
                reached[unit] = {c: None for u in unit.inputs for c in self._behind(u, reached)}
                continue
            cluster = self.owner[unit] = Cluster(unit, number)
            for operand in unit.inputs:
                same = self._same_element(unit, operand)
                for other in self._behind(operand, reached):
                    cluster.before[other] = cluster.before.get(other, True) and same

    def _behind(self, unit: Unit, reached: dict[Unit, dict[Cluster, None]]) -> Iterator[Cluster]:
        if unit in self.owner:
            yield self.owner[unit]
        elif unit in reached:
            yield from reached[unit]

    def _same_element(self, unit: Unit, operand: Unit) -> bool:
        return (
            isinstance(unit.op, Elementwise)
            and operand in self.owner
            and isinstance(operand.op, (Elementwise, Movement))
        )

    def _grow(self) -> None:
        parent: dict[Cluster, Cluster] = {}

        def find(cluster: Cluster) -> Cluster:
            while cluster in parent:
                above = parent[cluster]
                parent[cluster] = parent.get(above, above)
                cluster = above
            return cluster

        for unit in self.graph.units:
            if not isinstance(unit.op, Elementwise):
                continue
            for operand in dict.fromkeys(unit.inputs):
                if not self._same_element(unit, operand):
                    continue
                late, early = find(self.owner[unit]), find(self.owner[operand])
                if late is early:
                    continue
                reason = _obstacle(early, late)
                ahead = None if reason else _ahead(early, late, find)
                if ahead is None:
                    reason = reason or "another kernel would have to run in between"
                    sentence = f"{unit.op.name} of {operand.op.name}: {reason}"
                    self.refusals.note(unit, sentence, operand)
                    continue
                parent[early] = late
                _merge(late, early, find)
                self._move(early, late, ahead)
        for unit in self.owner:
            self.owner[unit] = find(self.owner[unit])

    def _move(self, early: Cluster, late: Cluster, ahead: Sequence[Cluster]) -> None:
        """Give a merged cluster the rank of its earlier part, and what it needs ranks before it.

        Later numbers are closer to it, so that these ranks lie behind all others before it.
        """
        late.rank = early.rank
        if len(late.rank) > LONGEST_RANK:
            clusters = sorted(dict.fromkeys(self.owner.values()), key=lambda c: c.rank)
            for number, cluster in enumerate(clusters):
                cluster.rank = (number,)
        *start, end = late.rank
        for cluster in ahead:
            self.moves += 1
            cluster.rank = (*start, end - 1, self.moves)

    # Step 3.

    def _absorb(self) -> dict[Cluster, Cluster]:
        """The clusters that are computed inside another, by where they end."""
        numbers = self.graph.numbers
        into: dict[Cluster, Cluster] = {}
        clusters = list(dict.fromkeys(self.owner.values()))
        for cluster in clusters:
            cluster.units.sort(key=numbers.__getitem__)
        for cluster in sorted(clusters, key=lambda c: -c.last):
            read = [unit for unit in cluster.units if self._outside(unit, cluster)]
            if len(read) != 1 or not isinstance(cluster.units[-1].op, (Elementwise, Movement)):
                continue
            sink = self._only_reader(read[0])
            if sink is None:
                continue
            home = self.owner[sink]
            while home in into:
                home = into[home]
            if home.weight + cluster.weight > MOST_UNITS:
                self.refusals.note(read[0], f"a kernel has at most {MOST_UNITS} units")
                continue
            home.weight += cluster.weight
            into[cluster] = home
        return into

    def _outside(self, unit: Unit, cluster: Cluster) -> list[Unit]:
        """The reads of a unit that its own cluster does not make; itself for an output."""
        reads = [u for u in self.graph.users[unit] if self.owner.get(u) is not cluster]
        return [*reads, unit] if unit in self.needed else reads

    def _only_reader(self, unit: Unit) -> Unit | None:
        """The unit in whose kernel this one may be computed element by element."""
        if unit in self.needed:
            return None
        reader = unit
        while True:
            users = self.graph.users[reader]
            own = self.owner.get(reader)
            outside = [u for u in users if own is None or self.owner.get(u) is not own]
            outside = list(dict.fromkeys(outside))
            if len(outside) != 1:
                sentence = f"{unit.op.name} is read by several kernels"
                self.refusals.note(unit, sentence, *outside)
                return None
            (user,) = outside
            if isinstance(user.op, Movement):
                if not self._picks_once(unit, user, reader):
                    return None
                if user not in self.moved:
                    return user
                reader = user
            elif isinstance(user.op, (Reduction, Scatter)):
                return user
            elif isinstance(user.op, Elementwise):
                return user if reader in self.moved else None
            else:
                self.refusals.note(unit, f"{user.op.name} does not compute its inputs")
                return None

    def _picks_once(self, unit: Unit, movement: Unit, operand: Unit) -> bool:
        """True when a movement reads each element of its input at most about once."""
        wanted, there = movement.array_type.size, operand.array_type.size
        if wanted > there:
            times = wanted / max(1, there)
            sentence = f"{movement.op.name} reads {unit.op.name} {times:.0f} times an element: kept"
            self.refusals.note(unit, sentence, movement)
            return False
        return True

    # Groups.

    def _kept(self) -> set[Unit]:
        """What must lie in memory: results, whole operands, and what is reshaped on the way."""
        kept = set(self.needed)
        for unit in reversed(self.graph.units):
            if unit in kept and is_view(unit) and unit in self.moved:
                kept.add(unit.inputs[0])
        return kept

    def _groups(self, absorbed: dict[Cluster, Cluster]) -> list[Group]:
        groups = []
        for cluster in dict.fromkeys(self.owner.values()):
            if cluster in absorbed:
                continue
            stored = [unit for unit in cluster.units if self._outside(unit, cluster)]
            groups.append(Group(cluster.units, stored))
        return groups


def _obstacle(early: Cluster, late: Cluster) -> str:
    """Why two clusters would not be a good one; empty if they would."""
    one, other = early.units[0], late.units[0]
    if one.shape != other.shape:
        return f"the shapes {one.shape} and {other.shape} differ"
    if early.weight + late.weight > MOST_UNITS:
        return f"a kernel has at most {MOST_UNITS} units"
    return ""


def _ahead(early: Cluster, late: Cluster, find: Find) -> list[Cluster] | None:
    """What would have to move before two clusters that become one, in its order.

    None where `late` depends on `early` otherwise than element by element. Ranks agree with all
    dependencies, so that nothing before the earlier one has to be looked at.
    """
    pending = []
    for before, same in late.before.items():
        found = find(before)
        if found is early and not same:
            return None
        if found is not early and found is not late:
            pending.append(found)
    seen: set[Cluster] = set()
    while pending:
        cluster = pending.pop()
        if cluster is early:
            return None
        if cluster in seen or cluster.rank < early.rank:
            continue
        seen.add(cluster)
        pending.extend(find(before) for before in cluster.before)
    return sorted(seen, key=lambda cluster: cluster.rank)


def _merge(late: Cluster, early: Cluster, find: Find) -> None:
    late.units = early.units + late.units
    late.last = max(early.last, late.last)
    late.weight += early.weight
    before: dict[Cluster, bool] = {}
    for cluster, same in (*early.before.items(), *late.before.items()):
        found = find(cluster)
        if found is not late:
            before[found] = before.get(found, True) and same
    late.before = before


def _loads(unit: Unit) -> int:
    """How many elements one element of a movement is made of."""
    op = unit.op
    assert isinstance(op, Movement)
    types = [operand.array_type for operand in unit.inputs]
    body = op.element(types, unit.array_type, unit.attributes)
    return sum(scalar.word is Word.LOAD for scalar in postorder([body]))
