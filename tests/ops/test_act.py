"""Activations against SciPy, with their derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special
from oracles import check_gradient, check_samples, gradient_of, value_of

from chainrule import ops

OPS = [ops.softmax, ops.log_softmax, ops.silu, ops.elu, ops.gelu, ops.leaky_relu]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_samples(op: Any) -> None:
    check_samples(op)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_as_scipy_and_its_gradients(name: str, axis: int, rng: Any) -> None:
    x = 3 * rng.standard_normal((3, 4, 2))
    function = lambda x: getattr(ops, name)(x, axis=axis)  # noqa: E731
    expected = getattr(scipy.special, name)(x, axis=axis)
    np.testing.assert_allclose(value_of(function, x), expected, rtol=1e-13, atol=1e-14)
    check_gradient(lambda x: ops.tanh(function(x)), x[:2, :2], order=2)


def test_the_jacobian_of_softmax() -> None:
    x = np.array([0.3, -1.0, 2.0, 0.0])
    p = scipy.special.softmax(x)
    rows = [gradient_of(lambda x: ops.softmax(x), x, ct=unit)[0] for unit in np.eye(4)]
    np.testing.assert_allclose(rows, np.diag(p) - np.outer(p, p), atol=1e-15)
    np.testing.assert_allclose(np.sum(rows, axis=0), 0, atol=1e-15)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_shift_of_all_logits_changes_nothing(name: str) -> None:
    x = np.array([0.0, 1.0, -3.0, 0.5])
    op = getattr(ops, name)
    plain = value_of(lambda x: op(x), x)
    np.testing.assert_array_equal(value_of(lambda x: op(x), x + 2.0**13), plain)


def test_impossible_classes_have_no_share_and_no_gradient() -> None:
    x = np.array([0.0, -np.inf, 1.0])
    found = value_of(lambda x: ops.softmax(x), x)
    np.testing.assert_allclose(found, scipy.special.softmax(x), rtol=1e-15)
    for op in (ops.softmax, ops.log_softmax):
        (ct,) = gradient_of(lambda x, op=op: op(x), x, ct=np.array([1.0, 0.0, 0.0]))
        assert np.isfinite(ct).all()
        assert ct[1] == 0
    assert np.isnan(value_of(lambda x: ops.softmax(x), np.full(3, -np.inf))).all()


def test_gelu_is_the_share_of_the_normal_distribution(rng: np.random.Generator) -> None:
    x = 3 * rng.standard_normal(50)
    found = value_of(lambda x: ops.gelu(x), x)
    np.testing.assert_allclose(found, x * scipy.special.ndtr(x), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("name", ["silu", "gelu", "elu", "leaky_relu"])
def test_second_derivatives(name: str, rng: np.random.Generator) -> None:
    x = rng.uniform(0.2, 3.0, 6) * np.array([1, -1, 1, -1, 1, -1])
    check_gradient(lambda x: getattr(ops, name)(x), x, order=2)


def test_large_arguments_have_finite_gradients() -> None:
    x = np.array([-1e4, 1e4])
    for name, slopes in (("silu", [0, 1]), ("gelu", [0, 1]), ("elu", [0, 1])):
        (ct,) = gradient_of(lambda x, n=name: getattr(ops, n)(x), x)
        np.testing.assert_allclose(ct, slopes, atol=1e-12, err_msg=name)
