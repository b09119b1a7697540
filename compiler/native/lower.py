"""From a partition to kernels in the order in which they run."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from ...runtime.blas import Blas
from ..graph import Graph, Unit
from ..kinds import Contraction, Movement, Reduction, Scatter
from ..kinds.bounds import IndexBound
from ..structural import CONSTANT
from .folds import walks_rows
from .kernels import Check, Fold, Kernel, Loop, Product, Scattering
from .layout import Layout, matrices
from .partition import Group, Partition
from .products import route
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
        How many threads they may use.
    """

    def __init__(
        self, graph: Graph, partition: Partition, blas: Blas | None, threads: int = 1
    ) -> None:
        self.graph = graph
        self.partition = partition
        self.blas = blas
        self.threads = threads

    def kernels(self) -> list[Kernel]:
        """All kernels, each after those that it reads from, checks before what they guard."""
        checks = self._checks()
        kernels = []
        for group in self.partition.groups:  # grows while it is walked
            kernels.append(self._kernel(group))
        live = [kernel for kernel in kernels if any(u.array_type.size for u in kernel.writes)]
        return _guarded(self._ordered(live), checks)

    def _kernel(self, group: Group) -> Kernel:
        unit = group.units[-1]
        if isinstance(unit.op, Reduction):
            return self._fold(unit)
        if isinstance(unit.op, Contraction):
            return self._product(unit, unit.op)
        if isinstance(unit.op, Scatter):
            return self._scattering(unit, unit.op)
        return self._loop(group)

    def _loop(self, group: Group) -> Loop:
        own = set(group.stored)
        values = self._values(group.units[0].shape, own)
        found = {unit: values.here(unit) for unit in group.units}
        stores = tuple((unit, found[unit]) for unit in group.stored)
        units = self._units(values)
        return Loop(units=units, apart=self._apart(units), values=values, stores=stores)

    def _fold(self, unit: Unit) -> Fold:
        (source,) = unit.inputs
        kernel = self._fold_of(unit, source)
        if walks_rows(kernel):
            return kernel
        reason = f"{unit.op.name} folds rows in lanes, {source.op.name} does not run along them"
        self.partition.refusals.note(source, reason)
        self._store(source)
        return self._fold_of(unit, source)

    def _fold_of(self, unit: Unit, source: Unit) -> Fold:
        values = self._values(source.shape)
        element = values.here(source)
        units = (*self._units(values), unit)
        return Fold(
            units=units, apart=self._apart(units), unit=unit, values=values, element=element
        )

    def _store(self, unit: Unit) -> None:
        """Give a unit that was to be computed where it is read a kernel of its own."""
        if not self.partition.in_memory(unit):
            self.partition.groups.append(Group([unit], [unit]))
            self.partition.stored.add(unit)

    def _product(self, unit: Unit, op: Contraction) -> Product:
        types = [operand.array_type for operand in unit.inputs]
        labels = op.labels(types, unit.attributes)
        pairs = zip((*labels.x, *labels.y), (*types[0].shape, *types[1].shape), strict=True)
        layout = Layout(labels, dict(pairs))
        found, plan = route(unit.array_type.dtype, matrices(layout), self.blas, self.threads)
        return Product(
            units=(unit,),
            apart=self._apart((unit,)),
            unit=unit,
            layout=layout,
            matrices=found,
            plan=plan,
        )

    def _scattering(self, unit: Unit, op: Scatter) -> Scattering:
        operand, updates, *_ = unit.inputs
        base, values = self._values(operand.shape), self._values(updates.shape)
        types = [each.array_type for each in unit.inputs]
        target = op.target(types, unit.attributes)
        start = base.here(operand)
        update = values.here(updates)
        where = tuple(values.mapped(index, unit.inputs) for index in target)
        units = (*self._units(base, values), unit)
        return Scattering(
            units=units,
            apart=self._apart(units),
            unit=unit,
            base=(base, start),
            values=values,
            update=update,
            target=where,
        )

    def _values(self, extents: Sequence[int], own: set[Unit] | None = None) -> Values:
        """Expressions that load what lies in memory, but for the kernel's own results."""
        mine = own or set()
        return Values(extents, lambda unit: unit not in mine and self.partition.in_memory(unit))

    def _units(self, *values: Values) -> tuple[Unit, ...]:
        """What is computed, in the graph's order."""
        computed = {unit for each in values for unit in each.computed}
        return tuple(sorted(computed, key=self.graph.numbers.__getitem__))

    def _apart(self, units: Sequence[Unit]) -> tuple[str, ...]:
        return self.partition.refusals.of(units)

    def _ordered(self, kernels: Sequence[Kernel]) -> list[Kernel]:
        """The kernels in topological order, close to the graph's own."""
        numbers = self.graph.numbers
        writer = {unit: kernel for kernel in kernels for unit in kernel.writes}
        waits: dict[Kernel, int] = {}
        feeds: dict[Kernel, list[Kernel]] = {kernel: [] for kernel in kernels}
        for kernel in kernels:
            roots = {self.partition.root(unit) for unit in kernel.reads}
            before = {writer[root] for root in roots if root in writer}
            waits[kernel] = len(before)
            for each in before:
                feeds[each].append(kernel)
        ready = [(numbers[k.writes[-1]], i, k) for i, k in enumerate(kernels) if not waits[k]]
        heapq.heapify(ready)
        order = []
        while ready:
            _, _, kernel = heapq.heappop(ready)
            order.append(kernel)
            for after in feeds[kernel]:
                waits[after] -= 1
                if not waits[after]:
                    heapq.heappush(ready, (numbers[after.writes[-1]], len(order), after))
        assert len(order) == len(kernels), "the partition has a cycle"
        return order

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
        values = self._values(indices.shape)
        span = values.terms.range(values.here(indices))
        return span is not None and span[0] >= 0 and span[1] < bound.extent


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
