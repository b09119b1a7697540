"""Compilation: a function becomes a program on its first call of each signature."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import update_wrapper
from threading import RLock
from types import MethodType
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ..compiler.builder import current
from ..compiler.errors import ArgumentError, RecompilationWarning
from ..compiler.program import Program
from ..compiler.provenance import user_frame
from ..compiler.structural import CALL
from ..compiler.types import ArrayType
from ..compiler.value import Value
from ..runtime.frames import warn
from .arguments import (
    Call,
    Parameters,
    ShapeDtype,
    as_names,
    check_names,
    is_unlike_arrays,
    leaf_type,
)
from .captures import Captures
from .integers import check_integers, common_range, integer_casts
from .pytree import Structure, unflatten
from .recent import MISS, Recent, recent_call
from .subprograms import emit
from .trace import trace_leaves

if TYPE_CHECKING:
    from ..compiler.pipeline import Pass

PROGRAMS_KEPT = 64
RECENT_CALLS = 4
RECOMPILATIONS_BEFORE_WARNING = 8


@overload
def compile(function: Callable[..., Any], /) -> Compiled: ...
@overload
def compile(
    *,
    static_argnames: str | Sequence[str] = (),
    donate_argnames: str | Sequence[str] = (),
    threads: int | None = None,
    passes: Sequence[Pass] | None = None,
    backend: str = "native",
) -> Callable[[Callable[..., Any]], Compiled]: ...
@overload
def compile(
    function: Callable[..., Any],
    /,
    *,
    static_argnames: str | Sequence[str] = (),
    donate_argnames: str | Sequence[str] = (),
    threads: int | None = None,
    passes: Sequence[Pass] | None = None,
    backend: str = "native",
) -> Compiled: ...
def compile(
    function: Callable[..., Any] | None = None,
    /,
    *,
    static_argnames: str | Sequence[str] = (),
    donate_argnames: str | Sequence[str] = (),
    threads: int | None = None,
    passes: Sequence[Pass] | None = None,
    backend: str = "native",
) -> Any:
    """Make `function` run as one native program.

    Parameters
    ----------
    function : callable
        Of pytrees of arrays and numbers; functions, methods, partials. Left out in decorator use.
    static_argnames : str or sequence of str
        Arguments that are Python values: a new value is a new program.
    donate_argnames : str or sequence of str
        Arguments whose arrays may be overwritten by results of the same shape and dtype.
    threads : int, optional
        Threads that may share the work of a call, the caller's among them; the results do not
        depend on it. By default as many as ``CHAINRULE_THREADS`` says, or as there are CPUs.
    passes : sequence of Pass, optional
        Passes in order, in the place of `chainrule.compiler.pipeline.DEFAULT_PASSES`.
    backend : str
        ``"native"``, or ``"reference"`` to run the graph in NumPy.

    Returns
    -------
    Compiled
        A callable that traces once per signature: pytree structure, shapes and dtypes, static
        values, digest of captured constants.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> @cr.compile
    ... def scaled(x):
    ...     return x * 2
    >>> scaled(np.arange(3.0))
    array([0., 2., 4.])
    """
    if function is None:
        return lambda f: Compiled(f, static_argnames, donate_argnames, threads, passes, backend)
    return Compiled(function, static_argnames, donate_argnames, threads, passes, backend)


class _Plan:
    """A program, the structure of its results, and the dtypes that leaves are converted to.

    A dtype is None where every leaf of the signature is an array as the program reads it.
    """

    __slots__ = ("called", "casts", "conversions", "output", "program", "recent", "written")

    def __init__(self, program: Program, output: Structure, conversions: Sequence[Any]) -> None:
        self.program = program
        self.output = output
        self.conversions = tuple(conversions)
        self.casts = integer_casts(program.traced)
        self.called = self.written = False
        self.recent: Recent | None = None


class Compiled:
    """A function with its programs; see `compile`.

    Attributes
    ----------
    recompilations : int
        How many programs were made after the first.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        static_argnames: str | Sequence[str],
        donate_argnames: str | Sequence[str],
        threads: int | None,
        passes: Sequence[Pass] | None,
        backend: str,
    ) -> None:
        self.function = function
        self.parameters = Parameters(function, static_argnames)
        self.donated = as_names(donate_argnames)
        check_names(self.parameters.signature, self.donated, self.parameters.name)
        if threads is not None and not (isinstance(threads, int) and threads >= 1):
            raise ArgumentError(f"threads is {threads!r}, wanted a whole number from 1")
        both = set(self.donated) & set(self.parameters.static)
        if both:
            raise ArgumentError(f"{sorted(both)[0]} cannot be both static and donated")
        self.threads = threads
        self.passes = passes if passes is None else tuple(passes)
        self.backend = backend
        self.recompilations = 0
        self._plans: OrderedDict[Any, _Plan] = OrderedDict()
        self._captures: Captures | None = None
        self._written: list[Any] = []  # lists and sets that tracing changes
        # Recent calls, and the captures under which they hold: replaced together.
        self._recent: tuple[Captures | None, tuple[Recent, ...]] = None, ()
        self._latest: dict[str, Any] | None = None
        self._methods: dict[int, Compiled] = {}
        self._lock = RLock()
        update_wrapper(self, function, updated=())  # its attributes could hide our own

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Methods: each instance has its own programs, and its attributes are captured."""
        if instance is None:
            return self
        if id(instance) not in self._methods:
            self._methods[id(instance)] = Compiled(
                MethodType(self.function, _weakly(instance)),
                self.parameters.static,
                self.donated,
                self.threads,
                self.passes,
                self.backend,
            )
            weakref.finalize(instance, self._methods.pop, id(instance), None)
        return CompiledMethod(self._methods[id(instance)], instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        captures, recents = self._recent
        if captures is not None and captures.unchanged() and current() is None:
            for recent in recents:
                result = recent(args, kwargs)
                if result is not MISS:
                    return result
        return self._looked_up(args, kwargs)

    def _looked_up(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Any call: its program by structure and types, made if there is none."""
        call = self.parameters.take_apart(args, kwargs)
        if current() is not None or any(isinstance(leaf, Value) for leaf in call.leaves):
            return self._inside_a_trace(call)
        captures = self._captures_now()
        plan = self._plan(call, captures)
        if plan.casts:
            check_integers(plan.casts, call.leaves, self.parameters.leaf_names(call.structure))
        try:
            arrays = [
                leaf if dtype is None else np.asarray(leaf, dtype)
                for leaf, dtype in zip(call.leaves, plan.conversions, strict=True)
            ]
        except OverflowError:
            self._types(call)  # names the argument
            raise
        result = unflatten(plan.output, plan.program.run(arrays))
        if plan.called:  # many programs are called once
            self._remember(captures, plan, (args, kwargs), call, result)
        plan.called = True
        return result

    def _remember(
        self,
        captures: Captures,
        plan: _Plan,
        arguments: tuple[tuple[Any, ...], dict[str, Any]],
        call: Call,
        result: Any,
    ) -> None:
        """Let later calls like this one go straight to its program."""
        direct = plan.program.direct
        if direct is None:
            return
        with self._lock:
            if not plan.written:
                plan.written = True
                fits = {position: common_range(each) for position, each in plan.casts.items()}
                plan.recent = recent_call(
                    self.parameters,
                    arguments,
                    call,
                    (plan.conversions, fits),
                    direct,
                    plan.output,
                    result,
                )
            known, recents = self._recent
            recents = recents if known is captures else ()
            if plan.recent is not None and plan.recent not in recents:
                self._recent = captures, (plan.recent, *recents)[:RECENT_CALLS]

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """The program for a call with these arguments (arrays or `ShapeDtype`)."""
        call = self.parameters.take_apart(args, kwargs)
        return self._plan(call, self._captures_now()).program

    def _inside_a_trace(self, call: Call) -> Any:
        names = self.parameters.leaf_names(call.structure)
        traced = trace_leaves(
            lambda leaves: self.parameters.call(call.structure, call.static, leaves),
            call.leaves,
            names,
            self.parameters.name,
            current(),
        )
        return unflatten(traced.output, emit(CALL, traced, call.leaves, {}))

    def _captures_now(self) -> Captures:
        captures = self._captures
        if captures is None or not captures.unchanged():
            captures = self._captures = Captures(self.function, self._written)
        return captures

    def _plan(self, call: Call, captures: Captures) -> _Plan:
        types = tuple(map(_signature, call.leaves))
        static = tuple((name, _exactly(value)) for name, value in call.static)
        key = (call.structure, types, static)
        plan = self._plans.get((key, captures.key))
        if plan is None:
            with self._lock:
                plan = self._plans.get((key, captures.key)) or self._make(key, captures, call)
        else:
            with suppress(KeyError):  # another thread's compilation may just have dropped it
                self._plans.move_to_end((key, captures.key))
        return plan

    def _types(self, call: Call) -> tuple[list[str], list[ArrayType]]:
        """The leaves' names and types; raises for a leaf that no program can take."""
        names = self.parameters.leaf_names(call.structure)
        types = [leaf_type(leaf, name) for leaf, name in zip(call.leaves, names, strict=True)]
        return names, types

    def _make(self, key: Any, captures: Captures, call: Call) -> _Plan:
        names, types = self._types(call)
        traced = trace_leaves(
            lambda leaves: self.parameters.call(call.structure, call.static, leaves),
            call.leaves,
            names,
            self.parameters.name,
        )
        self._count(call, dict(zip(names, map(str, types), strict=True)))
        program = Program(
            traced.graph,
            backend=self.backend,
            passes=self.passes,
            donors=self._donors(call, traced.graph),
            threads=self.threads,
            leaves=lambda args: self.parameters.take_apart(tuple(args), {}).leaves,
        )
        conversions = [
            None if type.shape and _signature(leaf)[1].isnative else type.dtype.numpy
            for leaf, type in zip(call.leaves, types, strict=True)
        ]
        written = captures.written()
        if written:  # by the function: what it logs makes no other program
            self._written += written
            captures = self._captures = captures.without(written)
        plan = self._plans[key, captures.key] = _Plan(program, traced.output, conversions)
        while len(self._plans) > PROGRAMS_KEPT:
            self._plans.popitem(last=False)
        return plan

    def _donors(self, call: Call, graph: Any) -> dict[int, int]:
        """Pairs each output with a donated input of its type, in order."""
        owners = self.parameters.owners(call.structure)
        free = [i for i, (root, _) in enumerate(owners) if root in self.donated]
        donors = {}
        for position, unit in enumerate(graph.outputs):
            match = next((i for i in free if graph.inputs[i].type == unit.type), None)
            if match is not None:
                free.remove(match)
                donors[position] = match
        return donors

    def _count(self, call: Call, types: dict[str, str]) -> None:
        """Count this compilation and, when there were many, warn with what changed."""
        seen: dict[str, Any] = {**types, **{n: repr(v) for n, v in call.static}}
        before, self._latest = self._latest, seen
        if before is None:
            return
        self.recompilations += 1
        if self.recompilations >= RECOMPILATIONS_BEFORE_WARNING:
            warn(
                f"{self.parameters.name} was compiled {self.recompilations + 1} times; "
                f"this time because {_difference(before, seen)}    {user_frame() or ''}",
                RecompilationWarning,
            )

    def __repr__(self) -> str:
        return f"<compiled {self.parameters.name}, {len(self._plans)} programs>"


class CompiledMethod:
    """A compiled function bound to an instance, which it keeps alive until the call is over."""

    def __init__(self, compiled: Compiled, instance: Any) -> None:
        self._compiled = compiled
        self._instance = instance

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._compiled(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiled, name)


def _weakly(instance: Any) -> Any:
    """A stand-in for the instance: programs must not keep it alive."""
    try:
        return weakref.proxy(instance)
    except TypeError:
        name = type(instance).__name__
        raise ArgumentError(
            f"the method of a {name} cannot be compiled: its __slots__ leave out __weakref__",
            f"Add it, or compile the bound method: cr.compile({name.lower()}.method)",
        ) from None


def _signature(leaf: Any) -> Any:
    """What of a leaf keys the program: shape and dtype, or the type of a Python number."""
    if isinstance(leaf, (np.ndarray, np.generic)) and (
        type(leaf) is np.ndarray or not is_unlike_arrays(leaf)
    ):
        return leaf.shape, leaf.dtype
    if isinstance(leaf, ShapeDtype):
        return leaf.shape, leaf.dtype.numpy
    return type(leaf)


def _exactly(value: Any) -> Any:
    """A static value as a key that tells 1, 1.0 and True apart."""
    inside = tuple(map(_exactly, value)) if isinstance(value, tuple) else value
    return type(value), str(value) if isinstance(value, float) else inside


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    for name, value in now.items():
        if name not in before:
            return f"the argument {name} is new"
        if before[name] != value:
            return f"the argument {name} changed from {before[name]} to {value}"
    gone = [name for name in before if name not in now]
    return f"the argument {gone[0]} is gone" if gone else "a captured constant changed"
