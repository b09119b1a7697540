"""Maximum flows against networkx, on random networks."""

from __future__ import annotations

import time

import networkx as nx
import numpy as np
import pytest

from chainrule.compiler.native.max_flow import ENDLESS, Network


def made(edges: list[tuple[int, int, int]], count: int) -> Network:
    network = Network()
    for _ in range(count):
        network.node()
    for edge in edges:
        network.edge(*edge)
    return network


@pytest.mark.parametrize("seed", range(60))
def test_flow_and_cut_are_those_of_networkx(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 25))
    capacities: dict[tuple[int, int], int] = {}
    for _ in range(int(rng.integers(0, 5 * count))):
        start, end = (int(node) for node in rng.integers(0, count, 2))
        if start != end:
            capacities[start, end] = int(rng.choice([0, 1, 3, 10, 1000]))
    network = made([(a, b, room) for (a, b), room in capacities.items()], count)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from((a, b, {"capacity": room}) for (a, b), room in capacities.items())
    flow = network.fill(0, count - 1)
    assert flow == nx.maximum_flow_value(graph, 0, count - 1)
    side = network.side(0)
    assert 0 in side
    assert count - 1 not in side
    cut = sum(room for (a, b), room in capacities.items() if a in side and b not in side)
    assert cut == flow


def test_of_equal_cuts_the_one_nearest_to_the_source_is_taken() -> None:
    network = made([(0, 1, 5), (1, 2, 5), (2, 3, 5)], 4)
    assert network.fill(0, 3) == 5
    assert network.side(0) == {0}


def test_edges_without_end_are_not_cut() -> None:
    network = made([(0, 1, 7), (1, 2, ENDLESS), (2, 3, 9)], 4)
    assert network.fill(0, 3) == 7
    assert network.side(0) == {0}


def test_long_chains_and_many_parts_take_little_time() -> None:
    parts = 2000
    edges = [(0, 1 + 3 * n, 5) for n in range(parts)]
    edges += [(1 + 3 * n + k, 2 + 3 * n + k, 4) for n in range(parts) for k in range(2)]
    edges += [(3 + 3 * n, 3 * parts + 1, 3) for n in range(parts)]
    network = made(edges, 3 * parts + 2)
    started = time.perf_counter()
    assert network.fill(0, 3 * parts + 1) == 3 * parts
    assert time.perf_counter() - started < 2
