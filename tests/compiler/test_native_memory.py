"""The memory of native programs: the plan, results, donation, copies."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from native import PARTITIONS, plain, program
from random_graphs import cases

from chainrule import ops
from chainrule.compiler.native.build import build
from chainrule.compiler.native.memory import Arena
from chainrule.compiler.native.partition import Partition, fused
from chainrule.compiler.pipeline import optimise
from chainrule.compiler.tolerances import BITS, close
from chainrule.runtime.errors import DonationWarning

rng = np.random.default_rng(0)


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 5)), max_size=40))
def test_the_arena_never_gives_the_same_bytes_twice(requests: list[tuple[int, int]]) -> None:
    arena = Arena()
    held: list[tuple[int, int]] = []
    for nbytes, freed in requests:
        offset = arena.take(nbytes)
        assert offset % 64 == 0
        assert offset + nbytes <= arena.size
        assert all(offset + nbytes <= o or o + n <= offset for o, n in held)
        held.append((offset, nbytes))
        for _ in range(min(freed, len(held))):
            arena.give(*held.pop(0))
    for entry in held:
        arena.give(*entry)
    size = arena.size
    assert size == 0 or arena.take(size) == 0  # the gaps have grown together again


@settings(max_examples=40, deadline=None)
@given(cases("float32"))
def test_buffers_that_live_together_lie_apart(case: Any) -> None:
    graph, _ = optimise(case.graph)
    for partition in PARTITIONS:
        plan = build(graph, partition=partition).memory
        held = [b for b in plan.buffers if b.place.kind == "arena"]
        for i, one in enumerate(held):
            for other in held[:i]:
                # A buffer may begin in the kernel that reads another one last: in its place.
                heir = one.reuses is not None and one.reuses is other.unit
                together = one.born <= other.dies - heir and other.born <= one.dies
                start, end = one.place.number, one.place.number + one.nbytes
                apart = end <= other.place.number or other.place.number + other.nbytes <= start
                assert apart or not together
        assert plan.live_bytes <= plan.arena_bytes
        assert str(plan)


def test_dead_buffers_are_reused() -> None:
    def chain(x: Any) -> Any:
        for _ in range(10):
            x = ops.tanh(x @ x)
        return x

    x = rng.normal(size=(32, 32))
    plan = program(chain, x).memory
    assert plan.arena_bytes <= 2 * x.nbytes


def test_results_stay_valid_after_later_calls() -> None:
    made = program(lambda x: x * 2, np.ones(100))
    first = made([np.ones(100)])[0]
    made([np.zeros(100)])
    assert close(first, np.full(100, 2.0), BITS)


def test_results_may_be_inputs_constants_and_each_other() -> None:
    table = np.arange(6.0)

    def outputs(x: Any, y: Any) -> Any:
        z = x + y
        constant = ops.gather(table, np.arange(6))
        return (
            *(z, z, x, y, x, ops.reshape(z, shape=(3, 2)), ops.reshape(x, shape=(6,))),
            *(ops.broadcast_to(2.5, shape=(3,)), constant, z @ ops.transpose(z)),
        )

    x, y = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    for partition in PARTITIONS:
        results = program(outputs, x, y, partition=partition)([x, y])
        z = x + y
        wanted = [z, z, x, y, x, z.reshape(3, 2), x.ravel(), np.full(3, 2.5), table, z @ z.T]
        for one, other in zip(results, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-14)
        for i, one in enumerate(results):
            assert not any(np.shares_memory(one, other) for other in [x, y, *results[:i]])


# Donation.


def donated(function: Any, *arrays: Any, donors: dict[int, int]) -> list[Any]:
    """The results with donated copies of the arrays; each must be the donor itself."""
    results: list[Any] = []
    for partition in PARTITIONS:
        given_arrays = [a.copy() for a in arrays]
        made = program(function, *arrays, donors=donors, partition=partition)
        results = made(given_arrays)
        for output, donor in donors.items():
            assert results[output] is given_arrays[donor]
        for number, one in enumerate(given_arrays):
            if number not in donors.values():
                assert close(one, arrays[number], BITS)
        wanted = function(*arrays)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        for one, other in zip(results, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-13)
    return results


def test_an_update_is_written_in_place() -> None:
    p, g = rng.normal(size=(5, 7)), rng.normal(size=(5, 7))
    donated(lambda p, g: p - 0.1 * g, p, g, donors={0: 0})
    made = program(lambda p, g: p - 0.1 * g, p, g, donors={0: 0})
    assert made.memory.arena_bytes == 0
    assert not made.memory.late_copies


def test_a_donor_that_is_read_later_is_not_overwritten_early() -> None:
    x, y = rng.normal(size=(6, 6)), rng.normal(size=(6, 6))
    donated(lambda x, y: (x + y, (x + y) @ x), x, y, donors={0: 0})


def test_a_donor_that_is_read_elsewhere_in_the_kernel_is_not_overwritten() -> None:
    x = rng.normal(size=(6, 6))
    donated(lambda x: x + x.T, x, donors={0: 0})
    donated(lambda x: x[::-1] * 2, x, donors={0: 0})


def test_momentum_writes_both_in_place() -> None:
    p, v, g = (rng.normal(size=(8, 3)) for _ in range(3))
    donated(lambda p, v, g: (p - (0.9 * v + g), 0.9 * v + g), p, v, g, donors={0: 0, 1: 1})


def test_donated_arguments_may_change_places() -> None:
    x, y, z = (rng.normal(size=(4, 2)) for _ in range(3))
    donated(lambda x, y: (y, x), x, y, donors={0: 0, 1: 1})
    donated(lambda x, y, z: (y, z, x), x, y, z, donors={0: 0, 1: 1, 2: 2})
    donated(lambda x, y: (x, y * 2), x, y, donors={0: 0, 1: 1})
    donated(lambda x, y: (y * 2, x + 1), x, y, donors={0: 0, 1: 1})


def test_a_scatter_goes_into_its_dead_operand() -> None:
    x, u = rng.normal(size=(50, 3)), rng.normal(size=(4, 3))
    index = np.array([1, 7, 1, 49])
    made = program(lambda x, u, i: ops.scatter_add(x, u, i), x, u, index, donors={0: 0})
    wanted = x.copy()
    np.add.at(wanted, index, u)
    given_x = x.copy()
    (result,) = made([given_x, u, index])
    assert result is given_x
    assert close(result, wanted, BITS)
    assert any(b.reuses is not None for b in made.memory.buffers)


def rows_of(*counts: int) -> tuple[np.ndarray, ...]:
    """A table, and for each count so many rows and indices of rows, some of them equal."""
    parts = [(rng.normal(size=(n, 3)), rng.integers(0, 50, n)) for n in counts]
    return rng.normal(size=(50, 3)), *(array for part in parts for array in part)


IN_PLACE: dict[str, tuple[Any, tuple[np.ndarray, ...], dict[int, int]]] = {
    "one scatter after the other": (
        lambda x, u, i, v, j: ops.scatter_add(ops.scatter_add(x, u, i), v, j),
        rows_of(4, 7),
        {0: 0},
    ),
    "under another shape": (
        lambda x, u, i: ops.reshape(
            ops.scatter_add(ops.reshape(x, shape=(150,)), ops.sum(u, axis=1), i), shape=(50, 3)
        ),
        rows_of(5),
        {0: 0},
    ),
    "with rows of its own": (lambda x, u, i: ops.scatter_add(x, x[i] * u, i), rows_of(6), {0: 0}),
    "read after the update is ready": (
        lambda x, u, i, y: (ops.scatter_add(x, u, i), ops.sum(ops.tanh(x) * y)),
        (*rows_of(4), rng.normal(size=(50, 3))),
        {0: 0},
    ),
    "each with rows of the other": (
        lambda x, u, i, y, v, j: (
            ops.scatter_add(x, y[j] * u[:1], i[0] + 0 * j),
            ops.scatter_add(y, x[i] * v[:1], j[0] + 0 * i),
        ),
        (*rows_of(4), *rows_of(7)),
        {0: 0, 1: 3},
    ),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_rows_are_changed_where_they_lie(name: str) -> None:
    function, arrays, donors = IN_PLACE[name]
    donated(function, *arrays, donors=donors)
    memory = program(function, *arrays, donors=donors).memory
    assert not memory.early_copies
    assert not memory.late_copies
    assert all(b.place.kind == "result" for b in memory.buffers if b.nbytes == arrays[0].nbytes)


def test_a_chain_begins_in_the_memory_of_its_result() -> None:
    """Also where nothing is donated: one array is written, not two."""
    x, u, i, v, j = rows_of(4, 7)
    made = program(
        lambda x, u, i, v, j: ops.scatter_add(ops.scatter_add(x, u, i), v, j), *rows_of(4, 7)
    )
    assert made.memory.arena_bytes < x.nbytes
    (result,) = made([x, u, i, v, j])
    np.add.at(x, i, u)
    np.add.at(x, j, v)
    assert close(result, x, BITS)


def test_a_view_cannot_be_donated() -> None:
    x = rng.normal(size=(10, 4))
    made = program(lambda x: x * 2, x[:5], donors={0: 0})
    with pytest.warns(DonationWarning):
        (result,) = made([x[:5]])
    assert close(result, x[:5] * 2, BITS)


def test_a_partition_may_be_of_ones_own() -> None:
    """Any function from a graph to its groups will do."""
    seen: list[Partition] = []

    def spying(graph: Any) -> Partition:
        seen.append(fused(graph))
        return seen[-1]

    graph = plain(lambda x: ops.sum(x * 2), np.ones(5))
    with warnings.catch_warnings():
        assert build(graph, partition=spying)([np.ones(5)])[0] == 10
    assert len(seen) == 1
