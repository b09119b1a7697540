"""Matrix calculus and norms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from theory import DTYPES, both, central_gradient, within

import chainrule as cr
from chainrule import ops

rng = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return rng.normal(size=shape)


def slopes(function: Any, *args: Any) -> list[Any]:
    """The gradient in the first argument, called as it is and compiled."""
    return both(cr.grad(function), *args)


def second(function: Any, x: Any, v: Any) -> list[Any]:
    """The Hessian of a function times `v`."""
    return both(lambda x, v: cr.jvp(cr.grad(function), (x,), (v,))[1], x, v)


# mat-01


def test_mat_01_trace_identities() -> None:
    v, w = normal(5), normal(5)
    within(ops.trace(np.outer(v, w)), v @ w, 1e-12)
    within(ops.vdot(v, w), v @ w, 1e-12)
    a, b = normal(4, 4), normal(4, 4)
    within(ops.trace(a + b), np.trace(a) + np.trace(b), 1e-12)
    within(ops.trace(a.T), np.trace(a), 1e-15)
    x, y, z = normal(3, 4), normal(4, 5), normal(5, 3)
    turns = [x @ y @ z, z @ x @ y, y @ z @ x]
    for each in turns:
        within(ops.trace(each), np.trace(turns[0]), 1e-12)
    within(ops.trace(x @ (y @ z)), (x * (y @ z).T).sum(), 1e-12)


def test_mat_01_only_cyclic_orders_agree() -> None:
    a, b, c = normal(3, 4, 4)
    assert abs(np.trace(a @ b @ c) - np.trace(a @ c @ b)) > 0.1
    within(ops.trace(a @ c @ b), np.trace(a @ c @ b), 1e-12)


def test_mat_01_the_mean_of_traces_is_the_trace_of_the_mean() -> None:
    samples = normal(100, 4, 4)
    for found in both(lambda x: np.mean(ops.trace(x)), samples):
        within(found, np.trace(samples.mean(axis=0)), 1e-12)
    for found in slopes(lambda x: ops.trace(x), normal(4, 4)):
        np.testing.assert_array_equal(found, np.eye(4))


# mat-02


def test_mat_02_gradients_of_traces() -> None:
    a, b = normal(3, 5), normal(5, 3)
    for found in slopes(lambda a: ops.trace(a @ a.T), a):
        within(found, 2 * a, 1e-12)
    for found in slopes(lambda a: ops.trace(a @ b), a):
        within(found, b.T, 1e-12)
    v = normal(3, 5)
    for found in second(lambda a: ops.trace(a @ a.T), a, v):
        within(found, 2 * v, 1e-12)


# mat-05


def test_mat_05_linear_forms() -> None:
    a, b, x = normal(3), normal(5), normal(3)
    for found in slopes(lambda x: a @ x, x):
        within(found, a, 1e-15)
    for found in slopes(lambda x: a @ x @ b, normal(3, 5)):
        within(found, np.outer(a, b), 1e-15)
    for found in slopes(lambda x: a @ x.T @ b, normal(5, 3)):
        within(found, np.outer(b, a), 1e-15)
    for found in second(lambda x: a @ x @ b, normal(3, 5), normal(3, 5)):
        np.testing.assert_array_equal(found, np.zeros((3, 5)))


# mat-06


def test_mat_06_quadratic_forms_of_a_vector() -> None:
    b, x, v = normal(4, 4), normal(4), normal(4)
    for found in slopes(lambda x: x @ b @ x, x):
        within(found, (b + b.T) @ x, 1e-12)
    for found in second(lambda x: x @ b @ x, x, v):
        within(found, (b + b.T) @ v, 1e-12)


def test_mat_06_of_two_affine_maps() -> None:
    x, v, b, s, c, d, t = (normal(*n) for n in [(4,), (4,), (3, 4), (3,), (3, 5), (5, 4), (5,)])

    def form(x: Any) -> Any:
        return (b @ x + s) @ c @ (d @ x + t)

    for found in slopes(form, x):
        within(found, b.T @ c @ (d @ x + t) + d.T @ c.T @ (b @ x + s), 1e-12)
    for found in second(form, x, v):
        within(found, (b.T @ c @ d + d.T @ c.T @ b) @ v, 1e-12)


# mat-07


def test_mat_07_quadratic_forms_of_a_matrix() -> None:
    x, v, b, c, d = (normal(*n) for n in [(3, 4), (3, 4), (4,), (4,), (3, 3)])
    for found in slopes(lambda x: b @ x.T @ x @ c, x):
        within(found, x @ (np.outer(b, c) + np.outer(c, b)), 1e-12)
    for weight in (d, np.eye(3)):

        def form(x: Any, weight: Any = weight) -> Any:
            return b @ x.T @ weight @ x @ c

        def slope(x: Any, weight: Any = weight) -> Any:
            return weight.T @ x @ np.outer(b, c) + weight @ x @ np.outer(c, b)

        for found in slopes(form, x):
            within(found, slope(x), 1e-12)
        for found in second(form, x, v):
            within(found, slope(v), 1e-12)  # linear in x, so that the second order is constant


# mat-08


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, np.inf])
@pytest.mark.parametrize("dtype", DTYPES)
def test_mat_08_norms_are_numpys(dtype: str, p: float) -> None:
    x = normal(6, 5).astype(dtype)
    wanted = np.linalg.norm(x.astype("float64"), ord=p, axis=1)
    for found in both(lambda x: ops.vector_norm(x, p=p, axis=1), x):
        assert found.dtype == dtype
        within(found, wanted, 1e-14 if dtype == "float64" else 1e-6)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, np.inf])
def test_mat_08_their_gradients(p: float) -> None:
    x = normal(6)
    for found in slopes(lambda x: ops.vector_norm(x, p=p), x):
        within(found, central_gradient(lambda x: np.linalg.norm(x, ord=p), x), 1e-6)
    for found in slopes(lambda x: ops.vector_norm(x, p=p), np.zeros(4)):
        np.testing.assert_array_equal(found, np.zeros(4))  # a subgradient, and not NaN


def test_mat_08_inequalities() -> None:
    for x, y in zip(normal(50, 6), normal(50, 6), strict=True):
        for p in (1, 1.5, 2, 3, np.inf):
            q = np.inf if p == 1 else 1 if p == np.inf else p / (p - 1)
            norm_x, norm_y = ops.vector_norm(x, p=p), ops.vector_norm(y, p=p)
            assert ops.vector_norm(x + y, p=p) <= (norm_x + norm_y) * (1 + 1e-14)
            assert abs(ops.vdot(x, y)) <= norm_x * ops.vector_norm(y, p=q) * (1 + 1e-14)
    x = normal(6)
    within(
        ops.vdot(x, 3 * x), ops.vector_norm(x) * ops.vector_norm(3 * x), 1e-14
    )  # where it is met
    with pytest.raises(cr.ArgumentError, match="less gives no norm"):
        ops.vector_norm(x, p=0.5)
    half = [
        np.sum(np.sqrt(np.abs(each))) ** 2 for each in (np.eye(2)[0] + np.eye(2)[1], *np.eye(2))
    ]
    assert half[0] > half[1] + half[2]  # the triangle inequality fails below 1


def test_mat_08_the_frobenius_norm() -> None:
    a = normal(3, 5)
    for found in both(ops.frobenius, a):
        within(found * found, np.square(np.linalg.svd(a, compute_uv=False)).sum(), 1e-13)
        within(found * found, np.trace(a @ a.T), 1e-13)
    for found in slopes(ops.frobenius, np.zeros((2, 3))):
        np.testing.assert_array_equal(found, np.zeros((2, 3)))
