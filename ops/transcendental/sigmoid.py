"""Logistic sigmoid."""

import numpy as np

from ...compiler.plugin import abs_, case, elementwise, given, integers, ordinary, select, specials
from .exp import exp


def _reference(x):
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


@elementwise(
    theory="act-01",
    formula=r"\sigma(x) = \frac{1}{1 + e^{-x}}",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=4.0,
    reference=_reference,
)
def sigmoid(x):
    """Logistic sigmoid; the exponential is of -abs(x), so that it never overflows."""
    small = exp(-abs_(x))
    return select(x < 0, small, 1) / (1 + small)


@sigmoid.vjp
def sigmoid_vjp(ct, x, out):
    return ct * (out * (1 - out))


sigmoid.samples(
    ordinary(),
    specials(),
    case(given([1e3, -1e3, 50.0, -50.0, 1e-9]), smooth=False),
    case(integers(-3, 4, 5)),
)
