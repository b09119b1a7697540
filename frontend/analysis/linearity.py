"""Whether a function is linear, and the vector or matrix that represents it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...compiler.catalogue import plugin
from ...compiler.errors import ArgumentError


@plugin("analysis", theory="lin-01")
def is_linear(function: Callable[[Any], Any], n: int, *, trials: int = 8, seed: int = 0) -> bool:
    r"""Whether a function of vectors is linear, by trying.

    .. math:: f(x + x') = f(x) + f(x'), \qquad f(a x) = a f(x)

    Both are tried at random points of several magnitudes, to 1e-9 of the terms' size (float64). A
    False is certain but for rounding; a True means that no counterexample was found.

    Parameters
    ----------
    function : callable
        Takes an array (n,).
    n : int
        Extent of its argument.
    trials : int
        How many pairs of points.
    seed : int
        Of the points.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.analysis.is_linear(lambda x: 2 * x[0] - x[1], 2)
    True
    >>> cr.analysis.is_linear(lambda x: x[0] + 1, 2)
    False
    """
    rng = np.random.default_rng(seed)
    for trial in range(trials):
        size = 10.0 ** (trial % 3 - 1)
        x, y, a = size * rng.normal(size=n), size * rng.normal(size=n), rng.normal()
        fx, fy = np.asarray(function(x)), np.asarray(function(y))
        sums = np.asarray(function(x + y)), fx + fy, np.abs(fx) + np.abs(fy)
        scaled = np.asarray(function(a * x)), a * fx, np.abs(a * fx)
        for found, wanted, terms in (sums, scaled):
            if not np.all(np.abs(found - wanted) <= 1e-9 * np.maximum(terms, size)):
                return False
    return True


@plugin("analysis", theory="lin-01")
def representer(function: Callable[[Any], Any], n: int) -> NDArray[Any]:
    r"""The vector (or matrix) of a linear function, from its values at the basis vectors.

    .. math:: f(x) = w^T x \quad\text{with}\quad w_i = f(e_i)

    Parameters
    ----------
    function : callable
        Linear; takes an array (n,), returns a number or an array (m,).
    n : int
        Extent of its argument.

    Returns
    -------
    array
        (n,) for a function to numbers, (m, n) for one to vectors.

    Raises
    ------
    ArgumentError
        When the function is not linear (see `is_linear`): it has no representer.

    Examples
    --------
    >>> import chainrule as cr
    >>> cr.analysis.representer(lambda x: 2 * x[0] - x[1], 2)
    array([ 2., -1.])
    """
    if not is_linear(function, n):
        raise ArgumentError("representer: the function is not linear, no vector stands for it")
    columns = [np.asarray(function(unit)) for unit in np.eye(n)]
    return np.stack(columns, axis=-1)
