"""Reductions against NumPy and SciPy: values, ties, NaN, empty axes and gradients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.special
from oracles import check_gradient, check_samples, gradient_of, graph_of, value_of

import chainrule as cr
from chainrule import ops
from chainrule.compiler.errors import AxisError, DTypeError, ShapeError
from chainrule.compiler.tolerances import close, subnormal_ulps, ulps

NUMPY = {
    "sum": np.sum,
    "prod": np.prod,
    "max": np.max,
    "min": np.min,
    "any": np.any,
    "all": np.all,
    "mean": np.mean,
    "var": np.var,
    "std": np.std,
    "logsumexp": lambda x, **axes: np.log(np.sum(np.exp(x), **axes)),
}
SMOOTH = ["sum", "prod", "max", "min", "mean", "var", "std", "logsumexp"]
AXES = [None, 0, -1, (0, 1), (2, 0), ()]


@pytest.mark.parametrize("name", [*NUMPY, "argmax", "argmin"])
def test_samples(name: str) -> None:
    check_samples(getattr(ops, name))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", NUMPY)
def test_every_axis_as_numpy(name: str, axis: Any, keepdims: bool, rng: Any) -> None:
    x = rng.standard_normal((3, 4, 2))
    op = getattr(ops, name)
    found = value_of(lambda x: op(x, axis=axis, keepdims=keepdims), x)
    expected = np.asarray(NUMPY[name](x, axis=axis, keepdims=keepdims))
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("axis", [None, 1, (0, 2)], ids=str)
@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_of_two_orders(name: str, axis: Any, rng: np.random.Generator) -> None:
    x = rng.permutation(np.linspace(-2, 2, 12)).reshape(2, 3, 2)
    op = getattr(ops, name)
    check_gradient(lambda x: ops.tanh(op(x, axis=axis)), x, order=2)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float32"])
@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "any", "all", "mean"])
def test_dtypes_as_numpy(name: str, dtype: str, rng: np.random.Generator) -> None:
    x = rng.integers(0, 3, (3, 4)).astype(dtype)
    found = value_of(lambda x: getattr(ops, name)(x, axis=0), x)
    expected = NUMPY[name](x, axis=0)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["sum", "prod", "max", "mean", "var", "std", "logsumexp"])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_float16_is_summed_in_float32_and_rounded_once(name: str, axis: Any, rng: Any) -> None:
    """At most a unit in the last place from the exact value; sums in float16 lose all digits."""
    x = (rng.uniform(0.99, 1.01, (3000, 5)) * (1 if name == "prod" else 2)).astype(np.float16)
    exact = NUMPY[name](x.astype(np.float64), axis=axis)
    found = cr.compile(lambda x: getattr(ops, name)(x, axis=axis))(x)
    assert close(found, np.asarray(exact), ulps(1))


def test_float16_holds_what_its_sums_do_not(rng: Any) -> None:
    ones, zeros = np.ones(70_000, np.float16), np.zeros(70_000, np.float16)
    assert cr.compile(np.mean)(ones) == 1
    assert cr.compile(np.sum)(ones) == np.inf  # 65504 is the greatest number
    spread = rng.permutation([0, 300] * 5000).astype(np.float16)
    assert cr.compile(np.var)(spread) == 150**2
    slope = cr.compile(cr.grad(lambda x: np.mean(x * x)))(ones)
    assert close(slope, np.full(70_000, 2 / 70_000), subnormal_ulps(1))
    assert close(cr.compile(ops.logsumexp)(zeros), np.log(70_000), ulps(1))
    share = cr.compile(lambda x: ops.softmax(x))(zeros)
    assert close(share, np.full(70_000, 1 / 70_000), subnormal_ulps(1))


SPECIAL = [
    [np.nan, 1.0, 2.0],
    [1.0, np.nan, np.inf],
    [2.0, 2.0, np.nan],
    [np.nan, np.nan, -np.inf],
    [-np.inf, -np.inf, -np.inf],
    [np.inf, np.inf, 0.0],
    [1.0, 3.0, 3.0],
    [0.0, 0.0, 0.0],
]


@pytest.mark.parametrize("row", [p for r in SPECIAL for p in itertools.permutations(r)], ids=str)
def test_extremes_with_ties_and_specials_as_numpy(row: Any) -> None:
    x = np.array(row)
    for name in ("max", "min", "argmax", "argmin"):
        found = value_of(lambda x, n=name: getattr(ops, n)(x), x)
        np.testing.assert_array_equal(found, getattr(np, name)(x), err_msg=name)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions_as_numpy(name: str, axis: Any, keepdims: bool, rng: Any) -> None:
    x = rng.integers(0, 4, (3, 4, 5))
    found = value_of(lambda x: getattr(ops, name)(x, axis=axis, keepdims=keepdims), x)
    expected = np.asarray(getattr(np, name)(x, axis=axis, keepdims=keepdims))
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.int64


def test_the_position_over_several_axes_is_row_major() -> None:
    x = np.zeros((2, 3, 4))
    x[1, :, 2] = [5, 6, 7]
    found = value_of(lambda x: ops.argmax(x, axis=(0, 2)), x)
    np.testing.assert_array_equal(found, [4 + 2] * 3)


@pytest.mark.parametrize(("name", "sign"), [("max", 1.0), ("min", -1.0)])
def test_the_first_of_equal_extremes_takes_the_cotangent(name: str, sign: float) -> None:
    x = sign * np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    (ct,) = gradient_of(lambda x: getattr(ops, name)(x, axis=1), x)
    np.testing.assert_array_equal(ct, [[0, 1, 0], [1, 0, 0]])
    (ct,) = gradient_of(lambda x: getattr(ops, name)(x), x)
    np.testing.assert_array_equal(ct, [[0, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    "x",
    [[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 0.0, 5.0], [0.0], [4.0]],
    ids=str,
)
def test_products_have_exact_derivatives_through_zeros(x: Any) -> None:
    check_gradient(lambda x: ops.prod(x), np.array(x), order=3)


def test_sums_of_no_elements() -> None:
    empty = np.zeros((0, 2))
    for name, value in (("sum", 0.0), ("prod", 1.0), ("any", False), ("all", True)):
        found = value_of(lambda x, n=name: getattr(ops, n)(x, axis=0), empty)
        np.testing.assert_array_equal(found, [value] * 2)
    found = value_of(lambda x: ops.logsumexp(x, axis=0), empty)
    np.testing.assert_array_equal(found, [-np.inf] * 2)
    assert np.isnan(value_of(lambda x: ops.mean(x, axis=0), empty)).all()
    assert value_of(lambda x: ops.max(x, axis=1), empty).shape == (0,)


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_extremes_of_no_elements_are_refused(name: str) -> None:
    with pytest.raises(ShapeError, match=f"{name}: the axes .* are empty, and no elements have no"):
        graph_of(lambda x: getattr(ops, name)(x, axis=0), np.zeros((0, 2)))


def test_logsumexp_is_finite_where_the_sum_of_exponentials_is_not() -> None:
    x = np.array([[1e4, 1e4 + 1, -1e4], [-1e4, -1e4, -1e4 - 1]])
    found = value_of(lambda x: ops.logsumexp(x, axis=1), x)
    np.testing.assert_allclose(found, scipy.special.logsumexp(x, axis=1), rtol=1e-15)
    (ct,) = gradient_of(lambda x: ops.logsumexp(x, axis=1), x)
    np.testing.assert_allclose(ct, scipy.special.softmax(x, axis=1), rtol=1e-12)


def test_logsumexp_of_infinities() -> None:
    inf = np.inf
    x = np.array([[-inf, 0.0], [-inf, -inf], [inf, 0.0], [inf, -inf], [np.nan, 0.0]])
    found = value_of(lambda x: ops.logsumexp(x, axis=1), x)
    np.testing.assert_array_equal(found, [0.0, -inf, inf, inf, np.nan])
    (ct,) = gradient_of(lambda x: ops.logsumexp(x, axis=1), x[:2])
    np.testing.assert_array_equal(ct, [[0, 1], [0, 0]])


def test_logsumexp_lies_between_its_bounds_and_is_convex(rng: np.random.Generator) -> None:
    x = rng.standard_normal(5)
    value = value_of(lambda x: ops.logsumexp(x), x)
    assert x.max() <= value <= x.max() + np.log(5)
    p = scipy.special.softmax(x)
    rows = []
    for unit in np.eye(5):
        (row,) = gradient_of(lambda x, u=unit: ops.sum(u * ops.softmax(x)), x)
        rows.append(row)
    hessian = np.diag(p) - np.outer(p, p)
    np.testing.assert_allclose(rows, hessian, atol=1e-15)


def test_wrong_axes_and_dtypes_are_refused() -> None:
    x = np.zeros((2, 3))
    with pytest.raises(AxisError, match="mean: axis 2 is out of range for an array of 2 dim"):
        graph_of(lambda x: ops.mean(x, axis=2), x)
    with pytest.raises(AxisError, match=r"max: the axes \(0, -2\) name a dimension twice"):
        graph_of(lambda x: ops.max(x, axis=(0, -2)), x)
    with pytest.raises(AxisError, match=r"sum: axis 1\.5 is out of range"):
        graph_of(lambda x: ops.sum(x, axis=1.5), x)
    with pytest.raises(DTypeError, match="max: got complex128"):
        graph_of(lambda x: ops.max(x), x.astype(complex))


def test_the_slope_of_a_deviation_of_equal_elements_is_zero() -> None:
    np.testing.assert_array_equal(cr.grad(lambda x: cr.ops.std(x))(np.full(3, 2.0)), np.zeros(3))
