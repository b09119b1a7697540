"""A program: the compiled form of one graph, and everything there is to ask about it."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .errors import ArgumentError, UnsupportedError
from .graph import Graph
from .interpret import checked_input, evaluate
from .profile import Profile, events_of, kernel_times
from .sources import UnreadableError

if TYPE_CHECKING:
    from .native.build import NativeProgram
    from .pipeline import Pass, PassRecord


VERIFY = "CHAINRULE_VERIFY"
"""The environment variable that asks for a check of the graph after each pass."""


class Backend(Protocol):
    """What runs a graph: arrays in, arrays out."""

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """The outputs for these inputs."""


class Program:
    """An executable graph.

    Attributes
    ----------
    traced : Graph
        As the user wrote it.
    backend : str
        ``"native"`` or ``"reference"``.
    compile_seconds : float
        Passes and code generation together, or loading from the disk cache.
    cache : str
        What the disk cache did: ``"loaded"``, ``"stored"``, or why neither.
    """

    def __init__(
        self,
        traced: Graph,
        *,
        backend: str = "native",
        passes: Sequence[Pass] | None = None,
        donors: Mapping[int, int] | None = None,
        threads: int | None = None,
        leaves: Callable[[Sequence[Any]], Sequence[Any]] = list,
        check: bool = False,
    ) -> None:
        if backend not in BACKENDS:
            known = " or ".join(map(repr, BACKENDS))
            raise ArgumentError(f"backend is {backend!r}, wanted {known}")
        started = time.perf_counter()
        self.traced = traced
        self.backend = backend
        self.donors = dict(donors or {})
        self.threads = threads
        self.check = check or bool(os.environ.get(VERIFY))
        self.cache = "not asked"
        self._passes = None if passes is None else tuple(passes)
        self._leaves = leaves
        self.run = BACKENDS[backend](self)
        self.compile_seconds = time.perf_counter() - started

    @cached_property
    def _optimised(self) -> tuple[Graph, tuple[PassRecord, ...]]:
        """What the passes made; a program out of the cache runs them when somebody looks."""
        from .pipeline import DEFAULT_PASSES, optimise

        passes = DEFAULT_PASSES if self._passes is None else self._passes
        return optimise(self.traced, passes, check=self.check)

    @property
    def graph(self) -> Graph:
        """The graph after the last pass."""
        return self._optimised[0]

    @property
    def passes(self) -> tuple[PassRecord, ...]:
        """Each pass: name, graph before and after, seconds, rules applied and refused."""
        return self._optimised[1]

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """The outputs for the graph's inputs in order.

        Raises
        ------
        ArgumentError
            When the arrays do not fit the inputs.
        """
        inputs = self.traced.inputs
        if len(arrays) != len(inputs):
            raise ArgumentError(f"got {len(arrays)} arguments, wanted {len(inputs)}")
        return self.run([checked_input(*pair) for pair in zip(inputs, arrays, strict=True)])

    @property
    def direct(self) -> Callable[[list[Any]], list[Any] | None] | None:
        """The call without Python code between: a list of arrays to a list of results.

        It returns None before anything happened where a call is unusual (arrays of other types,
        donated ones that must not be written): calling the program takes any. There is none
        where the program runs in NumPy, or sets the threads of BLAS around each call.
        """
        found: Callable[[list[Any]], list[Any] | None] | None = getattr(self.run, "direct", None)
        return found

    @cached_property
    def kernels(self) -> tuple[Any, ...]:
        """The kernels in the order they run."""
        return tuple(self._native().kernels)

    @property
    def memory(self) -> Any:
        """The arena plan: each buffer with its unit, size, place and lifetime."""
        return self._native().memory

    def source(self) -> str:
        """The kernels as structured pseudo-Python, with the user's lines beside them."""
        source: str = self._native().source()
        return source

    def llvm(self) -> str:
        """The optimised LLVM IR."""
        text: str = self._native().llvm()
        return text

    def asm(self) -> str:
        """The machine code as assembly."""
        text: str = self._native().asm()
        return text

    def explain(self) -> str:
        """What was collapsed, fused, kept apart, reused and why."""
        from .explain import explain

        return explain(self)

    def profile(self, *args: Any, calls: int = 50) -> Profile:
        """Time calls and the kernels inside, on copies of these arguments: donation does no harm.

        Kernels are timed in a second program that reads the CPU's counter around each; the profile
        gives its best time beside that of the program itself, so that the timers' cost is seen.
        The arguments are those of the compiled function; of a program made from a graph, the
        graph's inputs.

        Examples
        --------
        >>> import numpy as np
        >>> import chainrule as cr
        >>> x = np.ones((100, 100))
        >>> profile = cr.compile(lambda x: np.tanh(x) @ x).program(x).profile(x, calls=3)
        >>> [kernel.summary.split()[0] for kernel in profile.kernels]
        ['loop', 'product']
        """
        types = [unit.array_type.dtype.numpy for unit in self.traced.inputs]
        leaves = self._leaves(args)
        arrays = [np.asarray(leaf, dtype) for leaf, dtype in zip(leaves, types, strict=True)]
        self(copy.deepcopy(arrays))
        whole = sorted(_seconds(self.run, arrays, calls))
        if self.backend != "native":
            return Profile(calls, whole[0], whole[len(whole) // 2])
        from .native.build import build_timed
        from .native.clock import ticks

        timed, clock = build_timed(self.graph, donors=self.donors, threads=self.threads)
        timed(copy.deepcopy(arrays))
        first, started, runs = ticks(), time.perf_counter(), []
        times = _seconds(timed, arrays, calls, lambda: runs.append(clock.take()))
        second = (ticks() - first) / (time.perf_counter() - started)
        fastest = runs[times.index(min(times))]
        return Profile(
            calls,
            whole[0],
            whole[len(whole) // 2],
            min(times),
            kernel_times(timed.kernels, clock.owners, np.stack(runs), second),
            events_of(clock.owners, fastest, second),
        )

    def _native(self) -> Any:
        if self.backend != "native":
            raise UnsupportedError(f"the {self.backend} backend has no kernels to show")
        return self.run

    def __repr__(self) -> str:
        return f"<Program {self.traced.name}: {len(self.traced)} units traced, {self.backend}>"


def _seconds(
    run: Backend, arrays: Sequence[Any], calls: int, after: Callable[[], None] = lambda: None
) -> list[float]:
    """Times of calls, each on fresh copies; `after` runs between them."""
    times = []
    for _ in range(calls):
        given = copy.deepcopy(arrays)
        started = time.perf_counter()
        run(given)
        times.append(time.perf_counter() - started)
        after()
    return times


def _reference(program: Program) -> Backend:
    # Copies: an output may be an input, a constant, or a view of either.
    return lambda arrays: [np.array(out, order="C") for out in evaluate(program.graph, arrays)]


def _native(program: Program) -> Backend:
    """The program out of the disk cache, else compiled and kept there."""
    from ..runtime.cache import store
    from .native.cached import load, save
    from .native.key import program_key

    kept = store()
    if kept is None:
        program.cache = "switched off"
        return _built(program)
    try:
        key = program_key(program.traced, program._passes, program.donors, program.threads)
    except UnreadableError as error:
        program.cache = f"not used: {error}"
        return _built(program)
    if not program.check:  # a check is of the passes, so they have to run
        loaded = load(
            kept, key, program.traced, program.donors, program.threads, lambda: _built(program)
        )
        if loaded is not None:
            program.cache = "loaded"
            return loaded
    built = _built(program)
    stored = save(kept, key, program.traced, built)
    program.cache = "stored" if stored else "not used: the folder cannot be written"
    return built


def _built(program: Program) -> NativeProgram:
    from .native.build import build

    return build(program.graph, donors=program.donors, threads=program.threads)


BACKENDS: dict[str, Callable[[Program], Backend]] = {"native": _native, "reference": _reference}
