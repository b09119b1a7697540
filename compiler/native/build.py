"""Building native programs: graph in, callable out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from ...runtime.blas import blas_threads, find_blas
from ...runtime.direct import Direct
from ...runtime.executable import Executable
from ...runtime.llvm import NativeCode, NativeModule, compile_code, load_code
from ..attributes import FrozenArray
from ..graph import Graph, Unit
from ..kinds.bounds import out_of_bounds
from ..structural import CONSTANT
from . import folds, loops, products, scatters
from .elements import Pointers
from .entry import Call, Entry
from .function import METADATA, Function
from .kernels import Check, Fold, Kernel, Loop, Product, Scattering
from .listing import listing
from .lower import Lowering
from .memory import MemoryPlan
from .memory import plan as plan_memory
from .partition import Partition, Partitioner, check, fused
from .place import Place
from .recipe import Import, Recipe
from .record import KernelRecord, record


class NativeProgram:
    """A graph as machine code.

    Attributes
    ----------
    graph : Graph
        What it computes.
    executable : Executable
        Takes a list of arrays to a list of arrays.
    kernels : tuple of KernelRecord
        In the order in which they run.
    memory : MemoryPlan
        Where each buffer lies.
    timings : dict of str to float
        Seconds of each phase of compilation.
    threads : int or None
        How many threads BLAS may use; None leaves its own setting.
    recipe : Recipe
        What makes the executable of the machine code.
    constants : dict of str to FrozenArray
        Those that the recipe imports, by digest.
    error : callable
        ``error(check, index)``: the exception for an index that a check found.
    """

    def __init__(
        self,
        graph: Graph,
        executable: Executable,
        kernels: tuple[KernelRecord, ...],
        memory: MemoryPlan,
        timings: Mapping[str, float],
        threads: int | None,
        module: NativeModule,
        recipe: Recipe,
        constants: Mapping[str, FrozenArray],
        error: Callable[[int, int], Exception],
    ) -> None:
        self.graph = graph
        self.executable = executable
        self.kernels = kernels
        self.memory = memory
        self.timings = dict(timings)
        self.threads = threads if recipe.calls_blas else None
        self.recipe = recipe
        self.constants = dict(constants)
        self.error = error
        self._module = module

    @property
    def code(self) -> NativeCode:
        """The machine code before loading."""
        return self._module.code

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """The outputs for these inputs, which have the graph's types."""
        if self.threads is None:
            return self.executable(arrays)
        with blas_threads(self.threads):
            return self.executable(arrays)

    @property
    def direct(self) -> Direct | None:
        """The call without Python code, where nothing stands around the native entry."""
        return self.executable.direct if self.threads is None else None

    def source(self) -> str:
        """The kernels as structured pseudo-Python, with the user's lines beside them."""
        return listing(self.graph, self.kernels)

    def llvm(self) -> str:
        """The optimised LLVM IR."""
        return self._module.optimised_ir()

    def asm(self) -> str:
        """The machine code as assembly."""
        return self._module.assembly()


def build(
    graph: Graph,
    *,
    partition: Partitioner = fused,
    donors: Mapping[int, int] | None = None,
    threads: int | None = None,
) -> NativeProgram:
    """Compile a graph of plain units.

    Parameters
    ----------
    graph : Graph
        Elementwise units, reductions, movements, contractions, scatters and constants; calls,
        transforms and composites opened before.
    partition : callable
        ``fused``, ``unfused``, or another function from a graph to its `Partition`.
    donors : mapping of int to int
        Outputs that take an input's memory.
    threads : int, optional
        Threads of BLAS during a call; its own setting by default. Other loops run on one.

    Raises
    ------
    UnsupportedError
        For effects, complex numbers, and units that are not plain.
    """
    return _Build(graph, dict(donors or {}), threads).run(partition)


class _Build:
    def __init__(self, graph: Graph, donors: dict[int, int], threads: int | None) -> None:
        self.graph = graph
        self.donors = donors
        self.threads = threads
        self.blas = find_blas()
        self.timings: dict[str, float] = {}
        self.functions: dict[str, str] = {}
        self.declarations: set[str] = set()
        self.routines: list[str] = []
        self.checks: list[Check] = []

    def run(self, partitioner: Partitioner) -> NativeProgram:
        graph = self.graph
        check(graph)
        partition = self._timed("partition", lambda: partitioner(graph))
        lowering = Lowering(graph, partition, self.blas, self._blas_threads())
        kernels = self._timed("lower", lowering.kernels)
        memory = self._timed("memory", lambda: plan_memory(graph, partition, kernels, self.donors))
        calls = self._timed("emit", lambda: [self._emit(k, partition, memory) for k in kernels])
        imports = self._imports(calls, memory)
        entry = Entry(graph, memory, calls, {place: n for n, place in enumerate(imports)})
        parts = [*self.functions.values(), entry.write(), *sorted(self.declarations), METADATA]
        text = "\n".join(parts)
        code = self._timed("llvm", lambda: compile_code(text))
        module = self._timed("load", lambda: load_code(code))
        constants = self._constants(imports)
        recipe = Recipe(entry.arena_bytes, tuple(map(self._import, imports)))
        executable = recipe.executable(
            graph, self.donors, module, constants, self.blas, self._error
        )
        records = tuple(
            record(kernel, call.name, products.routine_of(kernel))
            if isinstance(kernel, Product)
            else record(kernel, call.name)
            for kernel, call in zip(kernels, calls, strict=True)
        )
        return NativeProgram(
            graph,
            executable,
            records,
            memory,
            self.timings,
            self.threads,
            module,
            recipe,
            constants,
            self._error,
        )

    def _blas_threads(self) -> int:
        """How many threads BLAS will use."""
        if self.threads is not None or self.blas is None:
            return self.threads or 1
        return self.blas.get_num_threads()

    def _timed(self, phase: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        self.timings[phase] = time.perf_counter() - started
        return result

    def _emit(self, kernel: Kernel, partition: Partition, memory: MemoryPlan) -> Call:
        """Write a kernel, unless the same one is there already; returns how to call it."""
        pointers = Pointers(lambda unit: memory.places[partition.root(unit)])
        scratch = memory.scratch[kernel]
        numbers: tuple[int, ...] = ()
        if isinstance(kernel, Loop):
            function, numbers = loops.emit(kernel, pointers)
        elif isinstance(kernel, Fold):
            function = folds.emit(kernel, pointers, scratch)
        elif isinstance(kernel, Product):
            function = products.emit(kernel, pointers, scratch, self.blas, self._routine(kernel))
        elif isinstance(kernel, Scattering):
            function = scatters.emit(kernel, pointers)
        else:
            assert isinstance(kernel, Check)
            function = scatters.emit_check(kernel, pointers)
        return self._named(kernel, function, pointers, numbers)

    def _named(
        self, kernel: Kernel, function: Function, pointers: Pointers, numbers: tuple[int, ...]
    ) -> Call:
        """The kernel under the name of its content."""
        fails = None
        result, end, extra = "void", "ret void", [f"i64 %n{i}" for i in range(len(numbers))]
        if isinstance(kernel, Check):
            fails = len(self.checks)
            self.checks.append(kernel)
            result, end, extra = "i1", "ret i1 false", ["ptr noalias %code"]
        parameters = [
            f"ptr noalias{' align 64' if place.aligned else ''}"
            f"{'' if place in pointers.written else ' readonly'} {name}"
            for place, name in pointers.places.items()
        ]
        head = f"define internal {result} @NAME({', '.join([*parameters, *extra])})"
        text = f"{head} noinline nounwind {{\n{function.body()}\n  {end}\n}}"
        digest = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
        name = f"{type(kernel).__name__.lower()}_{digest}"
        self.functions.setdefault(name, text.replace("@NAME(", f"@{name}(", 1))
        self.declarations |= function.declarations
        return Call(name, tuple(pointers.places), numbers, fails)

    def _routine(self, kernel: Product) -> Place:
        """The entry of the import table for the routine that a product calls."""
        name = products.routine_of(kernel)
        if name is None:
            return Place("routine", -1)
        if name not in self.routines:
            self.routines.append(name)
        return Place("routine", self.routines.index(name))

    def _imports(self, calls: Sequence[Call], memory: MemoryPlan) -> list[Place]:
        """What the import table holds: constants and routines that are used."""
        used = {place for call in calls for place in call.places}
        used |= {source for source, _, _ in (*memory.early_copies, *memory.late_copies)}
        return sorted(place for place in used if place.kind in ("constant", "routine"))

    def _import(self, place: Place) -> Import:
        if place.kind == "routine":
            return Import("routine", self.routines[place.number])
        return Import("constant", self._constant(place).digest)

    def _constants(self, imports: Sequence[Place]) -> dict[str, FrozenArray]:
        """The imported constants by digest."""
        arrays = [self._constant(place) for place in imports if place.kind == "constant"]
        return {array.digest: array for array in arrays}

    def _constant(self, place: Place) -> FrozenArray:
        array: FrozenArray = self._constant_units[place.number].attributes["value"]
        return array

    @cached_property
    def _constant_units(self) -> list[Unit]:
        return [unit for unit in self.graph.units if unit.op is CONSTANT]

    def _error(self, check: int, index: int) -> Exception:
        """The error for an index that a check found."""
        kernel = self.checks[check]
        _, axis, extent = kernel.bound
        owner = kernel.owner
        frames = sorted(self.graph.origin(owner).frames, key=str)
        error = out_of_bounds(index, axis, extent)
        error.frame = frames[0] if frames else None
        operand = f"{owner.op.parameters[0]}   {owner.inputs[0].type}"
        return error.within(owner.op.name, [operand])
