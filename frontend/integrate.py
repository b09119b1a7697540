"""Integrals over an interval, differentiable in all that they depend on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..compiler.catalogue import plugin
from ..compiler.errors import ArgumentError


@plugin("transformation", theory="ad-09")
def integrate(function: Callable[[Any], Any], lower: Any, upper: Any, *, nodes: int = 32) -> Any:
    r"""The integral of a function over an interval, by Gauss and Legendre's rule.

    .. math::
        \int_a^b f(t)\, dt \approx \frac{b - a}{2} \sum_i w_i f(t_i), \qquad
        \frac{d}{dx} \int_a^b f(x, t)\, dt = \int_a^b \frac{\partial f}{\partial x} dt
        + f(x, b) b' - f(x, a) a'

    It is exact for polynomials up to degree ``2 nodes - 1``, and its derivatives are those of the
    sum: in the limits, and in what the function takes from around it, to any order.

    Parameters
    ----------
    function : callable
        Takes points (n,), returns values (..., n).
    lower, upper : numbers
        The limits.
    nodes : int
        How many points, from 1.

    Returns
    -------
    array
        Of the values' shape without its last axis.

    Raises
    ------
    ArgumentError
        For less than one node.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> round(float(cr.integrate(np.sin, 0.0, np.pi)), 12)
    2.0
    >>> float(cr.grad(lambda b: cr.integrate(np.sin, 0.0, b))(np.pi / 2).round(12))
    1.0
    """
    if nodes < 1:
        raise ArgumentError(f"integrate: {nodes} nodes, wanted 1 or more")
    points, weights = np.polynomial.legendre.leggauss(nodes)
    half, middle = (upper - lower) / 2, (upper + lower) / 2
    dtype = getattr(half, "dtype", np.dtype(np.float64))
    values = function(middle + half * points.astype(dtype))
    return half * (values * weights.astype(dtype)).sum(axis=-1)
