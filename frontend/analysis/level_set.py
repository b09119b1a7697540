"""A point where a function has a given value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...compiler.catalogue import plugin
from ...compiler.errors import ArgumentError
from ..transforms import value_and_grad

MOST_STEPS = 100


@plugin("analysis", theory="lin-02")
def level_set(
    function: Callable[[Any], Any], level: float, start: Any, *, tolerance: float = 1e-12
) -> NDArray[np.float64]:
    r"""A point of ``{x: f(x) = c}``, by Newton's steps along the gradient.

    .. math:: x \leftarrow x - \frac{f(x) - c}{\lVert \nabla f(x) \rVert^2}\, \nabla f(x)

    For an affine function one step gives the point nearest to the start.

    Parameters
    ----------
    function : callable
        Takes an array (n,), returns a number; differentiable.
    level : float
        The value c.
    start : array (n,)
        Where to begin.
    tolerance : float
        How far from `level` the value may be, relative to the larger of 1 and the level.

    Returns
    -------
    array (n,)
        In float64.

    Raises
    ------
    ArgumentError
        When the gradient vanishes on the way, or the steps do not come to the level.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.analysis.level_set(lambda x: np.sum(x * x), 4.0, np.array([1.0, 0.0])).round(6)
    array([2., 0.])
    """
    slope = value_and_grad(function)
    x = np.array(start, np.float64)
    for _ in range(MOST_STEPS):
        value, gradient = slope(x)
        over = float(value) - level
        if abs(over) <= tolerance * max(1.0, abs(level)):
            return x
        steep = float(np.sum(np.square(gradient)))
        if not steep > 0:
            raise ArgumentError(f"level_set: the gradient is zero at {x}, where f is {value}")
        x = x - over / steep * np.asarray(gradient)
    raise ArgumentError(f"level_set: no point with f = {level} in {MOST_STEPS} steps from {start}")
