"""Elementary non-linearities."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.special
from theory import DTYPES, both, within

import chainrule as cr
from chainrule import ops

rng = np.random.default_rng(0)

WIDE = np.concatenate([np.linspace(-50, 50, 401), [-1000.0, 1000.0, -745.0, 710.0, 0.0, -0.0]])
LIMIT = {"float64": 1e-15, "float32": 1e-6}


def derivative(function: Any, order: int) -> Any:
    """The derivative of a function of numbers, element by element."""
    for _ in range(order):
        inner = function

        def function(x: Any, inner: Any = inner) -> Any:
            return cr.jvp(inner, (x,), (np.ones_like(x),))[1]

    return function


# act-01


@pytest.mark.parametrize("dtype", DTYPES)
def test_act_01_the_sigmoid_is_scipys(dtype: str) -> None:
    x = np.append(WIDE, np.nan).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = both(ops.sigmoid, x)
    wanted = scipy.special.expit(x.astype("float64"))
    for value in found:
        assert value.dtype == dtype
        np.testing.assert_allclose(value, wanted, rtol=LIMIT[dtype], atol=np.finfo(dtype).tiny)


def test_act_01_its_derivatives_are_polynomials_of_itself() -> None:
    x = np.linspace(-6, 6, 49)
    s = scipy.special.expit(x)
    first = s * (1 - s)
    wanted = [first, first * (1 - 2 * s), first * (1 - 6 * s + 6 * s * s)]
    for order, each in enumerate(wanted, start=1):
        for found in both(derivative(ops.sigmoid, order), x):
            within(found, each, 1e-13)


def test_act_01_it_is_symmetric_about_one_half() -> None:
    x = np.linspace(-30, 30, 121)
    within(ops.sigmoid(-x), 1 - ops.sigmoid(x), 1e-15)


# act-02


@pytest.mark.parametrize("dtype", DTYPES)
def test_act_02_tanh_is_numpys_within_four_units(dtype: str) -> None:
    x = np.append(WIDE, np.nan).astype(dtype)
    wanted = np.tanh(x.astype("float64"))
    for found in both(ops.tanh, x):
        np.testing.assert_allclose(found, wanted, rtol=4 * np.finfo(dtype).eps / 2)


def test_act_02_it_is_a_sigmoid_of_twice_its_argument() -> None:
    x = np.linspace(-20, 20, 201)
    within(ops.tanh(x), 2 * ops.sigmoid(2 * x) - 1, 1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
def test_act_02_it_saturates_with_a_slope_of_zero(dtype: str) -> None:
    x = np.array([-50.0, 50.0, -1e30, 1e30], dtype)
    for found in both(cr.grad(lambda x: ops.tanh(x).sum()), x):
        np.testing.assert_array_equal(found, np.zeros(4))


# act-03


@pytest.mark.parametrize("dtype", DTYPES)
def test_act_03_the_softmax_is_scipys_and_ignores_shifts(dtype: str) -> None:
    x = (3 * rng.normal(size=(5, 7))).astype(dtype)
    wanted = scipy.special.softmax(x.astype("float64"), axis=-1)
    for found in both(ops.softmax, x):
        within(found, wanted, LIMIT[dtype])
        within(found.sum(axis=-1), np.ones(5), LIMIT[dtype])
    whole = np.round(x * 8) / 8  # so that the shift itself rounds nothing in float32
    within(ops.softmax(whole + dtype_of(1e4, dtype)), ops.softmax(whole), LIMIT[dtype])


def dtype_of(value: float, dtype: str) -> Any:
    return np.dtype(dtype).type(value)


def test_act_03_its_jacobian_is_diagonal_less_rank_one() -> None:
    x = rng.normal(size=6)
    p = scipy.special.softmax(x)
    rows = [cr.grad(lambda x, i=i: ops.softmax(x)[i])(x) for i in range(6)]
    within(rows, np.diag(p) - np.outer(p, p), 1e-14)
    np.testing.assert_allclose(np.sum(rows, axis=1), 0, atol=1e-16)


def test_act_03_second_order_equals_differences() -> None:
    x, v, g = rng.normal(size=(3, 6))
    slope = cr.grad(lambda x: (ops.softmax(x) * g).sum())
    step = 1e-5
    wanted = (slope(x + step * v) - slope(x - step * v)) / (2 * step)
    for found in both(lambda x: cr.jvp(slope, (x,), (v,))[1], x):
        within(found, wanted, 1e-8)


def test_act_03_a_row_of_minus_infinity_has_no_shares() -> None:
    assert np.isnan(ops.softmax(np.full(3, -np.inf))).all()


# act-04


@pytest.mark.parametrize("dtype", DTYPES)
def test_act_04_logsumexp_is_scipys(dtype: str) -> None:
    x = np.array([[1e4, -1e4, 0.0], [-np.inf, 2.0, 1.0], [-1e4, -1e4, -1e4]], dtype)
    wanted = scipy.special.logsumexp(x.astype("float64"), axis=-1)
    for found in both(lambda x: ops.logsumexp(x, axis=-1), x):
        np.testing.assert_allclose(found, wanted, rtol=LIMIT[dtype])
    for found in both(lambda x: ops.log_softmax(x, axis=-1), x):
        expected = scipy.special.log_softmax(x.astype("float64"), axis=-1)
        np.testing.assert_allclose(found, expected, rtol=LIMIT[dtype], atol=1e-5)


def test_act_04_it_lies_between_the_maximum_and_that_plus_log_k() -> None:
    for z in rng.normal(size=(50, 9)) * rng.lognormal(size=(50, 1)) * 5:
        value, greatest = float(ops.logsumexp(z)), z.max()
        assert greatest <= value <= greatest + np.log(9)
    equal = np.full(9, 3.0)  # where the upper bound is met
    np.testing.assert_allclose(ops.logsumexp(equal), 3 + np.log(9), rtol=1e-15)


def test_act_04_it_is_convex() -> None:
    z = rng.normal(size=6)
    p = scipy.special.softmax(z)
    slope = cr.grad(ops.logsumexp)
    within(slope(z), p, 1e-14)
    hessian = np.stack([cr.jvp(slope, (z,), (unit,))[1] for unit in np.eye(6)])
    within(hessian, np.diag(p) - np.outer(p, p), 1e-13)
    assert np.linalg.eigvalsh(hessian).min() >= -1e-12


# act-05


@pytest.mark.parametrize("dtype", DTYPES)
def test_act_05_softplus_is_numpys_logaddexp(dtype: str) -> None:
    x = WIDE.astype(dtype)
    wanted = np.logaddexp(0, x.astype("float64"))
    for found in both(ops.softplus, x):
        np.testing.assert_allclose(found, wanted, rtol=4 * np.finfo(dtype).eps, atol=1e-300)


def test_act_05_its_odd_part_is_the_identity() -> None:
    x = WIDE
    for found in both(lambda x: ops.softplus(x) - ops.softplus(-x), x):
        np.testing.assert_allclose(found, x, rtol=1e-14, atol=1e-15)
    within(-np.log(scipy.special.expit(x[:401])), ops.softplus(-x[:401]), 1e-13)


def test_act_05_its_slope_is_the_sigmoid() -> None:
    x = np.linspace(-40, 40, 161)
    for found in both(cr.grad(lambda x: ops.softplus(x).sum()), x):
        within(found, scipy.special.expit(x), 1e-15)


@pytest.mark.parametrize("beta", [1.0, 4.0, 64.0])
def test_act_05_it_nears_the_rectifier(beta: float) -> None:
    """By at most log(2) / beta, which is met at 0."""
    x = np.linspace(-3, 3, 601)
    error = ops.softplus(x, beta=beta) - np.maximum(x, 0)
    assert (error >= 0).all()
    assert error.max() <= np.log(2) / beta * (1 + 1e-15)
    np.testing.assert_allclose(error[300], np.log(2) / beta, rtol=1e-14)
