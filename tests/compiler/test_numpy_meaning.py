"""The NumPy meaning of the vocabulary, against exact arithmetic and C's definitions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from chainrule.compiler.dtypes import as_dtype, float32, float64, int64, uint8
from chainrule.compiler.scalar import (
    Accessor,
    bitcast,
    cast,
    copysign,
    fma,
    ldexp,
    rarely,
    select,
    truncated_divide,
    truncated_remainder,
)
from chainrule.compiler.scalar.numpy_meaning import MEANING, evaluate_scalar, postorder
from chainrule.compiler.scalar.trace import inputs
from chainrule.compiler.scalar.words import Word
from chainrule.compiler.types import ArrayType


def run(body, *arrays):
    """The value of a body over scalars of the arrays' dtypes."""
    arrays = tuple(map(np.asarray, arrays))
    return evaluate_scalar(body(*inputs([as_dtype(a.dtype) for a in arrays])), arrays)


def test_every_word_has_a_meaning() -> None:
    assert set(Word) - set(MEANING) == {Word.INPUT, Word.LOAD}


def test_a_product_with_sum_is_rounded_once(rng) -> None:
    for dtype in (np.float32, np.float64):
        a, b = rng.standard_normal((2, 500)).astype(dtype)
        # Close to -a*b, so that the rounding error of the product is what is left, and far off.
        c = np.where(np.arange(500) % 2, -a * b, rng.standard_normal(500) * 1e-9).astype(dtype)
        found = run(fma, a, b, c)
        for x, y, z, result in zip(*(v.tolist() for v in (a, b, c, found)), strict=True):
            exact = Fraction(x) * Fraction(y) + Fraction(z)
            step = Fraction(float(np.spacing(np.abs(dtype(result)))))
            assert abs(Fraction(result) - exact) <= step / 2


def test_a_product_with_sum_keeps_infinities_signs_and_ties() -> None:
    inf, nan = np.inf, np.nan
    a = np.array([inf, 0.0, -0.0, 1e30, nan, 1.0])
    b = np.array([1.0, inf, 1.0, 1e300, 1.0, -0.0])
    c = np.array([-inf, 1.0, -0.0, 0.0, 1.0, -0.0])
    expected = np.array([nan, nan, -0.0, inf, nan, -0.0])
    for dtype in (np.float32, np.float64):
        with np.errstate(over="ignore"):
            found = run(fma, a.astype(dtype), b.astype(dtype), c.astype(dtype))
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.signbit(found[[2, 5]]), [True, True])


def test_a_product_with_sum_of_float32_is_not_rounded_to_float64_first() -> None:
    # The product is a hair below half a step above c, where float64 sees exactly half a step
    # and the tie would go to the even neighbour.
    a, b = np.float32(2.0**-12 * (1 + 2.0**-15)), np.float32(2.0**-12 * (1 - 2.0**-15))
    c = np.nextafter(np.float32(1), np.float32(2))
    assert np.float32(np.float64(a) * np.float64(b) + np.float64(c)) != c
    assert run(fma, a, b, c) == c


def test_scaling_by_a_power_of_two_rounds_once(rng) -> None:
    x = rng.uniform(0.5, 2, 400).astype(np.float32)
    n = rng.integers(-150, 128, 400)
    found = run(ldexp, x, n.astype(np.float32))
    exact = [Fraction(float(a)) * Fraction(2) ** int(b) for a, b in zip(x, n, strict=True)]
    steps = np.spacing(np.abs(found)).astype(np.float64)
    for value, result, step in zip(exact, found.tolist(), steps.tolist(), strict=True):
        assert abs(Fraction(result) - value) <= Fraction(step) / 2
    assert run(ldexp, np.array([1.5]), np.array([5000.0])) == math.inf
    assert math.isnan(run(ldexp, np.array([np.nan]), np.array([np.nan]))[0])


def test_a_rare_case_is_chosen_as_any_other() -> None:
    x = np.array([-1.0, 2.0, np.nan])
    np.testing.assert_array_equal(run(lambda s: rarely(s > 0, s * s, 7), x), [7, 4, 7])


def test_division_of_integers_cuts_as_in_c() -> None:
    a, b = np.array([7, -7, 7, -7]), np.array([2, 2, -2, -2])
    np.testing.assert_array_equal(run(truncated_divide, a, b), [3, -3, -3, 3])
    np.testing.assert_array_equal(run(truncated_remainder, a, b), [1, -1, 1, -1])
    x = run(truncated_remainder, np.array([5.5, -5.5, -4.0]), np.array([2.0, 2.0, 2.0]))
    np.testing.assert_array_equal(x, [math.fmod(5.5, 2), math.fmod(-5.5, 2), -0.0])
    assert np.signbit(x[2])


@pytest.mark.parametrize("source", ["float32", "float64"])
@pytest.mark.parametrize("target", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
def test_floats_saturate_when_they_become_integers(source: str, target: str) -> None:
    info = np.iinfo(target)
    values = [0.9, -0.9, -1.5, 127.5, 255.5, 1e4, -1e4, 2.0**31, 2.0**32, -(2.0**31)]
    values += [2.0**63, -(2.0**63), 2.0**64, 1e30, -1e30]
    x = np.array(values, source)
    found = run(lambda s: cast(s, as_dtype(target)), x)
    assert found.tolist() == [min(max(int(v), info.min), info.max) for v in x.tolist()]
    special = run(lambda s: cast(s, as_dtype(target)), np.array([np.nan, np.inf, -np.inf], source))
    assert special.tolist() == [0, info.max, info.min]


def test_bits_are_read_as_another_type() -> None:
    x = np.array([[1.0, -0.0], [np.inf, 2.0**-149]], np.float32)
    bits = run(lambda s: bitcast(s, as_dtype("int32")), x)
    assert bits.tolist() == [[0x3F800000, -(2**31)], [0x7F800000, 1]]


def test_signs_are_copied_from_zeros_too() -> None:
    found = run(copysign, np.array([2.0, -3.0]), np.array([-0.0, 0.0]))
    assert found.tolist() == [-2.0, 3.0]


def test_inputs_broadcast_and_literals_fill() -> None:
    x, y = np.zeros((2, 1), np.float32), np.ones(3, np.float32)
    assert run(lambda a, b: a + b, x, y).shape == (2, 3)
    filled = run(lambda a: select(a == 0, 1, a), x)
    assert filled.shape == (2, 1)
    assert filled.dtype == np.float32


def test_loads_are_asked_of_the_caller() -> None:
    table = np.arange(6, dtype=np.uint8).reshape(2, 3)
    accessor = Accessor(0, ArrayType((2, 3), uint8))
    (i, j) = inputs([int64, int64])
    value = evaluate_scalar(
        accessor[j, i] * 2,
        [np.array([[0], [2]]), np.array([0, 1])],
        loads=lambda number, *indices: table[indices],
    )
    np.testing.assert_array_equal(value, 2 * table[[[0, 1], [0, 1]], [[0, 0], [2, 2]]])


def test_deep_and_shared_expressions_are_walked_once() -> None:
    (x,) = inputs([float64])
    value = x
    for _ in range(3000):
        value = value * 0.5 + value * 0.5
    assert len(postorder(value)) == 1 + 3000 * 5
    assert evaluate_scalar(value, [np.array([3.0])]).tolist() == [3.0]


def test_float32_stays_float32() -> None:
    (x,) = inputs([float32])
    assert evaluate_scalar(x * 0.1 + 1, [np.ones(2, np.float32)]).dtype == np.float32
