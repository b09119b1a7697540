"""Logarithm of the logistic sigmoid."""

import numpy as np

from ... import ops
from ...compiler.plugin import abs_, case, elementwise, given, integers, ordinary, select, specials
from .exp import exp
from .log1p import log1p


def _reference(x):
    return np.where(x > 0, 0, x) - np.log1p(np.exp(-np.abs(x)))


@elementwise(
    theory="act-05",
    formula=r"\ln \sigma(x) = -\ln(1 + e^{-x})",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=3.0,
    reference=_reference,
)
def log_sigmoid(x):
    """Logarithm of the sigmoid, without overflow: ``min(x, 0) - log1p(exp(-abs(x)))``."""
    return select(x > 0, 0, x) - log1p(exp(-abs_(x)))


@log_sigmoid.vjp
def log_sigmoid_vjp(ct, x, out):
    return ct * ops.sigmoid(-x)


log_sigmoid.samples(
    ordinary(),
    specials(),
    case(given([1e4, -1e4, 50.0, -50.0, 1e-9]), smooth=False),
    case(integers(-3, 4, 5)),
)
