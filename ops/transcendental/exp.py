"""Exponential."""

import numpy as np

from ...compiler.plugin import (
    case,
    elementwise,
    finite_exponential,
    given,
    integers,
    ordinary,
    specials,
)
from .exponential import exponential


@elementwise(
    formula=r"e^x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    domain={"x": finite_exponential},
    ulp=1.0,
    reference=np.exp,
)
def exp(x):
    """Exponential of each element; subnormal results to 1.5 ulp."""
    return exponential(x)


@exp.vjp
def exp_vjp(ct, x, out):
    return ct * out


exp.samples(
    ordinary(),
    specials(),
    case(given([-104.0, 88.9, 709.9, -746.0, 1e-9]), smooth=False),
    case(integers(-3, 4, 5)),
)
