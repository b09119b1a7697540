"""Maximum flows and minimum cuts, by Dinic's algorithm.

Level by level of the network that flow has left over, paths are filled until none is left. The
networks here are shallow, so that there are few levels and the time is about linear.
"""

from __future__ import annotations

from collections import deque

ENDLESS = 2**60
"""The capacity of an edge that no least cut goes through."""


class Network:
    """Nodes, and edges with capacities."""

    def __init__(self) -> None:
        self._edges: list[list[int]] = []
        self._ends: list[int] = []
        self._left: list[int] = []

    def node(self) -> int:
        """A new node."""
        self._edges.append([])
        return len(self._edges) - 1

    def edge(self, start: int, end: int, capacity: int) -> None:
        """An edge; its reverse, with the number next to its own, takes flow back."""
        for one, other, room in ((start, end, capacity), (end, start, 0)):
            self._edges[one].append(len(self._ends))
            self._ends.append(other)
            self._left.append(room)

    def fill(self, source: int, sink: int) -> int:
        """Send as much as possible; returns how much."""
        total = 0
        while True:
            levels = self._levels(source)
            if levels[sink] < 0:
                return total
            total += self._fill_levels(source, sink, levels)

    def side(self, source: int) -> set[int]:
        """After `fill`: the source's side of the least cut that has the fewest nodes there."""
        return {node for node, level in enumerate(self._levels(source)) if level >= 0}

    def _levels(self, source: int) -> list[int]:
        levels = [-1] * len(self._edges)
        levels[source] = 0
        waiting = deque([source])
        while waiting:
            node = waiting.popleft()
            for edge in self._edges[node]:
                end = self._ends[edge]
                if self._left[edge] and levels[end] < 0:
                    levels[end] = levels[node] + 1
                    waiting.append(end)
        return levels

    def _fill_levels(self, source: int, sink: int, levels: list[int]) -> int:
        """Fill paths that go down one level with each edge, until each has a full edge."""
        total, path, node = 0, list[int](), source
        turn = [0] * len(self._edges)
        while True:
            if node == sink:
                least = min(self._left[edge] for edge in path)
                total += least
                for edge in path:
                    self._left[edge] -= least
                    self._left[edge ^ 1] += least
                first = next(n for n, edge in enumerate(path) if not self._left[edge])
                node = self._ends[path[first] ^ 1]
                del path[first:]
            if turn[node] < len(self._edges[node]):
                edge = self._edges[node][turn[node]]
                if self._left[edge] and levels[self._ends[edge]] == levels[node] + 1:
                    path.append(edge)
                    node = self._ends[edge]
                else:
                    turn[node] += 1
            elif path:
                node = self._ends[path.pop() ^ 1]
                turn[node] += 1
            else:
                return total
