"""Softplus."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    ArgumentError,
    abs_,
    bad,
    case,
    elementwise,
    given,
    integers,
    normal,
    ordinary,
    select,
    specials,
)
from .exp import exp
from .log1p import log1p


def _reference(x, *, beta):
    scaled = beta * x
    return (np.where(scaled < 0, 0, scaled) + np.log1p(np.exp(-np.abs(scaled)))) / beta


@elementwise(
    theory="act-05",
    formula=r"\zeta(x) = \frac{1}{\beta} \ln(1 + e^{\beta x})",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=3.0,
    reference=_reference,
)
def softplus(x, *, beta=1.0):
    """Smooth rectifier; it nears the rectifier as the number `beta` > 0 grows.

    Computed as ``max(x, 0) + log1p(exp(-abs(x)))``, which neither overflows nor cancels.
    """
    scaled = beta * x
    return (select(scaled < 0, 0, scaled) + log1p(exp(-abs_(scaled)))) / beta


@softplus.normalise
def softplus_beta(x, *, beta):
    if not 0 < beta < float("inf"):
        raise ArgumentError(f"beta is {beta}, wanted a number greater than 0")
    return {"beta": float(beta)}


@softplus.vjp
def softplus_vjp(ct, x, out, *, beta):
    return ct * ops.sigmoid(beta * x)


softplus.samples(
    ordinary(),
    specials(),
    case(normal(5), beta=3.0),
    case(given([1e4, -1e4, 50.0, -50.0, 1e-9]), smooth=False),
    case(integers(-3, 4, 5)),
    bad(normal(3), beta=0.0, says="beta is 0.0, wanted a number greater than 0"),
)
