"""Domains: where an op's input may lie for its value and derivatives to be finite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Domain:
    """A condition on one input, and a point well inside it.

    The compiler feeds `safe` to an op whose result a mask throws away, so that neither its value
    nor its derivatives of any order are infinite or NaN there.

    Attributes
    ----------
    text : str
        The condition as read (``"x > 0"``).
    contains : callable
        The condition on a NumPy array.
    safe : float
        A point of the domain.
    """

    text: str
    contains: Callable[[Any], Any]
    safe: float


positive = Domain("x > 0", lambda x: x > 0, 1.0)
nonzero = Domain("x != 0", lambda x: x != 0, 1.0)
above_minus_one = Domain("x > -1", lambda x: x > -1, 0.0)
inside_one = Domain("-1 < x < 1", lambda x: np.abs(x) < 1, 0.0)


def _finite_exponential(x: Any) -> Any:
    with np.errstate(over="ignore"):
        return np.isfinite(np.exp(x))


finite_exponential = Domain("exp(x) is finite", _finite_exponential, 0.0)
