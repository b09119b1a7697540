"""Python integers beside arrays of few bits: what fits, what is compared, what is refused."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import chainrule as cr

COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
NUMBERS = (-(2**40), -129, -128, -1, 0, 1, 127, 128, 255, 256, 300, 2**40)


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, np.int64])
def test_comparisons_hold_for_any_integer(compare: Any, dtype: Any) -> None:
    limits = np.iinfo(dtype)
    x = np.array([limits.min, 0, 1, 100, limits.max], dtype)
    for number in NUMBERS:
        expected = compare(x, number)  # NumPy compares exactly
        np.testing.assert_array_equal(cr.compile(lambda x, n=number: compare(x, n))(x), expected)
        column = cr.compile(lambda x, n=number: compare(n, x))(x[:, None])
        np.testing.assert_array_equal(column, compare(number, x[:, None]))


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda f: f.__name__)
def test_comparisons_with_an_integer_that_is_an_argument(compare: Any) -> None:
    compiled = cr.compile(compare)
    for dtype in (np.int8, np.uint8, np.uint32, np.int64):
        x = np.array([0, 1, 44, 100, np.iinfo(dtype).max], dtype)
        for number in (-300, -1, 0, 44, 127, 255, 300, 2**33):
            np.testing.assert_array_equal(compiled(x, number), compare(x, number))


@pytest.mark.parametrize("empty", [np.zeros(0, np.uint8), np.zeros((2, 0), np.uint8)])
def test_comparisons_of_nothing(empty: Any) -> None:
    found = cr.compile(lambda x: x < 300)(empty)
    assert (found.shape, found.dtype) == (empty.shape, np.bool_)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, n: x + n,
        lambda x, n: n * x,
        lambda x, n: cr.compile(lambda y: y + n)(x),
        lambda x, n: cr.compile(lambda y, m: y + m)(x, n),
        lambda x, n: np.where(x > 3, x, np.maximum(x, n)),
    ],
)
def test_an_argument_that_does_not_fit_is_refused(function: Any) -> None:
    x = np.array([1, 7, 200], np.uint8)
    compiled = cr.compile(function)
    for _ in range(4):  # the last go the short way
        np.testing.assert_array_equal(compiled(x, 3), function(x, 3))
    for number in (256, -1, 2**40):
        with pytest.raises((OverflowError, cr.DTypeError)):
            function(x, number)  # so does NumPy
        for _ in range(2):
            sentence = f"the argument n is {number}, which does not fit uint8"
            with pytest.raises(cr.DTypeError, match=sentence):
                compiled(x, number)
    np.testing.assert_array_equal(compiled(x, 4), function(x, 4))


def test_an_argument_has_to_fit_all_that_it_meets() -> None:
    compiled = cr.compile(lambda x, y, n: (x + n, y + n))
    x, y = np.ones(2, np.uint8), np.ones(2, np.int8)
    for _ in range(3):
        np.testing.assert_array_equal(compiled(x, y, 100), [[101, 101], [101, 101]])
    for number in (-1, 128):
        with pytest.raises(cr.DTypeError, match=f"n is {number}, which does not fit u?int8"):
            compiled(x, y, number)
    wide = np.ones(2, np.int64)
    np.testing.assert_array_equal(compiled(wide, wide, -(2**40)), np.full((2, 2), 1 - 2**40))


def test_gradients_outside_a_trace_refuse_it_too() -> None:
    counts = np.array([1, 2], np.uint8)

    def loss(x: Any, n: Any) -> Any:
        return (x * (counts + n)).sum()

    np.testing.assert_array_equal(cr.grad(loss)(np.ones(2), 3), [4.0, 5.0])
    with pytest.raises(cr.DTypeError, match="is 300, which does not fit uint8"):
        cr.grad(loss)(np.ones(2), 300)


@pytest.mark.parametrize("exponent", [-1, np.int32(-2), np.array([2, -1, 0])])
def test_integers_have_no_negative_powers(exponent: Any) -> None:
    x = np.array([1, 2, 3])
    with pytest.raises(ValueError, match="negative integer powers"):
        np.power(x, exponent)
    for function in (lambda x: x**exponent, lambda x: np.power(x, exponent)):
        with pytest.raises(cr.ArgumentError, match="integers to negative integer powers"):
            cr.compile(function)(x)
    floats = cr.compile(lambda x: x ** np.asarray(exponent, np.float64))(x * 1.0)
    np.testing.assert_allclose(floats, (x * 1.0) ** exponent, rtol=1e-15)
