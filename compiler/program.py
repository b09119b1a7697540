"""A program: the compiled form of one graph, and everything there is to ask about it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from .errors import ArgumentError, UnsupportedError
from .explain import explain
from .graph import Graph
from .interpret import checked_input, evaluate
from .pipeline import DEFAULT_PASSES, Pass, optimise


class Backend(Protocol):
    """What runs a graph: arrays in, arrays out."""

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """The outputs for these inputs."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Times of whole calls, in seconds.

    Attributes
    ----------
    calls : int
        How many were timed, after one that was not.
    best, median : float
        Seconds of a call of the program itself.
    """

    calls: int
    best: float
    median: float

    def __str__(self) -> str:
        return f"best {1e6 * self.best:.1f} us, median {1e6 * self.median:.1f} us of {self.calls}"


class Program:
    """An executable graph.

    Attributes
    ----------
    traced : Graph
        As the user wrote it.
    graph : Graph
        After the last pass.
    passes : tuple of PassRecord
        Each pass: name, graph before and after, seconds, rules applied and refused.
    backend : str
        ``"native"`` or ``"reference"``.
    compile_seconds : float
        Passes and code generation together.
    """

    def __init__(
        self,
        traced: Graph,
        *,
        backend: str = "native",
        passes: Sequence[Pass] = DEFAULT_PASSES,
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
        self.graph, self.passes = optimise(traced, passes, check=check)
        self.donors = dict(donors or {})
        self._leaves = leaves
        self.run = BACKENDS[backend](self.graph, self.donors, threads)
        self.compile_seconds = time.perf_counter() - started

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """The outputs for the graph's inputs in order.

        Raises
        ------
        ArgumentError
            When the arrays do not fit the inputs.
        """
        inputs = self.graph.inputs
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
        return explain(self)

    def profile(self, *args: Any, calls: int = 50) -> Profile:
        """Time whole calls on copies of these arguments, so that donation does no harm.

        The arguments are those of the compiled function; of a program made from a graph, the
        graph's inputs.
        """
        types = [unit.array_type.dtype.numpy for unit in self.graph.inputs]
        leaves = self._leaves(args)
        arrays = [np.asarray(leaf, dtype) for leaf, dtype in zip(leaves, types, strict=True)]
        times = []
        self(copy.deepcopy(arrays))
        for _ in range(calls):
            given = copy.deepcopy(arrays)
            started = time.perf_counter()
            self.run(given)
            times.append(time.perf_counter() - started)
        timed = sorted(times)
        return Profile(calls, timed[0], timed[len(timed) // 2])

    def _native(self) -> Any:
        if self.backend != "native":
            raise UnsupportedError(f"the {self.backend} backend has no kernels to show")
        return self.run

    def __repr__(self) -> str:
        return f"<Program {self.graph.name}: {len(self.graph)} units, {self.backend}>"


def _reference(graph: Graph, donors: Mapping[int, int], threads: int | None) -> Backend:
    # Copies: an output may be an input, a constant, or a view of either.
    return lambda arrays: [np.array(output, order="C") for output in evaluate(graph, arrays)]


def _native(graph: Graph, donors: Mapping[int, int], threads: int | None) -> Backend:
    from .native.build import build

    return build(graph, donors=donors, threads=threads)


Make = Callable[[Graph, Mapping[int, int], "int | None"], Backend]
BACKENDS: dict[str, Make] = {"native": _native, "reference": _reference}
