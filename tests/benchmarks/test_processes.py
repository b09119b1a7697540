"""What is measured in fresh processes: turns, growth, memory that is needed, first results."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.processes import growth, memory, warm_start
from benchmarks.processes.cold import cold_row
from benchmarks.processes.turns import in_turns
from benchmarks.runner.arena import Arena
from benchmarks.runner.contestants import cache_in, no_caches
from benchmarks.runner.results import Figure, Row
from benchmarks.runner.workload import Skip
from benchmarks.workloads import attention, mlp

SIZES = {"batch": 4, "widths": (5, 6, 3)}


def test_contestants_take_turns_until_they_fail() -> None:
    order: list[str] = []

    def measure(name: str) -> int:
        order.append(name)
        if name == "two" and order.count("two") == 2:
            raise Skip("tired")
        return len(order)

    found, skipped = in_turns(["one", "two"], 3, measure)
    assert found == {"one": [1, 3, 5], "two": [2]}
    assert skipped == {"two": "tired"}
    assert order == ["one", "two", "one", "two", "one"]


def test_growth_is_held_against_the_arithmetic() -> None:
    (axis,) = (axis for axis in growth.AXES if axis.name == "batch")
    extents = [extent for extent, _ in axis.steps]
    assert [new / old for old, new in itertools.pairwise(extents)] == [2.0] * 3
    row = Row("mlp-small", "64", "s", {"chainrule": Figure(1.0, 2.0, 3)})
    later = replace(row, case="128", figures={"chainrule": Figure(1.5, 2.0, 3)})
    (found,) = growth.growing(axis, "step", [row, later])
    assert found.name == "growth step, batch 64 -> 128"
    assert found.figures["scaled"].best == 2.0  # twice the examples, twice the work
    assert found.ratio("scaled") == 0.75


def test_the_needed_memory_is_that_of_the_arrays() -> None:
    params, x, _ = mlp.inputs(np.random.default_rng(0), **SIZES)
    activations = [x]
    for w in params[0::2]:
        activations.append(activations[-1] @ w)
    arrays = [*params, *params, *activations]
    assert memory.need(mlp.mnist, SIZES) == sum(array.nbytes for array in arrays)


def test_the_memory_that_attention_needs_is_linear_in_the_length() -> None:
    sizes = {"batch": 2, "length": 16, "width": 8, "heads": 2}
    (x, *weights), cotangent, _ = attention.inputs(np.random.default_rng(0), **sizes)
    saved = [x @ w for w in weights]  # queries, keys, values; the last as large as what heads give
    arrays = [x, x, cotangent, *saved, *weights, *weights]
    assert memory.need(attention.attention, sizes) == sum(array.nbytes for array in arrays)


@pytest.mark.skipif(not memory.RESET.exists(), reason="peaks are read as Linux shows them")
def test_a_peak_grows_with_the_arrays() -> None:
    small = {"batch": 8, "widths": (256, 256, 10)}
    large = {**small, "batch": 4096}
    with Arena(1, ("numpy",)) as arena:
        process = arena.process("numpy")
        place = memory.__name__, "peak", "numpy", mlp.mnist.module, mlp.mnist.name
        peaks = [process.ask("call", *place, sizes) for sizes in (small, large)]
    grown = memory.need(mlp.mnist, large) - memory.need(mlp.mnist, small)
    assert peaks[1] - peaks[0] > 0.9 * grown


def test_a_fresh_process_gives_the_first_result(tmp_path: Path) -> None:
    _, _, found = warm_start.process("numpy", str(tmp_path), 1, SIZES)
    assert found == [pytest.approx(mlp.small.make_step("numpy", SIZES)(), rel=1e-6)]
    with pytest.raises(Skip, match="nobody"):
        warm_start.process("nobody", str(tmp_path), 1, SIZES)


def test_cold_calls_are_counted_and_failures_told() -> None:
    with Arena(1, (), rounds=2) as arena:
        row = cold_row(arena, ["chainrule", "copy"], mlp.small, SIZES, ("cold", "tiny"))
    assert row.figures["chainrule"].samples == 2
    assert list(row.figures) == ["chainrule"]
    assert row.skipped == {"copy": "KeyError: 'copy'"}


def test_caches_lie_where_they_are_asked_for() -> None:
    assert cache_in("chainrule", "here") == {"CHAINRULE_CACHE_DIR": "here"}
    assert cache_in("jax", "here")["JAX_COMPILATION_CACHE_DIR"] == "here"
    assert cache_in("numpy", "here") == {}
    with no_caches("torch-compile") as variables:
        assert Path(variables["TORCHINDUCTOR_CACHE_DIR"]).is_dir()
    assert not Path(variables["TORCHINDUCTOR_CACHE_DIR"]).exists()
