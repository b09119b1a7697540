"""Long reductions to few results: blocks, their parts, and what fills no block."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from native import program
from plain import run_plain

import chainrule as cr
from chainrule import ops
from chainrule.compiler.native import dividing
from chainrule.compiler.native.partition import fused, unfused
from chainrule.compiler.tolerances import BITS, close, summed

rng = np.random.default_rng(3)

CASES: list[tuple[tuple[int, ...], Any]] = [
    ((65_536,), None),  # four blocks exactly
    ((100_003,), 0),  # and a prime number
    ((3, 70_001), 1),  # three rows
    ((211, 7, 53), None),  # several axes as one row
    ((2, 14_001, 3, 5), (1, 3)),  # short rows, many of them, between kept axes
    ((1_100, 70), 0),  # columns
    ((3, 41, 37, 65), (1, 2)),  # columns of two axes, in three places
    ((300_000, 1), 0),
]


def parted(function: Any, x: Any) -> list[bool]:
    """Which kernels of a program have blocks."""
    return [bool(r.kernel.schedule.after) for r in program(function, x).kernels]


@pytest.mark.parametrize(("shape", "axis"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_against_numpy_in_double_precision(shape: Any, axis: Any, dtype: str) -> None:
    x = rng.normal(size=shape).astype(dtype)
    assert parted(lambda x: ops.sum(x, axis=axis), x) == [True]
    wide = x.astype(np.float64)
    for partition in (fused, unfused):
        for threads in (1, 3):
            made = program(
                lambda x: (
                    ops.sum(x * 2 + 1, axis=axis),
                    ops.max(x, axis=axis, keepdims=True),
                    ops.var(x, axis=axis),
                    ops.logsumexp(x, axis=axis),
                ),
                x,
                partition=partition,
                threads=threads,
            )
            total, most, spread, smooth = made([x])
            scale = np.sum(np.abs(wide * 2 + 1), axis)
            bound = summed(128, dtype)
            assert close(total, np.asarray(np.sum(wide * 2 + 1, axis), dtype), bound, scale)
            assert close(most, x.max(axis, keepdims=True), BITS)
            assert close(spread, np.asarray(wide.var(axis), dtype), bound)
            exact = np.log(np.sum(np.exp(wide), axis))
            assert close(smooth, np.asarray(exact, dtype), bound)


@pytest.mark.parametrize(("shape", "axis"), CASES)
def test_the_same_bits_on_any_threads_and_in_any_kernels(shape: Any, axis: Any) -> None:
    """Doubling is exact, so that only the order of the sum could differ."""
    x = rng.normal(size=shape).astype(np.float32)
    results = []
    with mock.patch.object(dividing, "WORTH_CYCLES", 0):
        for partition in (fused, unfused):
            for threads in (1, 2, 3, 7):
                made = program(
                    lambda x: ops.sum(x * 2, axis=axis), x, partition=partition, threads=threads
                )
                results += [made([x])[0] for _ in range(20)]
    assert len({result.tobytes() for result in results}) == 1


@pytest.mark.parametrize(("shape", "axis"), CASES[1:6])
def test_the_plain_meaning_is_the_same(shape: Any, axis: Any) -> None:
    x = rng.integers(-3, 4, shape).astype(np.float32)  # their sums are exact

    def function(x: Any) -> Any:
        return ops.sum(x + 1, axis=axis), ops.argmax(x, axis=axis)

    made = program(function, x, threads=2)
    for one, other in zip(run_plain(made, [x]), made([x]), strict=True):
        assert close(one, other, BITS)
    assert close(made([x])[0], np.sum(x + 1, axis), BITS)


@pytest.mark.parametrize("place", [0, 5, 16_384, 40_000, 65_536, 99_999])
def test_positions_and_nan_in_every_block(place: int) -> None:
    x = rng.integers(0, 9, 100_000).astype(np.float32)
    for value in (50.0, np.nan):
        x[place] = value
        made = program(lambda x: (ops.argmax(x), ops.max(x), ops.sum(x)), x, threads=2)
        position, most, total = made([x])
        assert position == place
        assert close(most, x.max(), BITS)
        assert np.isnan(total) == np.isnan(value)
        x[place] = 0


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64"])
def test_other_dtypes(dtype: str) -> None:
    x = rng.integers(-90, 90, 700_001).astype(dtype)
    made = program(lambda x: (ops.sum(x), ops.any(x), ops.max(x), ops.argmin(x)), x, threads=2)
    for one, other in zip(made([x]), (x.sum(), x.any(), x.max(), x.argmin()), strict=True):
        assert close(one, np.asarray(other), BITS)


def test_equal_numbers_drift_little() -> None:
    """Lanes that add the same number round the same way: what blocks keep short."""
    x = np.full(10_000_000, np.float32(0.1))
    exact = float(x[0]) * x.size
    assert abs(float(cr.compile(lambda x: x.sum())(x)) - exact) <= 2e-6 * exact


def test_short_ones_and_those_with_many_results_have_no_blocks() -> None:
    for shape, axis in [((30_000,), 0), ((100, 3_000), 1), ((100, 4_000), 0), ((0, 9), 0)]:
        assert not any(parted(lambda x, axis=axis: ops.sum(x, axis=axis), np.zeros(shape)))


def test_threads_have_the_parts_together() -> None:
    """Seven blocks' sums, once, whatever the number of threads; the listing shows them."""
    x = np.zeros(120_000, np.float32)
    made = program(lambda x: ops.sum(ops.exp(x)), x, threads=5)
    (kernel,) = made.kernels
    assert (kernel.threads, kernel.kernel.rounds) == (5, 7)
    assert made.memory.arena_bytes == 64
    assert "sum = local(float32, 7)" in made.source()
