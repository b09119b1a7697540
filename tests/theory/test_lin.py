"""Linear and affine maps."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from theory import DTYPES, both, central_gradient, within

import chainrule as cr
from chainrule.frontend.theory import standing

rng = np.random.default_rng(0)


def chain(*shapes: tuple[int, int]) -> list[np.ndarray]:
    return [rng.normal(size=shape) for shape in shapes]


# lin-01


def test_lin_01_the_representer_of_a_chain_is_the_product_of_its_matrices() -> None:
    a, b, c = chain((1, 4), (4, 6), (6, 5))

    def function(x: Any) -> Any:
        return (a @ (b @ (c @ x)))[0]

    within(cr.analysis.representer(function, 5), (a @ b @ c)[0], 1e-12)
    within(cr.analysis.representer(lambda x: b @ (c @ x), 5), b @ c, 1e-12)
    within(cr.analysis.representer(cr.compile(function), 5), (a @ b @ c)[0], 1e-12)


@pytest.mark.parametrize(
    "function",
    [lambda x: np.maximum(x, 0).sum(), lambda x: x.sum() + 1, lambda x: (x * x).sum()],
    ids=["rectified", "affine", "square"],
)
def test_lin_01_what_is_not_linear_is_rejected(function: Any) -> None:
    assert not cr.analysis.is_linear(function, 3)
    with pytest.raises(cr.ArgumentError, match="not linear"):
        cr.analysis.representer(function, 3)


def test_lin_01_the_gradient_is_the_representer_everywhere() -> None:
    w = rng.normal(size=7)

    def function(x: Any) -> Any:
        return cr.ops.linear(x, w)

    assert cr.analysis.is_linear(function, 7)
    for x in rng.normal(size=(2, 7)):
        for slope in both(cr.grad(function), x):
            np.testing.assert_array_equal(slope, w)
    second = cr.grad(lambda x: cr.grad(function)(x).sum())
    np.testing.assert_array_equal(second(rng.normal(size=7)), np.zeros(7))


@pytest.mark.parametrize("dtype", DTYPES)
def test_lin_01_rows_of_a_batch(dtype: str) -> None:
    x, w = rng.normal(size=(6, 3)).astype(dtype), rng.normal(size=3).astype(dtype)
    for found in both(cr.ops.linear, x, w):
        assert found.dtype == dtype
        within(found, [np.dot(row.astype("float64"), w.astype("float64")) for row in x], 2e-6)


# lin-02


def test_lin_02_an_affine_function_is_constant_along_the_null_space_of_its_normal() -> None:
    w, b, level = rng.normal(size=5), 0.7, -1.3

    def function(x: Any) -> Any:
        return cr.ops.linear(x, w) + b

    start = cr.analysis.level_set(function, level, rng.normal(size=5))
    directions = scipy.linalg.null_space(w[None, :])
    assert directions.shape == (5, 4)
    for v in rng.normal(size=(10, 4)):
        assert abs(function(start + directions @ v) - level) <= 1e-12 * 10


def test_lin_02_a_projection_lies_on_the_hyperplane_and_moves_along_the_normal() -> None:
    x, w, b, c = rng.normal(size=(20, 4)), rng.normal(size=4), 0.3, 1.1
    for nearest in both(cr.ops.project_to_hyperplane, x, w, b, c):
        within(nearest @ w + b, np.full(20, c), 1e-12)
        moved = x - nearest
        cosine = moved @ w / (np.linalg.norm(moved, axis=1) * np.linalg.norm(w))
        within(np.abs(cosine), np.ones(20), 1e-12)
    for distance in both(cr.ops.hyperplane_distance, x, w, b, c):
        within(np.abs(distance), np.linalg.norm(moved, axis=1), 1e-12)
        assert (np.sign(distance) == np.sign(x @ w + b - c)).all()


def test_lin_02_without_a_normal_there_is_no_level_set() -> None:
    nothing = np.zeros(3)
    assert not np.isfinite(cr.ops.hyperplane_distance(np.ones(3), nothing, 1.0, 0.0))
    assert not np.isfinite(cr.ops.project_to_hyperplane(np.ones(3), nothing, 1.0, 0.0)).any()
    with pytest.raises(cr.ArgumentError, match="the gradient is zero"):
        cr.analysis.level_set(lambda x: cr.ops.linear(x, nothing) + 1.0, 0.0, np.ones(3))


def test_lin_02_a_curved_level_set_is_reached_too() -> None:
    found = cr.analysis.level_set(lambda x: np.sum(x * x) + x[0], 2.0, np.array([1.0, 1.0]))
    assert abs(np.sum(found * found) + found[0] - 2) <= 1e-11


# lin-03


@pytest.mark.parametrize("dtype", DTYPES)
def test_lin_03_an_affine_map_is_a_linear_function_for_each_row(dtype: str) -> None:
    x, w, b = (rng.normal(size=s).astype(dtype) for s in [(6, 4), (3, 4), (3,)])
    for found in both(cr.ops.affine, x, w, b):
        for j in range(3):
            within(
                found[:, j], cr.ops.linear(x, w[j]) + b[j], 1e-6 if dtype == "float32" else 1e-15
            )


def test_lin_03_gradients_are_products() -> None:
    x, w, b, g = (rng.normal(size=s) for s in [(6, 4), (3, 4), (3,), (6, 3)])

    def loss(x: Any, w: Any, b: Any) -> Any:
        return (cr.ops.affine(x, w, b) * g).sum()

    for found in both(cr.grad(loss, argnums=(0, 1, 2)), x, w, b):
        for one, wanted in zip(found, (g @ w, g.T @ x, g.sum(axis=0)), strict=True):
            within(one, wanted, 1e-12)
    within(cr.grad(loss, argnums=1)(x, w, b), central_gradient(lambda w: loss(x, w, b), w), 1e-6)


def test_lin_03_equals_torch() -> None:
    torch = pytest.importorskip("torch")
    x, w, b = (rng.normal(size=s) for s in [(6, 4), (3, 4), (3,)])
    wanted = torch.nn.functional.linear(*map(torch.from_numpy, (x, w, b))).numpy()
    within(cr.ops.affine(x, w, b), wanted, 1e-14)


# lin-04


@pytest.mark.parametrize("depth", range(2, 7))
def test_lin_04_a_chain_of_affine_maps_is_one(depth: int) -> None:
    widths = [int(n) for n in rng.integers(2, 7, depth + 1)]
    layers = [(rng.normal(size=(m, n)), rng.normal(size=m)) for n, m in pairwise(widths)]
    x = rng.normal(size=(400, widths[0]))

    def function(x: Any) -> Any:
        for w, b in layers:
            x = cr.ops.affine(x, w, b)
        return x

    weight, bias = np.eye(widths[0]), np.zeros(widths[0])
    for w, b in layers:
        weight, bias = w @ weight, w @ bias + b
    for found in both(function, x):
        within(found, x @ weight.T + bias, 1e-10)
    ranks = [cr.analysis.rank(w) for w, _ in layers]
    assert ranks == [min(w.shape) for w, _ in layers]
    assert cr.analysis.rank(weight) == min(ranks)
    assert "collapse" in cr.compile(function).program(x).explain()


def test_lin_04_each_factor_keeps_its_gradient() -> None:
    layers = [(rng.normal(size=(m, n)), rng.normal(size=m)) for n, m in [(5, 3), (3, 6), (6, 2)]]
    x, g = rng.normal(size=(40, 5)), rng.normal(size=(40, 2))

    def loss(layers: Any) -> Any:
        y = x
        for w, b in layers:
            y = cr.ops.affine(y, w, b)
        return (y * g).sum()

    inputs, y = [], x
    for w, b in layers:
        inputs.append(y)
        y = y @ w.T + b
    wanted, back = [], g
    for (w, _), given in zip(layers[::-1], inputs[::-1], strict=True):
        wanted.insert(0, (back.T @ given, back.sum(axis=0)))
        back = back @ w
    for found in both(cr.grad(loss), layers):
        for one, other in zip(found, wanted, strict=True):
            within(one[0], other[0], 1e-10)
            within(one[1], other[1], 1e-10)


def test_lin_04_a_rectifier_keeps_maps_apart() -> None:
    w, v = rng.normal(size=(8, 4)), rng.normal(size=(3, 8))
    x = rng.normal(size=(500, 4))
    function = cr.compile(lambda x: cr.ops.relu(x @ w.T) @ v.T)
    program = function.program(x)
    assert "relu stands between two affine maps" in program.explain()
    assert [kernel.kind for kernel in program.kernels] == ["product", "product"]
    within(function(x), np.maximum(x @ w.T, 0) @ v.T, 1e-12)


def test_lin_04_rank_with_a_tolerance() -> None:
    nearly = np.diag([1.0, 1e-3, 0.0])
    assert cr.analysis.rank(nearly) == 2
    assert cr.analysis.rank(nearly, 1e-2) == 1


def test_lin_04_is_the_pass_that_collapses() -> None:
    assert "chainrule.compiler.passes.linear_chain" in standing("lin-04").plugins
