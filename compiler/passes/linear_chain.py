"""Linear-chain collapse."""

from __future__ import annotations

from ..graph import Graph
from ..notes import Notes


def linear_chain(graph: Graph, notes: Notes) -> Graph:
    """The graph."""
    return graph
