"""Logistic sigmoid."""

import numpy as np

from ...compiler.plugin import (
    abs_,
    case,
    elementwise,
    fma,
    given,
    integers,
    ordinary,
    select,
    specials,
)
from .exponential import exponential_parts


def _reference(x):
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


@elementwise(
    theory="act-01",
    formula=r"\sigma(x) = \frac{1}{1 + e^{-x}}",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.0,
    reference=_reference,
)
def sigmoid(x):
    """Logistic sigmoid; the exponential is of -abs(x), so that it never overflows.

    One division and one step of correction with what the exponential and the sum rounded away.
    """
    high, low = exponential_parts(-abs_(x))
    whole = 1 + high
    lost = (high - (whole - 1)) + low
    inverse = 1 / whole
    above, above_low = select(x < 0, high, 1), select(x < 0, low, 0)
    quotient = above * inverse
    rest = fma(-quotient, whole, above) + fma(-quotient, lost, above_low)
    return fma(rest, inverse, quotient)


@sigmoid.vjp
def sigmoid_vjp(ct, x, out):
    return ct * (out * (1 - out))


sigmoid.samples(
    ordinary(),
    specials(),
    case(given([1e3, -1e3, 50.0, -50.0, 1e-9]), smooth=False),
    case(integers(-3, 4, 5)),
)
