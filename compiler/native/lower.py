"""From a partition to kernels in the order in which they run."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from ...runtime.blas import Blas
from ..graph import Graph, Unit
from ..kernel.grammar import Body, Store
from ..kernel.schedule import step_of
from ..kernel.terms import Terms, order_of
from ..kinds import Contraction, Movement, Reduction, Scatter
from ..kinds.bounds import IndexBound
from ..scalar import Scalar, Word
from ..structural import CONSTANT, INPUT
from .arrays import Arrays, nest
from .contractions import contraction_body
from .epilogues import Epilogues
from .folds import fold_body, walks_rows
from .kernels import Check, Kernel, Nest, Product
from .layout import Layout, matrices
from .long_folds import Blocks, LongFold, blocks_of
from .many import together
from .partition import Group, Partition
from .products import route
from .rows import RowsBody, UnfitError
from .tiling import Tiling
from .values import Values


class Lowering:
    """Makes kernels of groups; may put more units into memory where a kernel cannot do without.

    Parameters
    ----------
    graph : Graph
        What is compiled.
    partition : Partition
        Its groups; grows by those that turn out to be needed.
    blas : Blas or None
        Which routines there are.
    threads : int
        How many threads may share a kernel.
    """

    def __init__(
        self, graph: Graph, partition: Partition, blas: Blas | None, threads: int = 1
    ) -> None:
        self.graph = graph
        self.partition = partition
        self.blas = blas
        self.threads = threads
        self.arrays = Arrays(graph)

    def kernels(self) -> list[Kernel]:
        """All kernels, each after those that it reads from, checks before what they guard."""
        checks = self._checks()
        kernels: list[Kernel] = []
        for group in self.partition.groups:  # grows while it is walked
            kernel = self._kernel(group)
            if kernel is not None:
                kernels.append(kernel)
        live = [kernel for kernel in kernels if any(u.array_type.size for u in kernel.writes)]
        ordered = self._ordered(live)
        return _guarded(ordered if self.partition.apart else self._joined(ordered), checks)

    def _joined(self, kernels: list[Kernel]) -> list[Kernel]:
        """The kernels, those that are done by blocks or tiles of others, or beside them, in one."""
        kept = {self.partition.root(unit) for unit in self.graph.outputs}
        for step in (Tiling, Epilogues):
            joined = step(kernels, kept, self.partition.root).result()
            kernels = self._ordered(joined) if len(joined) < len(kernels) else joined
        return together(kernels, self.partition.root)

    def _kernel(self, group: Group) -> Kernel | None:
        unit = group.units[-1]
        if group.parts:
            return self._rows(group)
        if isinstance(unit.op, Reduction):
            return self._fold(group)
        if isinstance(unit.op, Contraction):
            return self._product(unit, unit.op)
        if isinstance(unit.op, Scatter):
            return self._scattering(unit, unit.op)
        return self._loop(group)

    def _loop(self, group: Group) -> Nest:
        own = {*group.stored, *group.again}
        terms = Terms(group.units[0].shape)
        values = self._values(terms, terms.indices, own)
        found = {unit: values.here(unit) for unit in group.units}
        where = tuple(terms.indices)
        stores = [Store(self.arrays.of(unit), where, found[unit]) for unit in group.stored]
        body = Body(terms, nest(terms, range(len(terms.extents)), stores))
        return self._nest("loop", body, [values], again=group.again)

    def _nest(
        self,
        sort: str,
        body: Body,
        values: Sequence[Values],
        units: Sequence[Unit] = (),
        again: Iterable[Unit] = (),
    ) -> Nest:
        computed = self._units(values, units)
        results = {key: found for each in values for key, found in each.results.items()}
        return Nest(
            units=computed,
            apart=self._apart(computed),
            again=tuple(sorted(again, key=self.graph.numbers.__getitem__)),
            sort=sort,
            body=body,
            results=results,
        )

    def _rows(self, group: Group) -> Nest | None:
        """The kernel of joined groups; None where they have to be kernels of their own."""
        partition = self.partition
        own = {unit for part in group.parts for unit in part.stored}

        def in_memory(unit: Unit) -> bool:
            """True for what lies there before the kernel runs; not for reshapes of its results."""
            return partition.in_memory(unit) and partition.root(unit) not in own

        rows = RowsBody(group, self.arrays, in_memory, partition.rounded)
        try:
            kernel = self._nest("rows", rows.body(), rows.values, group.units, group.again)
            if walks_rows(kernel.schedule):
                return kernel
            reason = "a row cannot be walked as one loop"
        except UnfitError as unfit:
            reason = str(unfit)
        partition.refusals.note(group.units[-1], f"not by rows: {reason}")
        for part in group.parts:
            stored = [u for u in part.stored if not (u in part.again and u in partition.stored)]
            if stored:
                partition.groups.append(replace(part, stored=stored))
                partition.stored.update(stored)
        return None

    def _fold(self, group: Group) -> Nest:
        unit = group.units[-1]
        (source,) = unit.inputs
        again = group.again
        kernel = self._fold_of(unit, source, again)
        if not walks_rows(kernel.schedule):
            reason = f"{unit.op.name} folds rows in lanes, {source.op.name} does not run along them"
            self.partition.refusals.note(source, reason)
            self._store(source)
            again = set()
            kernel = self._fold_of(unit, source, again)
        blocks = blocks_of(unit)
        return kernel if blocks is None else self._long_fold(unit, source, blocks, again)

    def _fold_of(self, unit: Unit, source: Unit, again: set[Unit]) -> Nest:
        terms = Terms(source.shape)
        values = self._values(terms, terms.indices, again)
        body = fold_body(terms, unit, values.here(source), self.arrays.of(unit))
        return self._nest("fold", body, [values], [unit], again)

    def _long_fold(self, unit: Unit, source: Unit, blocks: Blocks, again: set[Unit]) -> Nest:
        terms, found = Terms(), []

        def element(indices: Sequence[Scalar]) -> Scalar:
            found.append(self._values(terms, indices, again))
            return found[-1].here(source)

        body = LongFold(terms, unit, blocks, element, self.arrays.of(unit)).body()
        return self._nest("fold", body, found, [unit], again)

    def _store(self, unit: Unit) -> None:
        """Give a unit that was to be computed where it is read a kernel of its own."""
        if not self.partition.in_memory(unit):
            self.partition.groups.append(Group([unit], [unit]))
            self.partition.stored.add(unit)

    def _product(self, unit: Unit, op: Contraction) -> Kernel:
        types = [operand.array_type for operand in unit.inputs]
        labels = op.labels(types, unit.attributes)
        pairs = zip((*labels.x, *labels.y), (*types[0].shape, *types[1].shape), strict=True)
        layout = Layout(labels, dict(pairs))
        found = route(unit.array_type.dtype, matrices(layout), self.blas, self.threads)
        if found.matrices is None:
            x, y = (self.arrays.of(operand) for operand in unit.inputs)
            body = contraction_body(layout, x, y, self.arrays.of(unit))
            return self._nest("contraction", body, [], [unit])
        return Product(
            units=(unit,),
            apart=self._apart((unit,)),
            unit=unit,
            layout=layout,
            matrices=found.matrices,
            plan=found.plan,
            pieces=found.pieces,
            last=found.last,
        )

    def _scattering(self, unit: Unit, op: Scatter) -> Nest:
        operand, updates, *_ = unit.inputs
        terms = Terms((*operand.shape, *updates.shape))
        axes = range(len(terms.extents))
        moved = axes[len(operand.shape) :]
        values = self._values(terms, [terms.indices[axis] for axis in moved])
        types = [each.array_type for each in unit.inputs]
        target = op.target(types, unit.attributes)
        where = tuple(values.mapped(index, unit.inputs) for index in target)
        apart = _parting(terms, where, moved)
        own = _shared(terms, axes[: len(operand.shape)], where, apart)
        base = self._values(terms, [terms.indices[axis] for axis in own])
        array, dtype = self.arrays.of(unit), unit.array_type.dtype
        start = Store(array, base.indices, base.here(operand))
        old = terms.make(Word.LOAD, where, dtype, array)
        merged = terms.substitute(order_of(op.merged(dtype)), [old, values.here(updates)])
        step = Store(array, where, merged)
        rows = nest(terms, apart, [step])
        in_order = nest(terms, [axis for axis in moved if axis not in apart], rows, ordered=True)
        statements = (*nest(terms, own, [start]), *in_order)
        return self._nest("scatter", Body(terms, statements), [base, values], [unit])

    def _values(
        self, terms: Terms, indices: Sequence[Scalar], own: AbstractSet[Unit] = frozenset()
    ) -> Values:
        """Expressions that load what lies in memory, but for what the kernel computes itself."""

        def read(unit: Unit, where: Sequence[Scalar]) -> Scalar | None:
            if unit in own or not self.partition.in_memory(unit):
                return None
            array = self.arrays.of(unit)
            return terms.make(Word.LOAD, tuple(where), array.dtype, array)

        return Values(terms, indices, read, self.partition.rounded)

    def _units(self, values: Sequence[Values], more: Sequence[Unit]) -> tuple[Unit, ...]:
        """What is computed, in the graph's order."""
        computed = {unit for each in values for unit in each.computed} | set(more)
        return tuple(sorted(computed, key=self.graph.numbers.__getitem__))

    def _apart(self, units: Sequence[Unit]) -> tuple[str, ...]:
        return self.partition.refusals.of(units)

    def _ordered(self, kernels: Sequence[Kernel]) -> list[Kernel]:
        """The kernels in topological order, close to the graph's own.

        Those that may change rows of an argument where it lies come when nothing else can, so that
        whatever reads the argument has done so.
        """
        writer = {unit: kernel for kernel in kernels for unit in kernel.writes}
        waits: dict[Kernel, int] = {}
        feeds: dict[Kernel, list[Kernel]] = {kernel: [] for kernel in kernels}
        for kernel in kernels:
            roots = {self.partition.root(unit) for unit in kernel.reads}
            before = {writer[root] for root in roots if root in writer}
            waits[kernel] = len(before)
            for each in before:
                feeds[each].append(kernel)
        ready = [(*self._turn(k), i, k) for i, k in enumerate(kernels) if not waits[k]]
        heapq.heapify(ready)
        order = []
        while ready:
            *_, kernel = heapq.heappop(ready)
            order.append(kernel)
            for after in feeds[kernel]:
                waits[after] -= 1
                if not waits[after]:
                    heapq.heappush(ready, (*self._turn(after), len(order), after))
        assert len(order) == len(kernels), "the partition has a cycle"
        return order

    def _turn(self, kernel: Kernel) -> tuple[bool, int]:
        """What a kernel's turn is decided by, among those that can run."""
        roots = map(self.partition.root, kernel.replaceable)
        changes = kernel.kind == "scatter" and any(root.op is INPUT for root in roots)
        return changes, self.graph.numbers[kernel.writes[-1]]

    def _checks(self) -> list[tuple[set[Unit], Check]]:
        """The checks of index arrays, each with the units that it guards."""
        found: dict[tuple[Unit, int], tuple[set[Unit], Check]] = {}
        for unit in self.graph.units:
            if not isinstance(unit.op, (Movement, Scatter)):
                continue
            for bound in unit.op.checked_indices([u.array_type for u in unit.inputs]):
                indices = unit.inputs[bound.position]
                if indices.array_type.size == 0 or self._is_inside(indices, bound):
                    continue
                self._store(indices)
                check = Check(units=(unit,), owner=unit, indices=indices, bound=bound)
                guarded, _ = found.setdefault((indices, bound.extent), (set(), check))
                guarded.add(unit)
        return list(found.values())

    def _is_inside(self, indices: Unit, bound: IndexBound) -> bool:
        """True when the elements are known to lie inside the axis."""
        if indices.op is CONSTANT:
            array = indices.attributes["value"].value
            return bool(((array >= 0) & (array < bound.extent)).all())
        terms = Terms(indices.shape)
        span = terms.range(self._values(terms, terms.indices).here(indices))
        return span is not None and span[0] >= 0 and span[1] < bound.extent


def _parting(terms: Terms, where: Sequence[Scalar], axes: Sequence[int]) -> list[int]:
    """The last axes whose indices are coordinates of the place: no two of their rounds meet."""
    found: list[int] = []
    for axis in reversed(axes):
        own = [place for place in where if place is terms.indices[axis]]
        others = [place for place in where if place is not terms.indices[axis]]
        if terms.extents[axis] != 1 and (
            len(own) != 1 or any(step_of(terms, place, axis) != 0 for place in others)
        ):
            break
        found.insert(0, axis)
    return found


def _shared(
    terms: Terms, own: Sequence[int], where: Sequence[Scalar], apart: Sequence[int]
) -> list[int]:
    """The target's axes, with those for which a parting axis can stand: both are one loop then."""
    parting = {
        id(terms.indices[axis]): axis for axis in apart if terms.indices[axis].word is Word.INPUT
    }
    found = [parting.get(id(place), axis) for axis, place in zip(own, where, strict=True)]
    return [
        there if terms.extents[there] == terms.extents[axis] else axis
        for axis, there in zip(own, found, strict=True)
    ]


def _guarded(kernels: Sequence[Kernel], checks: list[tuple[set[Unit], Check]]) -> list[Kernel]:
    """The kernels with each check before the first that needs it."""
    order: list[Kernel] = []
    pending = list(checks)
    for kernel in kernels:
        computed = set(kernel.units)
        for entry in [entry for entry in pending if entry[0] & computed]:
            pending.remove(entry)
            order.append(entry[1])
        order.append(kernel)
    return order
