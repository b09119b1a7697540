"""Adaptive moment estimation."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...compiler.errors import ArgumentError
from ...compiler.provenance import phase
from .optimizer import Optimizer, map_leaves, zeros_like


class AdamState(NamedTuple):
    """State of `adam`.

    Attributes
    ----------
    count : int32 scalar
        Updates made so far.
    mean, square : pytrees
        Running averages of the gradient and of its square, in the structure of the parameters.
    """

    count: Any
    mean: Any
    square: Any


def adam(
    learning_rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Optimizer:
    r"""Adam: each parameter moves by its average gradient over the root of its average square.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t, \qquad m_0 = 0 \\
        s_t &= \beta_2 s_{t-1} + (1 - \beta_2) g_t^2, \qquad s_0 = 0 \\
        u_t &= -\eta \, \frac{m_t / (1 - \beta_1^t)}{\sqrt{s_t / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    learning_rate : float
        :math:`\eta`: about how far a parameter moves in one update.
    beta1, beta2 : float
        Decay of the two averages, in [0, 1).
    epsilon : float
        Outside the root, as in the paper, PyTorch and Optax.

    Returns
    -------
    Optimizer
        Its averages have the dtypes of the parameters, its count is an int32 scalar.

    Raises
    ------
    ArgumentError
        When a decay is outside [0, 1).

    References
    ----------
    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 1.

    Examples
    --------
    >>> import chainrule as cr
    >>> optimizer = cr.optim.adam(0.1)
    >>> params = {"w": 1.0}
    >>> updates, state = optimizer.update({"w": 2.0}, optimizer.init(params), params)
    >>> round(float(updates["w"]), 6), int(state.count)
    (-0.1, 1)
    """
    for name, beta in (("beta1", beta1), ("beta2", beta2)):
        if not 0 <= beta < 1:
            raise ArgumentError(f"adam wants {name} in [0, 1), got {beta}")

    def init(params: Any) -> AdamState:
        return AdamState(np.zeros((), np.int32), zeros_like(params), zeros_like(params))

    def update(grads: Any, state: AdamState, params: Any) -> tuple[Any, AdamState]:
        with phase("update"):
            count = state.count + 1
            mean = map_leaves(_running(beta1), params, grads, state.mean)
            squares = map_leaves(lambda g: g * g, params, grads)
            square = map_leaves(_running(beta2), params, squares, state.square)

            def step(m: Any, s: Any) -> Any:
                unbiased = m / _weight(count, beta1, m)
                root = ops.sqrt(s / _weight(count, beta2, s))
                return -learning_rate * (unbiased / (root + epsilon))

            return map_leaves(step, params, mean, square), AdamState(count, mean, square)

    return Optimizer(init, update)


def _running(beta: float) -> Any:
    return lambda new, average: beta * average + (1 - beta) * new


def _weight(count: Any, beta: float, like: Any) -> Any:
    """The sum of the weights in a running average, :math:`1 - \\beta^t`, in the dtype of `like`.

    As ``-expm1(t log(beta))``: in float32 the power itself would lose three digits to
    cancellation at ``beta = 0.999``.
    """
    rate = math.log(beta) if beta else -math.inf
    return -ops.expm1(ops.cast(count, dtype=like.dtype) * rate)
