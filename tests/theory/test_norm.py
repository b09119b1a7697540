"""Batch normalisation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from theory import DTYPES, both, central_gradient, within

import chainrule as cr
from chainrule import ops
from chainrule.frontend.nn import BatchNorm, Linear

rng = np.random.default_rng(0)
SHAPES = [(12, 5), (6, 3, 4, 2)]


def given(shape: tuple[int, ...], dtype: str = "float64") -> list[np.ndarray]:
    x = (rng.normal(size=shape) * 3 + 1).astype(dtype)
    return [x, *(rng.normal(size=shape[1]).astype(dtype) for _ in range(2))]


def wide(parameter: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return parameter.reshape(-1, *(1 for _ in shape[2:]))


def axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axis for axis in range(len(shape)) if axis != 1)


# norm-01


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_norm_01_means_and_deviations_are_as_asked(shape: tuple[int, ...], dtype: str) -> None:
    x, scale, shift = given(shape, dtype)
    variance = x.astype("float64").var(axis=axes(shape))
    limit = 1e-13 if dtype == "float64" else 1e-5
    for found in both(lambda *a: ops.batch_norm(*a, epsilon=0.01), x, scale, shift):
        assert found.dtype == dtype
        found = found.astype("float64")
        within(found.mean(axis=axes(shape)), shift, limit)
        wanted = np.abs(scale) * np.sqrt(variance / (variance + 0.01))
        within(found.std(axis=axes(shape)), wanted, limit)


@pytest.mark.parametrize("shape", SHAPES)
def test_norm_01_the_gradient_goes_through_mean_and_variance(shape: tuple[int, ...]) -> None:
    x, scale, shift = given(shape)
    g, epsilon = rng.normal(size=shape), 0.1

    def loss(x: Any, scale: Any, shift: Any) -> Any:
        return (ops.batch_norm(x, scale, shift, epsilon=epsilon) * g).sum()

    over = axes(shape)
    root = 1 / np.sqrt(x.var(axis=over, keepdims=True) + epsilon)
    normal = (x - x.mean(axis=over, keepdims=True)) * root

    def mean(a: Any) -> Any:
        return a.mean(axis=over, keepdims=True)

    wanted = [
        wide(scale, shape) * root * (g - mean(g) - normal * mean(g * normal)),
        (g * normal).sum(axis=over),
        g.sum(axis=over),
    ]
    for found in both(cr.grad(loss, argnums=(0, 1, 2)), x, scale, shift):
        for one, each in zip(found, wanted, strict=True):
            within(one, each, 1e-12)
        np.testing.assert_allclose(found[0].sum(axis=over), 0, atol=1e-12)
    within(wanted[0], central_gradient(lambda x: loss(x, scale, shift), x), 1e-6)

    def plain(x: Any) -> Any:  # by autodiff, without the closed form
        centred = x - np.mean(x, axis=over, keepdims=True)
        spread = np.mean(centred * centred, axis=over, keepdims=True)
        return (centred / np.sqrt(spread + epsilon) * wide(scale, shape) * g).sum()

    within(cr.grad(plain)(x), wanted[0], 1e-12)
    v = rng.normal(size=shape)
    second = cr.hvp(lambda x: loss(x, scale, shift), x, v)
    within(second, cr.hvp(plain, x, v), 1e-11)


def test_norm_01_shifts_and_scales_of_a_channel_do_not_matter() -> None:
    x, scale, shift = given((12, 5))
    moved = x * rng.uniform(0.5, 2, 5) + rng.normal(size=5)
    wanted = ops.batch_norm(x, scale, shift, epsilon=0.0)
    within(ops.batch_norm(moved, scale, shift, epsilon=0.0), wanted, 1e-12)


def test_norm_01_equals_torch() -> None:
    torch = pytest.importorskip("torch")
    x, scale, shift = given((6, 3, 4, 2))
    tensors = [torch.from_numpy(each) for each in (x, scale, shift)]
    wanted = torch.nn.functional.batch_norm(
        tensors[0], None, None, *tensors[1:], training=True, eps=1e-5
    )
    within(ops.batch_norm(x, scale, shift), wanted.numpy(), 1e-13)


# norm-02


def test_norm_02_the_identity_can_be_restored() -> None:
    x, *_ = given((12, 5))
    scale, shift = np.sqrt(x.var(axis=0) + 1e-5), x.mean(axis=0)
    for found in both(ops.batch_norm, x, scale, shift):
        within(found, x, 1e-12)


@pytest.mark.parametrize(("dtype", "limit"), [("float64", 1e-12), ("float32", 1e-6)])
def test_norm_02_a_folded_network_is_the_network(dtype: str, limit: float) -> None:
    parameters = [rng.normal(size=s).astype(dtype) for s in [(4, 6), (6,), (6,), (6,), (6,)]]
    weight, bias, scale, shift, mean = parameters
    variance = rng.uniform(0.5, 2, 6).astype(dtype)
    layer, norm = Linear(weight, bias), BatchNorm(scale, shift, mean, variance)
    x = rng.normal(size=(9, 4)).astype(dtype)
    for found in both(norm.folded(layer), x):
        within(found, norm(layer(x)), limit)
    slope = scale / np.sqrt(variance + norm.epsilon)
    for found in both(cr.grad(lambda y: norm(y).sum()), layer(x)):
        within(found, np.broadcast_to(slope, (9, 6)), 1e-6 if dtype == "float32" else 1e-12)


def test_norm_02_running_averages_come_to_the_statistics() -> None:
    layer = replace(BatchNorm.create(3), momentum=0.5)
    x = (rng.normal(size=(64, 3)) * [1, 2, 3] + [0, 1, -1]).astype("float32")
    step = cr.compile(lambda layer, x: layer.train(x))
    for _ in range(40):
        y, layer = step(layer, x)
    within(layer.mean, x.mean(axis=0), 1e-6)
    within(layer.variance, x.var(axis=0), 1e-6)
    within(layer(x), y, 1e-5)
    slopes = cr.grad(lambda layer: (layer.train(x)[0] ** 2).sum())(layer)
    np.testing.assert_array_equal(slopes.mean, np.zeros(3))
