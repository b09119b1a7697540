"""Jacobians and Hessians, by columns or by rows, and products with Hessians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..compiler.catalogue import plugin
from ..compiler.errors import ArgumentError
from .transforms import grad, jvp, vjp

MODES = ("auto", "fwd", "rev")


@plugin("transformation", theory="ad-03")
def jacobian(function: Callable[[Any], Any], mode: str = "auto") -> Callable[[Any], Any]:
    r"""The Jacobi matrix of a function from an array to an array.

    .. math:: J_{ij} = \frac{\partial F_i}{\partial x_j}

    Parameters
    ----------
    function : callable
        Takes one array of floats, returns one.
    mode : str
        ``"rev"``: a pullback for each element of the result; ``"fwd"``: a derivative along each
        element of the argument; ``"auto"``: whichever is fewer.

    Returns
    -------
    callable
        Takes the argument; returns an array of the result's shape followed by the argument's.
        It may be compiled, and differentiated again. All rows or columns are in one program, whose
        size grows with their number.

    Raises
    ------
    ArgumentError
        For another mode.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.jacobian(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """
    if mode not in MODES:
        raise ArgumentError(f"jacobian: the mode is {mode!r}, wanted one of {', '.join(MODES)}")

    def matrix(x: Any) -> Any:
        value, pullback = vjp(function, x)
        by_rows = mode == "rev" or (mode == "auto" and np.size(value) <= np.size(x))
        if by_rows:
            rows = [pullback(unit)[0] for unit in _units(value)]
            return _stacked(rows, (*np.shape(value), *np.shape(x)), axis=0)
        columns = [jvp(function, (x,), (unit,))[1] for unit in _units(x)]
        return _stacked(columns, (*np.shape(value), *np.shape(x)), axis=-1)

    return matrix


@plugin("transformation", theory="ad-08")
def hessian(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    r"""The matrix of second derivatives of a function from an array to a number.

    .. math:: H_{ij} = \frac{\partial^2 f}{\partial x_i \partial x_j}

    Forward over reverse: a derivative of the gradient along each element. It is symmetric where
    the second derivatives are continuous (Schwarz).

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacobian(grad(function), "fwd")


@plugin("transformation", theory="ad-08")
def hvp(function: Callable[[Any], Any], x: Any, v: Any) -> Any:
    r"""A Hessian times a vector, without the matrix.

    .. math:: H v = \frac{d}{d t} \nabla f(x + t v) \Big|_{t = 0}

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.hvp(lambda x: x[0] ** 2 * x[1], np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 2.])
    """
    return jvp(grad(function), (x,), (v,))[1]


def _units(like: Any) -> list[np.ndarray]:
    """The arrays of one shape that are 1 in one place, in order."""
    size, dtype = int(np.size(like)), np.dtype(like.dtype)
    return list(np.eye(size, dtype=dtype).reshape(size, *np.shape(like)))


def _stacked(parts: list[Any], shape: tuple[int, ...], axis: int) -> Any:
    if not parts:
        return np.zeros(shape)
    return ops.reshape(ops.stack(*parts, axis=axis), shape=shape)
