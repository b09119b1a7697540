"""The table of bounds judges as it says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.compiler.tolerances import (
    BITS,
    IDENTITY,
    NUMBERS,
    Bound,
    against_numpy,
    close,
    composed,
    fused,
    summed,
    ulps,
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_ulps_counts_representable_neighbours(dtype: type, steps: int) -> None:
    value = moved = dtype(1.7)
    for _ in range(steps):
        moved = np.nextafter(moved, dtype(9))
    assert close(moved, value, ulps(steps))
    if steps:
        found = close(moved, value, ulps(steps - 0.5))
        assert not found
        assert found.error == steps


def test_ulps_against_a_wider_value_see_half_steps() -> None:
    exact = np.float64(np.float32(1)) + np.finfo(np.float32).eps / 2
    assert close(np.float32(1), exact, ulps(0.5))
    assert not close(np.float32(1), exact, ulps(0.49))


def test_bits_tell_signed_zeros_and_take_any_nan() -> None:
    assert not close(0.0, -0.0, BITS)
    assert close(0.0, -0.0, NUMBERS)
    payload = np.array([0x7FC00001], np.uint32).view(np.float32)
    assert close(payload, np.array([np.nan], np.float32), BITS)


@pytest.mark.parametrize("bound", [BITS, NUMBERS, IDENTITY, ulps(1e30), Bound("norm", 1e30)])
@pytest.mark.parametrize(
    ("actual", "expected"),
    [(math.nan, 1.0), (1.0, math.nan), (math.inf, 1.0), (math.inf, -math.inf), (1.0, -math.inf)],
)
def test_no_bound_takes_nan_or_infinity_for_a_number(
    bound: Bound, actual: float, expected: float
) -> None:
    assert not close(np.array([1.0, actual]), np.array([1.0, expected]), bound)
    assert close(np.array([1.0, expected]), np.array([1.0, expected]), bound)


@pytest.mark.parametrize("bound", [BITS, NUMBERS, IDENTITY])
def test_shape_and_dtype_are_part_of_the_value(bound: Bound) -> None:
    one = np.ones(2, np.float32)
    assert close(one.astype(np.float64), one, bound).text == "is float64[2], wanted float32[2]"
    assert not close(one[:1], one, bound)


def test_a_norm_bound_is_relative_to_the_scale() -> None:
    actual, expected = np.array([1e-3]), np.array([0.0])
    assert not close(actual, expected, Bound("norm", 1e-2))
    assert close(actual, expected, Bound("norm", 1e-2), scale=np.array([1.0]))


def test_empty_arrays_agree() -> None:
    for bound in (BITS, NUMBERS, IDENTITY):
        assert close(np.ones((0, 3)), np.ones((0, 3)), bound)


def test_integers_compare_exactly_under_any_bound() -> None:
    assert not close(np.array([2**62 + 1]), np.array([2**62]), fused(np.float32))


def test_the_fused_bound_is_two_in_a_million_in_float32() -> None:
    assert fused(np.float32).limit == pytest.approx(2e-6, rel=0.01)
    assert composed(np.float64).limit < 1e-14
    assert summed(400, np.float32).limit == pytest.approx(20 * summed(1, np.float32).limit)
    assert against_numpy(2.0).limit == 6.0


def test_a_difference_is_told_with_its_place() -> None:
    found = close(np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]), BITS)
    assert found.text == "differs at [1, 1], 5.0 against 4.0 (allowed bit for bit)"
