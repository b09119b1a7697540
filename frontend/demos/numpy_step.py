"""The digits demo's training step written by hand in NumPy: the yardstick of its speed.

In place where NumPy can, no work that a careful author would not do, float32 throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
# A rule of update: ``rule(parameters, gradients)`` writes the parameters in place.
Rule = Callable[[Sequence[Array], Sequence[Array]], None]


class NumpyStep:
    """A step of training for a multi-layer perceptron with softmax and cross-entropy.

    Parameters
    ----------
    params : sequence of arrays
        Weight and bias of each layer in turn; copied, and updated by each call.
    activation : str
        ``"tanh"``, ``"relu"`` or ``"sigmoid"``.
    rule : callable
        From `sgd` or `adam`.
    """

    def __init__(self, params: Sequence[Array], activation: str, rule: Rule) -> None:
        self.params = [array.copy() for array in params]
        self.activate, self.pull_back = ACTIVATIONS[activation]
        self.rule = rule

    def __call__(self, x: Array, labels: Array) -> float:
        """Update the parameters; returns the loss before."""
        hidden = self._forward(x)
        loss, cotangent = _cross_entropy(hidden.pop(), labels)
        self.rule(self.params, self._backward(hidden, cotangent))
        return loss

    def _forward(self, x: Array) -> list[Array]:
        """The input, each hidden layer's values, and the logits."""
        values = [x]
        for weight, bias in zip(self.params[:-2:2], self.params[1:-2:2], strict=True):
            z = values[-1] @ weight
            z += bias
            values.append(self.activate(z))
        logits = values[-1] @ self.params[-2]
        logits += self.params[-1]
        return [*values, logits]

    def _backward(self, hidden: list[Array], cotangent: Array) -> list[Array]:
        """The gradients in the order of the parameters."""
        grads: list[Array] = []
        while True:
            value = hidden.pop()
            grads += [cotangent.sum(axis=0), value.T @ cotangent]
            if not hidden:
                return grads[::-1]
            cotangent = cotangent @ self.params[2 * len(hidden)].T
            self.pull_back(cotangent, value)


def _cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """The mean loss, and its gradient written over the logits."""
    rows = np.arange(len(labels))
    logits -= logits.max(axis=1, keepdims=True)
    chosen = logits[rows, labels]
    np.exp(logits, out=logits)
    total = logits.sum(axis=1, keepdims=True)
    loss = float((np.log(total[:, 0]) - chosen).mean())
    logits /= total
    logits[rows, labels] -= 1
    logits /= len(labels)
    return loss, logits


def _tanh(z: Array) -> Array:
    return np.tanh(z, out=z)


def _tanh_back(cotangent: Array, value: Array) -> None:
    slope = value * value
    np.subtract(1, slope, out=slope)
    cotangent *= slope


def _relu(z: Array) -> Array:
    return np.maximum(z, 0, out=z)


def _relu_back(cotangent: Array, value: Array) -> None:
    cotangent *= value > 0


def _sigmoid(z: Array) -> Array:
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    return np.reciprocal(z, out=z)


def _sigmoid_back(cotangent: Array, value: Array) -> None:
    slope = 1 - value
    slope *= value
    cotangent *= slope


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array, Array], None]]] = {
    "tanh": (_tanh, _tanh_back),
    "relu": (_relu, _relu_back),
    "sigmoid": (_sigmoid, _sigmoid_back),
}


def sgd(params: Sequence[Array], learning_rate: float, momentum: float) -> Rule:
    """Gradient descent with momentum, for parameters of these shapes."""
    velocities = [np.zeros_like(array) for array in params]

    def rule(params: Sequence[Array], grads: Sequence[Array]) -> None:
        for param, velocity, grad in zip(params, velocities, grads, strict=True):
            velocity *= momentum
            velocity += grad
            param -= learning_rate * velocity

    return rule


def adam(params: Sequence[Array], learning_rate: float) -> Rule:
    """Adam with its usual decays 0.9 and 0.999 and epsilon 1e-8."""
    means = [np.zeros_like(array) for array in params]
    squares = [np.zeros_like(array) for array in params]
    count = 0

    def rule(params: Sequence[Array], grads: Sequence[Array]) -> None:
        nonlocal count
        count += 1
        rate, weight = learning_rate / (1 - 0.9**count), 1 - 0.999**count
        for param, mean, square, grad in zip(params, means, squares, grads, strict=True):
            mean *= 0.9
            mean += 0.1 * grad
            grad *= grad
            grad *= 0.001
            square *= 0.999
            square += grad
            root = square / weight
            np.sqrt(root, out=root)
            root += 1e-8
            np.divide(mean, root, out=root)
            root *= rate
            param -= root

    return rule
