"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...compiler.errors import ArgumentError
from ...compiler.provenance import phase
from .optimizer import Optimizer, map_leaves, zeros_like


class SGDState(NamedTuple):
    """State of `sgd`.

    Attributes
    ----------
    velocity : pytree or None
        In the structure of the parameters; None without momentum.
    """

    velocity: Any


def sgd(learning_rate: float, momentum: float = 0.0, nesterov: bool = False) -> Optimizer:
    r"""Stochastic gradient descent, with momentum.

    .. math::
        v_t &= \mu v_{t-1} + g_t, \qquad v_0 = 0 \\
        u_t &= -\eta v_t \qquad \text{or, after Nesterov,} \qquad u_t = -\eta (g_t + \mu v_t)

    Parameters
    ----------
    learning_rate : float
        :math:`\eta`. It multiplies the velocity, as in PyTorch and Optax, and is no part of it
        as in the original paper: a change of it acts at once.
    momentum : float
        :math:`\mu`, in [0, 1).
    nesterov : bool
        Whether to look ahead along the velocity.

    Returns
    -------
    Optimizer
        Its state has the dtypes of the parameters.

    Raises
    ------
    ArgumentError
        When `momentum` is outside [0, 1), or `nesterov` is asked for without it.

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl and G. Hinton, On the importance of initialization and
    momentum in deep learning, ICML 2013.

    Examples
    --------
    >>> import chainrule as cr
    >>> optimizer = cr.optim.sgd(0.1, momentum=0.5)
    >>> params = {"w": 1.0}
    >>> updates, state = optimizer.update({"w": 2.0}, optimizer.init(params), params)
    >>> float(updates["w"]), float(state.velocity["w"])
    (-0.2, 2.0)
    """
    if not 0 <= momentum < 1:
        raise ArgumentError(f"sgd wants a momentum in [0, 1), got {momentum}")
    if nesterov and not momentum:
        raise ArgumentError("sgd with nesterov wants a momentum above 0")

    def init(params: Any) -> SGDState:
        return SGDState(zeros_like(params) if momentum else None)

    def update(grads: Any, state: SGDState, params: Any) -> tuple[Any, SGDState]:
        with phase("update"):
            if not momentum:
                return map_leaves(lambda g: -learning_rate * g, params, grads), state
            velocity = map_leaves(lambda g, v: momentum * v + g, params, grads, state.velocity)
            along = velocity
            if nesterov:
                along = map_leaves(lambda g, v: g + momentum * v, params, grads, velocity)
            return map_leaves(lambda v: -learning_rate * v, params, along), SGDState(velocity)

    return Optimizer(init, update)
