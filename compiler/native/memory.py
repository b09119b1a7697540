"""The memory plan: where each buffer lies, how long it lives, and whose memory it takes.

Results are written where the caller wants them. Everything else lies in one arena: buffers are
placed in the order in which they come to life, into the smallest gap that fits, and give their
bytes back after the last kernel that reads them.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...runtime.buffers import ALIGNMENT
from ..graph import Graph, Unit
from ..structural import CONSTANT, INPUT
from .kernels import Kernel
from .partition import Partition
from .place import Place


@dataclass(frozen=True, slots=True)
class Buffer:
    """One array of the plan.

    Attributes
    ----------
    unit : Unit or None
        Whose value it is; None for working memory of a kernel.
    place : Place
        Where it lies.
    nbytes : int
        Its size.
    born, dies : int
        The kernels that write it first and read it last, by their number in the order.
    reuses : Unit or None
        The unit whose memory it takes over, in place.
    """

    unit: Unit | None
    place: Place
    nbytes: int
    born: int
    dies: int
    reuses: Unit | None = None

    def __str__(self) -> str:
        what = repr(self.unit) if self.unit is not None else "working memory"
        life = f"kernels {self.born} to {self.dies}"
        taken = f", in the place of {self.reuses!r}" if self.reuses is not None else ""
        place = f"{self.place.kind} {self.place.number:>8}"
        return f"{place}  {self.nbytes:>10} B  {life:<18} {what}{taken}"


@dataclass
class MemoryPlan:
    """Where everything lies.

    Attributes
    ----------
    buffers : list of Buffer
        In the order in which they are written.
    places : dict of Unit to Place
        The memory of each unit that has its own.
    scratch : dict of Kernel to list of Place
        The kernels' working memory.
    arena_bytes : int
        The arena's size, without the room for packing arguments.
    early_copies, late_copies : list of (Place, Place, int)
        From, to, bytes: before the first kernel and after the last.
    """

    buffers: list[Buffer] = field(default_factory=list)
    places: dict[Unit, Place] = field(default_factory=dict)
    scratch: dict[Kernel, list[Place]] = field(default_factory=dict)
    arena_bytes: int = 0
    early_copies: list[tuple[Place, Place, int]] = field(default_factory=list)
    late_copies: list[tuple[Place, Place, int]] = field(default_factory=list)

    @property
    def live_bytes(self) -> int:
        """The most bytes of the arena that are in use at the same time."""
        steps: dict[int, int] = {}
        for buffer in self.buffers:
            if buffer.place.kind == "arena" and buffer.reuses is None:
                size = rounded(buffer.nbytes)
                steps[buffer.born] = steps.get(buffer.born, 0) + size
                steps[buffer.dies + 1] = steps.get(buffer.dies + 1, 0) - size
        most = live = 0
        for step in sorted(steps):
            live += steps[step]
            most = max(most, live)
        return most

    def summary(self) -> str:
        """One line: the arena, and how much of it is shared."""
        held = [b for b in self.buffers if b.place.kind == "arena"]
        total = sum(buffer.nbytes for buffer in held)
        in_place = sum(buffer.reuses is not None for buffer in self.buffers)
        return (
            f"arena {_size(self.arena_bytes)} (peak {_size(self.live_bytes)} live) for "
            f"{len(held)} buffers of {_size(total)}; {in_place} written in place"
        )

    def __str__(self) -> str:
        return "\n".join([self.summary(), *map(str, self.buffers)])


class Arena:
    """Offsets in one block: the smallest gap that fits, else more at the end."""

    def __init__(self) -> None:
        self.size = 0
        self._gaps: list[tuple[int, int]] = []  # (offset, length), sorted, never touching

    def take(self, nbytes: int) -> int:
        """The offset of `nbytes` that nothing else uses now."""
        wanted = rounded(nbytes)
        fitting = [gap for gap in self._gaps if gap[1] >= wanted]
        if fitting:
            offset, length = min(fitting, key=lambda gap: gap[1])
            self._gaps.remove((offset, length))
            if length > wanted:
                insort(self._gaps, (offset + wanted, length - wanted))
            return offset
        if self._gaps and sum(self._gaps[-1]) == self.size:
            offset, _ = self._gaps.pop()
        else:
            offset = self.size
        self.size = offset + wanted
        return offset

    def give(self, offset: int, nbytes: int) -> None:
        """Take back what `take` gave."""
        start, end = offset, offset + rounded(nbytes)
        touching = [gap for gap in self._gaps if gap[0] == end or sum(gap) == start]
        for gap in touching:
            self._gaps.remove(gap)
            start, end = min(start, gap[0]), max(end, sum(gap))
        insort(self._gaps, (start, end - start))


def plan(
    graph: Graph,
    partition: Partition,
    kernels: Sequence[Kernel],
    donors: Mapping[int, int],
    threads: Mapping[Kernel, int] | None = None,
) -> MemoryPlan:
    """Place all buffers of the kernels.

    Parameters
    ----------
    donors : mapping of int to int
        Which result takes which argument's memory.
    threads : mapping of Kernel to int, optional
        How many threads share a kernel, each with working memory of its own; one by default.
    """
    return _Planner(graph, partition, kernels, donors, threads or {}).plan


class _Planner:
    def __init__(
        self,
        graph: Graph,
        partition: Partition,
        kernels: Sequence[Kernel],
        donors: Mapping[int, int],
        threads: Mapping[Kernel, int],
    ) -> None:
        self.graph = graph
        self.partition = partition
        self.kernels = kernels
        self.donors = donors
        self.threads = threads
        self.plan = MemoryPlan()
        self.arena = Arena()
        self.end = len(kernels)
        self.roots = {partition.root(unit) for unit in graph.outputs}
        self.last_read: dict[Unit, int] = {}
        self.result_of: dict[Unit, int] = {}
        self._places_from_outside()
        self._lifetimes()
        self._claim_results()
        saved = self._save_arguments()
        for step, kernel in enumerate(kernels):
            self._step(step, kernel)
        self._copy_results(saved)
        self.plan.arena_bytes = self.arena.size

    def _places_from_outside(self) -> None:
        for number, unit in enumerate(self.graph.inputs):
            self.plan.places[unit] = Place("argument", number, aligned=False)
        constants = [unit for unit in self.graph.units if unit.op is CONSTANT]
        for number, unit in enumerate(constants):
            self.plan.places[unit] = Place("constant", number)
        for unit in self.partition.stored:
            if not unit.array_type.size:  # no kernel writes it
                self.plan.places[unit] = Place("arena", 0)

    def _lifetimes(self) -> None:
        for step, kernel in enumerate(self.kernels):
            for unit in kernel.reads:
                self.last_read[self.partition.root(unit)] = step
        for root in self.roots:
            if root.op in (INPUT, CONSTANT):
                self.last_read[root] = self.end

    def _claim_results(self) -> None:
        """Which computed unit is written straight into which result."""
        wanted: dict[Unit, list[int]] = {}
        for number, unit in enumerate(self.graph.outputs):
            wanted.setdefault(self.partition.root(unit), []).append(number)
        writer = {unit: step for step, k in enumerate(self.kernels) for unit in k.writes}
        for root, numbers in wanted.items():
            for number in sorted(numbers, key=lambda n: n not in self.donors):
                if root in writer and self._may_take(number, root, writer[root]):
                    self.result_of[root] = number
                    if number in self.donors:
                        # The donor's memory is the result's; one name for it, so that a kernel
                        # that reads the one and writes the other has one parameter for both.
                        donor = self.graph.inputs[self.donors[number]]
                        self.plan.places[donor] = self._result(number)
                    self._claim_behind(root, number, writer)
                    break

    def _claim_behind(self, root: Unit, number: int, writer: Mapping[Unit, int]) -> None:
        """Let what a result replaces, and what that replaces, be written into its place too."""
        while True:
            step = writer[root]
            behind = (
                operand
                for operand in self._replaced(root, self.kernels[step], step)
                if operand in writer and operand not in self.result_of
            )
            found = next(behind, None)
            if found is None or not self._may_take(number, found, writer[found]):
                return
            self.result_of[found] = number
            root = found

    def _may_take(self, number: int, root: Unit, step: int) -> bool:
        """True when `root`, made at `step`, may lie in result `number`, over its donor if any."""
        if number not in self.donors:
            return True
        donor = self.graph.inputs[self.donors[number]]
        last = self.last_read.get(donor, -1)
        if last != step:
            return last < step
        kernel = self.kernels[step]
        names = [unit for unit in kernel.reads if self.partition.root(unit) is donor]
        return all(unit in kernel.replaceable_by(root) for unit in names)

    def _result(self, number: int) -> Place:
        return Place("result", number, aligned=number not in self.donors)

    def _step(self, step: int, kernel: Kernel) -> None:
        taken: set[Unit] = set()
        for unit in kernel.writes:
            nbytes = unit.array_type.nbytes
            dies = self.end if unit in self.roots else self.last_read.get(unit, step)
            reuses = None
            if unit in self.result_of:
                number = self.result_of[unit]
                place = self._result(number)
                if number in self.donors:
                    reuses = self.graph.inputs[self.donors[number]]
            else:
                reuses = self._successor(unit, kernel, step, taken)
                if reuses is None:
                    place = Place("arena", self.arena.take(nbytes))
                else:
                    place = self.plan.places[reuses]
                    taken.add(reuses)
            self.last_read[unit] = dies
            self.plan.places[unit] = place
            self.plan.buffers.append(Buffer(unit, place, nbytes, step, dies, reuses))
        self._working(step, kernel)
        self._release(step, kernel, taken)

    def _successor(self, unit: Unit, kernel: Kernel, step: int, taken: set[Unit]) -> Unit | None:
        """A buffer in the arena that the kernel's result may take."""
        for root in self._replaced(unit, kernel, step):
            if root not in taken and self.plan.places[root].kind == "arena":
                return root
        return None

    def _replaced(self, unit: Unit, kernel: Kernel, step: int) -> Iterator[Unit]:
        """What the kernel is the last to read, element by element, for its result."""
        replaceable = kernel.replaceable_by(unit)
        for read in replaceable:
            root = self.partition.root(read)
            same = root.array_type.nbytes == unit.array_type.nbytes
            same = same and root.array_type.dtype.itemsize == unit.array_type.dtype.itemsize
            if same and self.last_read.get(root) == step and root not in self.roots:
                names = [u for u in kernel.reads if self.partition.root(u) is root]
                if all(name in replaceable for name in names):
                    yield root

    def _working(self, step: int, kernel: Kernel) -> None:
        copies = self.threads.get(kernel, 1)
        sizes = [copies * rounded(nbytes) for nbytes in kernel.scratch]
        sizes += map(rounded, kernel.shared)
        places = []
        for nbytes in sizes:
            place = Place("arena", self.arena.take(nbytes))
            places.append(place)
            self.plan.buffers.append(Buffer(None, place, nbytes, step, step))
        self.plan.scratch[kernel] = places
        for place, nbytes in zip(places, sizes, strict=True):
            self.arena.give(place.number, nbytes)

    def _release(self, step: int, kernel: Kernel, taken: set[Unit]) -> None:
        """Give back what nothing reads after this kernel."""
        roots = dict.fromkeys(map(self.partition.root, (*kernel.reads, *kernel.writes)))
        for root in (root for root in roots if root.array_type.size):
            place = self.plan.places[root]
            if place.kind == "arena" and self.last_read[root] == step and root not in taken:
                self.arena.give(place.number, root.array_type.nbytes)

    def _save_arguments(self) -> dict[Unit, Place]:
        """Donated arguments that are results themselves, elsewhere: copied before any is lost."""
        saved: dict[Unit, Place] = {}
        givers = {self.graph.inputs[donor]: number for number, donor in self.donors.items()}
        for number, unit in enumerate(self.graph.outputs):
            root = self.partition.root(unit)
            if root in givers and givers[root] != number and root not in saved:
                nbytes = root.array_type.nbytes
                place = saved[root] = Place("arena", self.arena.take(nbytes))
                self.plan.buffers.append(Buffer(root, place, nbytes, 0, self.end))
                self.plan.early_copies.append((self.plan.places[root], place, nbytes))
        return saved

    def _copy_results(self, saved: Mapping[Unit, Place]) -> None:
        """Results that no kernel has written: copies of other results, arguments, constants."""
        for number, unit in enumerate(self.graph.outputs):
            root = self.partition.root(unit)
            donor = self.donors.get(number)
            given = donor is not None and self.graph.inputs[donor] is root
            if self.result_of.get(root) == number or given or not unit.array_type.size:
                continue
            source = saved.get(root, self.plan.places[root])
            self.plan.late_copies.append((source, self._result(number), unit.array_type.nbytes))


def rounded(nbytes: int) -> int:
    """A multiple of the alignment, and never nothing: each buffer has a place of its own."""
    return max(ALIGNMENT, -(-nbytes // ALIGNMENT) * ALIGNMENT)


def _size(nbytes: int) -> str:
    if nbytes < 1024:
        return f"{nbytes} B"
    if nbytes < 1024**2:
        return f"{nbytes / 1024:.1f} KB"
    return f"{nbytes / 1024**2:.1f} MB"
