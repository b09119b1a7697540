"""Tracing a function of values into a graph of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .builder import Builder
from .graph import Graph
from .provenance import NOWHERE
from .types import Type


def trace_subgraph(name: str, function: Callable[..., Any], types: Sequence[Type]) -> Graph:
    """The graph of a composite's body for inputs of these types.

    Its units have no origin of their own: they take that of the call when they are opened.
    """
    builder = Builder()
    with builder.activate(), builder.inherit(NOWHERE):
        values = [builder.value(builder.input(type)) for type in types]
        results = function(*values)
        several = results if isinstance(results, tuple) else (results,)
        units = [builder.lift(result).unit for result in several]
    return builder.graph(name, units)
