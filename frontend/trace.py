"""Tracing: a Python function called once with tracers, written down as a graph."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import Any

from ..compiler.builder import Builder
from ..compiler.errors import ArgumentError
from ..compiler.graph import Graph, Unit
from ..compiler.value import Value
from .arguments import Parameters, leaf_type
from .pytree import Structure, flatten, leaf_names


@dataclass(frozen=True, slots=True)
class Traced:
    """A function as a graph.

    Attributes
    ----------
    graph : Graph
        Inputs are the call's leaves in order, then what was captured from outer traces.
    output : Structure
        The pytree of the results.
    captured : tuple of Value
        Values of the outer trace that feed the inputs after the leaves.
    """

    graph: Graph
    output: Structure
    captured: tuple[Value, ...]


def trace(function: Callable[..., Any], *, static_argnames: str | Sequence[str] = ()) -> Any:
    """A callable that traces `function` and returns its graph.

    Arguments are pytrees of arrays, numbers or `ShapeDtype`; nothing is computed.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> graph = cr.trace(lambda x: np.tanh(x) * 2)(cr.ShapeDtype((3,), "float32"))
    >>> graph.output_types[0].shape
    (3,)
    """
    parameters = Parameters(function, static_argnames)

    def traced(*args: Any, **kwargs: Any) -> Graph:
        call = parameters.take_apart(args, kwargs)
        names = parameters.leaf_names(call.structure)
        return trace_leaves(
            lambda leaves: parameters.call(call.structure, call.static, leaves),
            call.leaves,
            names,
            parameters.name,
        ).graph

    return traced


def trace_leaves(
    function: Callable[[list[Any]], Any],
    leaves: Sequence[Any],
    names: Sequence[str],
    title: str,
    parent: Builder | None = None,
) -> Traced:
    """Trace a function of a list of leaves; `parent` is the trace around it, if any."""
    builder = Builder(parent)
    with builder.activate(), nullcontext() if parent is None else _ROOM:
        tracers = [
            builder.value(builder.input(leaf_type(leaf, name), name))
            for leaf, name in zip(leaves, names, strict=True)
        ]
        results, output = flatten(function(tracers))
        written = leaf_names(output, "result") if results else []
        units = [_lift(builder, r, n) for r, n in zip(results, written, strict=True)]
    graph = builder.graph(title, units)
    captured = () if parent is None else tuple(map(parent.value, builder.captured))
    return Traced(graph, output, captured)


class _Room:
    """Room on Python's stack for one more trace inside another.

    The limit of recursion is meant for the user's own calls: what tracing puts between them is
    added to it for as long as it is there.
    """

    frames = 6
    """What lies between two functions of the user's at the least, so that recursion still ends."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __enter__(self) -> None:
        self._change(self.frames)

    def __exit__(self, *failure: object) -> None:
        self._change(-self.frames)

    def _change(self, frames: int) -> None:
        with self._lock:  # the limit is the process's
            sys.setrecursionlimit(sys.getrecursionlimit() + frames)


_ROOM = _Room()


def _lift(builder: Builder, result: Any, name: str) -> Unit:
    try:
        return builder.lift(result).unit
    except ArgumentError:
        raise ArgumentError(
            f"the traced function returns a {type(result).__name__} as {name}, "
            "wanted arrays and numbers"
        ) from None
