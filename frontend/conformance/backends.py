"""The table of backends that every op is run on: graph and arrays in, arrays out.

The suite asks for one graph many times in a row, with arrays in different layouts: a backend that
compiles keeps its latest programs by graph.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ...compiler.graph import Graph
from ...compiler.interpret import evaluate
from ...compiler.op import Op
from ...compiler.program import Program

Backend = Callable[[Graph, list[Any]], list[Any]]

PROGRAMS_KEPT = 64


@lru_cache(PROGRAMS_KEPT)
def _program(graph: Graph, ops: tuple[Op, ...]) -> Program:
    """`ops` tell a plugin that was registered again from its namesake before."""
    return Program(graph, check=True)


def native(graph: Graph, arrays: list[Any]) -> list[Any]:
    """The program as shipped: every pass (each verified), fused, compiled."""
    return _program(graph, tuple(unit.op for unit in graph.units))(arrays)


BACKENDS: dict[str, Backend] = {"reference": evaluate, "native": native}
