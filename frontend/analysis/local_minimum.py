"""Whether a point may be a local minimum, and where to go if it is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiler.catalogue import plugin
from ..jacobians import hessian
from ..transforms import grad


class LocalMinimum(NamedTuple):
    """What `check_local_min` found.

    Attributes
    ----------
    kind : str
        ``"descent"``: the gradient is not zero; ``"saddle"``: it is, and a curvature is negative;
        ``"stationary"``: both necessary conditions of a minimum hold.
    direction : array or None
        In which the function falls; None for a stationary point.
    curvature : float or None
        The least eigenvalue of the Hessian; None where the gradient says enough.
    """

    kind: str
    direction: NDArray[np.float64] | None
    curvature: float | None


@plugin("analysis", theory="ad-13")
def check_local_min(
    function: Callable[[Any], Any], x: Any, *, tolerance: float = 1e-8
) -> LocalMinimum:
    r"""Try the necessary conditions of a local minimum.

    .. math::
        \nabla f \ne 0:&\quad d = -\nabla f / \lVert \nabla f \rVert^2, \quad
        f(x + \lambda d) = f(x) - \lambda + o(\lambda) \\
        \nabla f = 0,\ z^T H z < 0:&\quad f(x + \epsilon z) \approx f(x)
        + \tfrac12 \epsilon^2 z^T H z < f(x)

    They are not sufficient: :math:`x^3` passes at 0. Where the least curvature is zero, nothing is
    decided.

    Parameters
    ----------
    function : callable
        Takes an array (n,), returns a number; twice differentiable.
    x : array (n,)
        Where; computed in float64.
    tolerance : float
        The norm of a gradient, and the size of a negative curvature, that count as zero.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> found = cr.analysis.check_local_min(lambda x: x[0] ** 2 - x[1] ** 2, np.zeros(2))
    >>> found.kind, found.curvature, np.abs(found.direction)
    ('saddle', -2.0, array([0., 1.]))
    """
    x = np.asarray(x, np.float64)
    gradient = np.asarray(grad(function)(x))
    steepness = float(np.linalg.norm(gradient))
    if steepness > tolerance:
        return LocalMinimum("descent", -gradient / steepness**2, None)
    values, vectors = np.linalg.eigh(np.asarray(hessian(function)(x)))
    least = float(values[0])
    if least < -tolerance:
        return LocalMinimum("saddle", vectors[:, 0], least)
    return LocalMinimum("stationary", None, least)
