"""Graphs of functions of values, and their native programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from oracles import graph_of

from chainrule.compiler.graph import Graph
from chainrule.compiler.native.build import NativeProgram, build
from chainrule.compiler.native.partition import fused, unfused
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.inline import inline_all

PARTITIONS = (fused, unfused)


def plain(function: Callable[..., Any], *arrays: Any) -> Graph:
    """The graph of a function of values, with composites opened."""
    return inline_all(graph_of(function, *arrays), Notes())


def program(function: Callable[..., Any], *arrays: Any, **options: Any) -> NativeProgram:
    """The native program of a function for arrays of these types."""
    return build(plain(function, *arrays), **options)


def run(function: Callable[..., Any], *arrays: Any, **options: Any) -> Any:
    """The native result; a list of several."""
    results = program(function, *arrays, **options)([np.asarray(a) for a in arrays])
    return results[0] if len(results) == 1 else results


def run_both(function: Callable[..., Any], *arrays: Any) -> tuple[Any, Any]:
    """The result with fusion and without."""
    one, other = (run(function, *arrays, partition=partition) for partition in PARTITIONS)
    return one, other
