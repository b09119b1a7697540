"""Derivatives of higher order along a direction, and the polynomials that they make."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

from ..compiler.catalogue import plugin
from ..compiler.errors import ArgumentError
from .transforms import jvp


@plugin("transformation", theory="ad-12")
def jet(function: Callable[[Any], Any], x: Any, v: Any, order: int) -> list[Any]:
    r"""The value and derivatives of a function along a direction.

    .. math:: \frac{d^k}{d t^k} f(x + t v) \Big|_{t = 0}, \qquad k = 0, \dots, K

    By nested forward derivatives, whose work grows with the square of the order or faster; each
    common part is computed once in a compiled program. Orders up to 6 are cheap enough.

    Parameters
    ----------
    function : callable
        Takes an array, returns one.
    x, v : arrays
        Where, and in which direction.
    order : int
        K, from 0.

    Returns
    -------
    list of arrays
        The value, then the derivatives.

    Raises
    ------
    ArgumentError
        For a negative order.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> [float(each) for each in cr.jet(np.exp, np.array(0.0), np.array(1.0), 3)]
    [1.0, 1.0, 1.0, 1.0]
    """
    if order < 0:
        raise ArgumentError(f"jet: the order is {order}, wanted 0 or more")
    found, current = [function(x)], function
    for _ in range(order):

        def current(x: Any, inner: Any = current) -> Any:
            return jvp(inner, (x,), (v,))[1]

        found.append(current(x))
    return found


@plugin("transformation", theory="ad-12")
def taylor_model(function: Callable[[Any], Any], a: Any, order: int = 2) -> Callable[[Any], Any]:
    r"""The Taylor polynomial of a function about a point.

    .. math::
        f(x) \approx \sum_{k=0}^{K} \frac{1}{k!} \frac{d^k}{d t^k} f(a + t (x - a)) \Big|_{t = 0}
        = f(a) + (x - a)^T \nabla f(a) + \tfrac12 (x - a)^T H(a) (x - a) + \dots

    Its remainder is of order K + 1 in the distance.

    Parameters
    ----------
    function : callable
        Takes an array, returns one.
    a : array
        About which point.
    order : int
        K, from 0.

    Returns
    -------
    callable
        Takes an array of the point's shape.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> model = cr.taylor_model(np.cos, np.array(0.0), order=4)
    >>> float(model(np.array(1.0)).round(6)), float(np.cos(1.0).round(6))
    (0.541667, 0.540302)
    """

    def model(x: Any) -> Any:
        terms = jet(function, a, x - a, order)
        total = terms[0]
        for k, term in enumerate(terms[1:], start=1):
            total = total + term / factorial(k)
        return total

    return model
