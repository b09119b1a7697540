"""What tests of the theory share: executions of one function, and differences as oracles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr

DTYPES = ("float64", "float32")


def both(function: Callable[..., Any], *args: Any) -> list[Any]:
    """The result of a function called as it is, and compiled."""
    return [function(*args), cr.compile(function)(*args)]


def within(found: Any, wanted: Any, limit: float) -> None:
    """Assert that the 2-norm of the difference is at most `limit` of the wanted norm."""
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    assert found.shape == wanted.shape
    scale = max(float(np.linalg.norm(wanted)), np.finfo(np.float64).tiny)
    assert np.linalg.norm(found - wanted) <= limit * scale


def central_gradient(
    function: Callable[[Any], Any], x: np.ndarray, step: float = 1e-6
) -> np.ndarray:
    """The gradient of a scalar function by central differences, in float64."""
    x = np.asarray(x, np.float64)
    slopes = np.empty(x.size)
    for place in range(x.size):
        moved = x.ravel().copy()
        moved[place] += step
        ahead = float(function(moved.reshape(x.shape)))
        moved[place] -= 2 * step
        slopes[place] = (ahead - float(function(moved.reshape(x.shape)))) / (2 * step)
    return slopes.reshape(x.shape)
