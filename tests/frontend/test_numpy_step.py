"""The yardstick itself: the hand-written step's gradients against central differences."""

from itertools import pairwise

import numpy as np
import pytest

from chainrule.frontend.demos import numpy_step

SIZES = (4, 6, 5, 3)


ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda z: z * (z > 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}


def network(rng) -> list[np.ndarray]:
    params = []
    for inputs, outputs in pairwise(SIZES):
        params += [rng.normal(size=(inputs, outputs)), rng.normal(size=outputs)]
    return params


def loss(params, activation, x, labels) -> float:
    for weight, bias in zip(params[:-2:2], params[1:-2:2], strict=True):
        z = x @ weight + bias
        x = ACTIVATIONS[activation](z)
    logits = x @ params[-2] + params[-1]
    return np.mean(
        [np.log(np.exp(row).sum()) - row[k] for row, k in zip(logits, labels, strict=True)]
    )


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_gradients_agree_with_central_differences(rng, activation) -> None:
    params = network(rng)
    x, labels = rng.normal(size=(7, 4)), rng.integers(0, 3, 7)
    grads: list[np.ndarray] = []
    step = numpy_step.NumpyStep(params, activation, lambda _, found: grads.extend(found))
    value = step(x, labels)
    assert value == pytest.approx(loss(params, activation, x, labels), rel=1e-12)
    h = 1e-6
    for number, grad in enumerate(grads):
        for place in np.ndindex(grad.shape):
            ends = []
            for sign in (1, -1):
                moved = [array.copy() for array in params]
                moved[number][place] += sign * h
                ends.append(loss(moved, activation, x, labels))
            assert grad[place] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)


def test_sgd_moves_along_the_velocity() -> None:
    params = [np.array([1.0])]
    rule = numpy_step.sgd(params, 0.1, 0.5)
    rule(params, [np.array([2.0])])
    rule(params, [np.array([4.0])])
    # Velocities 2 and 0.5 * 2 + 4 = 5.
    np.testing.assert_allclose(params[0], 1 - 0.1 * 2 - 0.1 * 5, rtol=1e-15)


def test_adam_starts_with_steps_of_the_learning_rate() -> None:
    params = [np.array([1.0, 1.0])]
    rule = numpy_step.adam(params, 0.1)
    rule(params, [np.array([3.0, -1e-3])])
    np.testing.assert_allclose(params[0], [0.9, 1.1], rtol=1e-5)
