"""What an optimiser is, and what its rules share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...compiler.provenance import phase
from ..arguments import leaf_type
from ..pytree import tree_map


class Optimizer(NamedTuple):
    """A pair of pure functions over pytrees.

    Attributes
    ----------
    init : callable
        ``init(params) -> state``: the state before the first update.
    update : callable
        ``update(grads, state, params) -> (updates, state)``: what to add to the parameters, and
        the next state. None stands for the gradient and the update of integer leaves.
    """

    init: Callable[[Any], Any]
    update: Callable[[Any, Any, Any], tuple[Any, Any]]


def apply_updates(params: Any, updates: Any) -> Any:
    r"""The parameters after an update.

    .. math:: \theta_{t+1} = \theta_t + u_t

    Parameters
    ----------
    params : pytree
    updates : pytree
        Of the same structure; None leaves its parameter as it is.

    Examples
    --------
    >>> import chainrule as cr
    >>> cr.optim.apply_updates({"w": 2.0, "n": 3}, {"w": -0.5, "n": None})
    {'w': 1.5, 'n': 3}
    """
    with phase("update"):
        return tree_map(lambda p, u: p if u is None else p + u, params, updates)


def map_leaves(function: Callable[..., Any], params: Any, grads: Any, *rest: Any) -> Any:
    """`function` of each gradient and what belongs to it, in the structure of the parameters.

    Where the gradient is None so is the result.
    """
    return tree_map(lambda _, g, *r: None if g is None else function(g, *r), params, grads, *rest)


def zeros_like(params: Any) -> Any:
    """An array of zeros per leaf that can have a gradient, None for the others.

    Each is an array of its own, so that the state can be donated.
    """

    def zeros(leaf: Any) -> Any:
        type = leaf_type(leaf, "params")
        return np.zeros(type.shape, type.dtype.numpy) if type.differentiable else None

    return tree_map(zeros, params)
