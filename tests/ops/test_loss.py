"""Losses against closed forms in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special
from oracles import check_gradient, check_samples, gradient_of, graph_of, value_of

from chainrule import ops
from chainrule.compiler.errors import DTypeError, OutOfBoundsError, ShapeError


@pytest.mark.parametrize("op", [ops.cross_entropy, ops.logistic_loss], ids=lambda op: op.name)
def test_samples(op: Any) -> None:
    check_samples(op)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_cross_entropy_and_its_gradients(axis: int, rng: np.random.Generator) -> None:
    logits = rng.standard_normal((3, 4, 2))
    classes = logits.shape[axis]
    labels = rng.integers(0, classes, np.delete(logits.shape, axis))
    loss = lambda z, y: ops.cross_entropy(z, y, axis=axis)  # noqa: E731
    logs = scipy.special.log_softmax(logits, axis=axis)
    own = np.take_along_axis(logs, np.expand_dims(labels, axis), axis)
    np.testing.assert_allclose(value_of(loss, logits, labels), -np.squeeze(own, axis), rtol=1e-12)
    check_gradient(loss, logits, labels, order=2)


def test_the_gradient_is_the_softmax_less_the_label(rng: np.random.Generator) -> None:
    logits, labels = rng.standard_normal((5, 3)), rng.integers(0, 3, 5)
    (ct,) = gradient_of(lambda z, y: ops.cross_entropy(z, y), logits, labels)
    expected = scipy.special.softmax(logits, axis=1) - np.eye(3)[labels]
    np.testing.assert_allclose(ct, expected, atol=1e-15)
    np.testing.assert_allclose(ct.sum(axis=1), 0, atol=1e-15)


def test_large_logits_stay_finite() -> None:
    logits, labels = np.array([[1e4, -1e4, 0.0]] * 3), np.arange(3)
    loss = lambda z, y: ops.cross_entropy(z, y)  # noqa: E731
    np.testing.assert_array_equal(value_of(loss, logits, labels), [0, 2e4, 1e4])
    (ct,) = gradient_of(loss, logits, labels)
    np.testing.assert_array_equal(ct, [[0, 0, 0], [1, -1, 0], [1, 0, -1]])


def test_two_classes_are_the_logistic_loss(rng: np.random.Generator) -> None:
    logits, labels = rng.standard_normal((6, 2)), rng.integers(0, 2, 6)
    two = value_of(lambda z, y: ops.cross_entropy(z, y), logits, labels)
    one = value_of(
        lambda z, y: ops.logistic_loss(z, y), logits[:, 1] - logits[:, 0], labels.astype(float)
    )
    np.testing.assert_allclose(two, one, rtol=1e-12)


def test_cross_entropy_keeps_float32() -> None:
    logits, labels = np.zeros((2, 3), np.float32), np.array([0, 2])
    assert value_of(lambda z, y: ops.cross_entropy(z, y), logits, labels).dtype == np.float32
    graph = graph_of(lambda z, y: ops.cross_entropy(z, y), logits, labels)
    from chainrule.compiler.derivatives import pulled_back

    pulled = pulled_back(graph, [0], [0])
    inexact = {str(u.array_type.dtype) for u in pulled.units if u.type.differentiable}
    assert inexact == {"float32"}


@pytest.mark.parametrize("label", [3, -1])
def test_a_label_that_is_no_class_ends_the_program(label: int) -> None:
    with pytest.raises(OutOfBoundsError, match=f"index {label} is out of bounds for axis 1 with 3"):
        value_of(lambda z, y: ops.cross_entropy(z, y), np.zeros((1, 3)), np.array([label]))


def test_wrong_labels_are_refused_while_tracing() -> None:
    logits = np.zeros((4, 3))
    with pytest.raises(DTypeError) as caught:
        graph_of(lambda z, y: ops.cross_entropy(z, y), logits, np.zeros(4))
    assert str(caught.value).splitlines()[0] == (
        "cross_entropy: the labels are float64, wanted integers: one class per example"
    )
    with pytest.raises(ShapeError, match=r"cross_entropy: the labels have shape \(3,\), wanted"):
        graph_of(lambda z, y: ops.cross_entropy(z, y), logits, np.zeros(3, int))


def test_the_logistic_loss_is_the_product_of_probabilities(rng: np.random.Generator) -> None:
    z, y = rng.standard_normal(20), rng.integers(0, 2, 20).astype(float)
    p = scipy.special.expit(z)
    product = np.prod(np.where(y == 1, p, 1 - p))
    total = np.sum(value_of(lambda z, y: ops.logistic_loss(z, y), z, y))
    assert total == pytest.approx(-np.log(product), rel=1e-12)


def test_gradients_of_the_logistic_loss(rng: np.random.Generator) -> None:
    z, y = rng.standard_normal((3, 4)), rng.uniform(size=4)
    check_gradient(lambda z, y: ops.logistic_loss(z, y), z, y, order=2)
    sure = np.array([1e4, -1e4, 1e4, -1e4])
    right = np.array([1.0, 0.0, 0.0, 1.0])
    by_z, _ = gradient_of(lambda z, y: ops.logistic_loss(z, y), sure, right)
    np.testing.assert_array_equal(by_z, [0, 0, 1, -1])


def test_a_confident_right_answer_keeps_its_small_loss() -> None:
    found = value_of(lambda z, y: ops.logistic_loss(z, y), np.array([30.0]), np.array([1.0]))
    np.testing.assert_allclose(found, np.log1p(np.exp(-30.0)), rtol=1e-12)
