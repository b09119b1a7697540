"""Derivatives by differences: oracles for those that are derived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...compiler.catalogue import plugin
from ...compiler.errors import ArgumentError, GradientError
from ..transforms import vjp

SCHEMES = ("central", "forward")
EPSILON = float(np.finfo(np.float64).eps)


@plugin("analysis", theory="ad-10")
def fd_grad(
    function: Callable[[Any], Any], x: Any, scheme: str = "central", step: float | None = None
) -> NDArray[np.float64]:
    r"""The gradient of a function to numbers, by first differences.

    .. math::
        \frac{f(x + h e_i) - f(x)}{h} + O(h), \qquad
        \frac{f(x + h e_i) - f(x - h e_i)}{2 h} + O(h^2)

    Parameters
    ----------
    function : callable
        Takes an array, returns a number.
    x : array
        Where; computed in float64.
    scheme : str
        ``"central"`` or ``"forward"``.
    step : float, optional
        h; by default about the best: the cube root of the rounding error, or its square root.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.analysis.fd_grad(lambda x: np.sum(x**2), np.array([1.0, -2.0])).round(6)
    array([ 2., -4.])
    """
    _check(scheme, "fd_grad")
    h = step if step is not None else EPSILON ** (1 / 3 if scheme == "central" else 1 / 2)
    x = np.asarray(x, np.float64)
    here = None if scheme == "central" else float(function(x))
    slopes = np.empty(x.size)
    for place, moved in enumerate(_directions(x, h)):
        ahead = float(function(x + moved))
        slopes[place] = (
            (ahead - float(function(x - moved))) / (2 * h) if here is None else (ahead - here) / h
        )
    return slopes.reshape(x.shape)


@plugin("analysis", theory="ad-11")
def fd_hessian_diag(
    function: Callable[[Any], Any], x: Any, scheme: str = "central", step: float | None = None
) -> NDArray[np.float64]:
    r"""The diagonal of the Hessian of a function to numbers, by second differences.

    .. math::
        \frac{f(x + 2 h) - 2 f(x + h) + f(x)}{h^2} = f'' + O(h), \qquad
        \frac{f(x + h) - 2 f(x) + f(x - h)}{h^2} = f'' + O(h^2)

    Both are exact for quadratics but for rounding, the central one for cubics too.

    Parameters
    ----------
    function, x, scheme
        See `fd_grad`.
    step : float, optional
        h; by default the fourth (central) or third root of the rounding error.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.analysis.fd_hessian_diag(lambda x: np.sum(x**3), np.array([1.0, -2.0])).round(4)
    array([  6., -12.])
    """
    _check(scheme, "fd_hessian_diag")
    h = step if step is not None else EPSILON ** (1 / 4 if scheme == "central" else 1 / 3)
    x = np.asarray(x, np.float64)
    here, found = float(function(x)), np.empty(x.size)
    for place, moved in enumerate(_directions(x, h)):
        if scheme == "central":
            found[place] = float(function(x + moved)) - 2 * here + float(function(x - moved))
        else:
            found[place] = float(function(x + 2 * moved)) - 2 * float(function(x + moved)) + here
    return (found / h**2).reshape(x.shape)


@plugin("analysis", theory="ad-10 ad-05")
def check_grads(
    function: Callable[..., Any], args: tuple[Any, ...], *, limit: float = 1e-6, seed: int = 0
) -> None:
    r"""Compare the derivative of a function with central differences along a random direction.

    .. math:: \langle J v, u \rangle = \langle v, J^T u \rangle

    Parameters
    ----------
    function : callable
        Takes arrays of floats, returns one.
    args : tuple of arrays
        Where; of float64.
    limit : float
        How far the two may differ, relative to the size of the terms.
    seed : int
        Of the directions.

    Raises
    ------
    GradientError
        When they differ.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.analysis.check_grads(lambda x, w: np.tanh(x @ w), (np.ones((2, 3)), np.ones(3)))
    """
    rng = np.random.default_rng(seed)
    args = tuple(np.asarray(each, np.float64) for each in args)
    value, pullback = vjp(function, *args)
    u = rng.normal(size=np.shape(value))
    directions = [rng.normal(size=each.shape) for each in args]
    h = EPSILON ** (1 / 3)
    ahead = function(*(x + h * v for x, v in zip(args, directions, strict=True)))
    behind = function(*(x - h * v for x, v in zip(args, directions, strict=True)))
    wanted = float(np.sum(u * (np.asarray(ahead) - np.asarray(behind))) / (2 * h))
    terms = [np.sum(v * np.asarray(ct)) for v, ct in zip(directions, pullback(u), strict=True)]
    found, size = float(sum(terms)), float(sum(map(abs, terms))) + abs(wanted)
    if not abs(found - wanted) <= limit * max(size, 1e-300):
        raise GradientError(
            f"check_grads: the derivative is {found:.9g}, differences say {wanted:.9g}"
        )


def _check(scheme: str, name: str) -> None:
    if scheme not in SCHEMES:
        raise ArgumentError(f"{name}: the scheme is {scheme!r}, wanted one of {', '.join(SCHEMES)}")


def _directions(x: NDArray[np.float64], h: float) -> list[NDArray[np.float64]]:
    return list((h * np.eye(x.size)).reshape(x.size, *x.shape))
