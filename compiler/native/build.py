"""Building native programs: graph in, callable out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from ...runtime import team
from ...runtime.blas import blas_threads, find_blas
from ...runtime.direct import Direct
from ...runtime.executable import Executable
from ...runtime.llvm import NativeCode, NativeModule, compile_code, load_code
from ..attributes import FrozenArray
from ..graph import Graph, Unit
from ..kernel.grammar import Statement
from ..kinds.bounds import out_of_bounds
from ..structural import CONSTANT
from . import checks, products
from .calls import Call
from .clock import Clock
from .dividing import Span, is_worth_dividing
from .elements import KernelMemory, Pointers
from .entry import Entry
from .function import METADATA, Function
from .kernels import Check, Kernel, Nest, Product
from .library import declared, objects
from .listing import listing
from .lower import Lowering
from .many import Many, ManyCode
from .memory import MemoryPlan, rounded
from .memory import plan as plan_memory
from .nests import Nests
from .partition import Partition, Partitioner, check, fused
from .place import TEAM, Place
from .recipe import Import, Recipe
from .record import KernelRecord, record
from .tiled import Tiled
from .tiled_code import NestCall, TiledCode

PASSES = ("sroa", "instruction_combine", "simplify_cfg")
"""What kernels need of LLVM before code generation: vectors are written by the emitter."""

OWN = tuple(f"define internal void @{kind}_" for kind in ("product", "window"))
"""How functions begin that a program does not share with others."""


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
        Threads that may share the work, BLAS's among them; by default the process's setting
        (`chainrule.runtime.team.threads`), and BLAS's own.

    Raises
    ------
    UnsupportedError
        For effects, complex numbers, and units that are not plain.
    """
    return _Build(graph, dict(donors or {}), threads).run(partition)


def build_timed(
    graph: Graph, *, donors: Mapping[int, int] | None = None, threads: int | None = None
) -> tuple[NativeProgram, Clock]:
    """`build`, with a clock that notes when kernels begin and end in the program's last run."""
    made = _Build(graph, dict(donors or {}), threads, timed=True)
    program = made.run(fused)
    assert made.clock is not None
    return program, made.clock


class _Build:
    def __init__(
        self, graph: Graph, donors: dict[int, int], threads: int | None, *, timed: bool = False
    ) -> None:
        self.timed = timed
        self.clock: Clock | None = None
        self.graph = graph
        self.donors = donors
        self.threads = threads
        self.team = threads or team.threads()
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
        lowering = Lowering(graph, partition, self.blas, self.team)
        kernels = self._timed("lower", lowering.kernels)
        shared = self._shared(kernels)
        memory = self._timed(
            "memory", lambda: plan_memory(graph, partition, kernels, self.donors, shared)
        )
        emitted = self._timed(
            "emit", lambda: [self._emit(k, partition, memory, k in shared) for k in kernels]
        )
        calls = [call for each in emitted for call in each]
        imports = self._imports(calls, memory)
        numbers = {place: n for n, place in enumerate(imports)}
        if self.timed:
            self.clock = Clock([n for n, own in enumerate(emitted) for _ in own], self.team)
        entry = Entry(graph, memory, calls, numbers, self.team, self.clock)
        code = self._timed("llvm", lambda: self._compiled(entry))
        module = self._timed("load", lambda: load_code(code))
        constants = self._constants(imports)
        recipe = Recipe(entry.arena_bytes, tuple(map(self._import, imports)))
        executable = recipe.executable(
            graph, self.donors, module, constants, self.blas, self._error
        )
        records = tuple(
            record(
                kernel,
                own[0].name,
                products.routine_of(kernel) if isinstance(kernel, Product) else None,
                shared.get(kernel, 1),
            )
            for kernel, own in zip(kernels, emitted, strict=True)
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

    def _compiled(self, entry: Entry) -> NativeCode:
        """The program's own functions, and those that it shares with others."""
        main = entry.write()
        shared = {text for text in self.declarations if text.startswith("define")}
        intrinsics = sorted(self.declarations - shared)
        own = {text for text in shared if text.startswith(OWN)}
        shared = (shared - own) | set(entry.packing.functions)
        parts = [*self.functions.values(), *sorted(own), main]
        parts += [*declared(shared), *intrinsics, METADATA]
        code = compile_code("\n".join(parts), passes=PASSES)
        return replace(code, libraries=objects(shared, intrinsics))

    def _timed(self, phase: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        self.timings[phase] = time.perf_counter() - started
        return result

    def _shared(self, kernels: Sequence[Kernel]) -> dict[Kernel, int]:
        """The kernels that threads share, and how many do."""
        if self.team == 1:
            return {}
        return {
            kernel: self.team
            for kernel in kernels
            if is_worth_dividing(record(kernel, ""), kernel.rounds)
        }

    def _emit(
        self, kernel: Kernel, partition: Partition, memory: MemoryPlan, divided: bool
    ) -> list[Call]:
        """Write a kernel, unless the same one is there already; returns the calls that do it."""
        pointers = Pointers(lambda unit: memory.places[partition.root(unit)])
        scratch = memory.scratch[kernel]
        if isinstance(kernel, Nest):
            alone = not divided and not kernel.parts
            function = _nest(kernel, kernel.schedule.first, pointers, scratch, alone=alone)
        elif isinstance(kernel, Product):
            function = products.emit(kernel, pointers, scratch, self.blas, self._routine(kernel))
        elif isinstance(kernel, Tiled):
            function = TiledCode(kernel, pointers, scratch, self._member).write()
        elif isinstance(kernel, Many):
            function = ManyCode(kernel, pointers, self._member).write()
        else:
            assert isinstance(kernel, Check)
            function = checks.emit(kernel, pointers)
        name = self._named(kernel, function, pointers, bounds=kernel.rounds is not None)
        working = dict(zip(scratch, map(rounded, kernel.scratch), strict=False))
        parts = zip(scratch[len(working) :], map(rounded, kernel.shared), strict=True)

        def span(unit: Unit) -> Span:
            root = partition.root(unit)
            return Span(memory.places[root], root.array_type.nbytes)

        whole = [Span(place, self.team * nbytes) for place, nbytes in working.items()]
        whole += [Span(place, nbytes) for place, nbytes in parts]
        call = Call(
            name,
            tuple(pointers.places),
            tuple(span(unit) for unit in kernel.reads if unit.array_type.size),
            (*(span(unit) for unit in kernel.writes if unit.array_type.size), *whole),
            kernel.rounds,
            divided,
            kernel.grain,
            working,
            self.checks.index(kernel) if isinstance(kernel, Check) else None,
        )
        if not isinstance(kernel, Nest) or not kernel.schedule.after:
            return [call]
        pointers = Pointers(pointers.place)
        function = _nest(kernel, kernel.schedule.after, pointers, scratch)
        name, places = self._named(kernel, function, pointers), tuple(pointers.places)
        return [call, replace(call, name=name, places=places, rounds=None, divided=False)]

    def _member(self, kernel: Nest, pointers: Pointers, scratch: Sequence[Place]) -> NestCall:
        """A nest as a function that another kernel calls."""
        function = _nest(kernel, kernel.schedule.first, pointers, scratch)
        name = self._named(kernel, function, pointers, bounds=True)
        return NestCall(name, tuple(pointers.places))

    def _named(
        self, kernel: Kernel, function: Function, pointers: Pointers, *, bounds: bool = False
    ) -> str:
        """A kernel's function under the name of its content."""
        result, end, extra = "void", "ret void", ["i64 %from", "i64 %to"] if bounds else []
        if isinstance(kernel, Check):
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
        name = f"{kernel.kind}_{digest}"
        self.functions.setdefault(name, text.replace("@NAME(", f"@{name}(", 1))
        self.declarations |= function.declarations
        return name

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
        if any(call.divided for call in calls):
            used.update(TEAM.values())
        return sorted(place for place in used if place.kind in ("constant", "routine", "team"))

    def _import(self, place: Place) -> Import:
        if place.kind == "routine":
            return Import("routine", self.routines[place.number])
        if place.kind == "team":
            return Import("team", team.CALLED[place.number])
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


def _nest(
    kernel: Nest,
    statements: Sequence[Statement],
    pointers: Pointers,
    scratch: Sequence[Place],
    alone: bool = False,
) -> Function:
    """The function of some of the kernel's statements; of all rounds where it runs alone.

    Where the rounds end is then known, and so is whether a vector of some lanes is left.
    """
    working = dict(zip((*kernel.working, *kernel.parts), scratch, strict=True))
    memory = KernelMemory(Function(), pointers, working)
    schedule = replace(kernel.schedule, divided=None) if alone else kernel.schedule
    return Nests(kernel.body, schedule, memory, memory.function).write(statements)
