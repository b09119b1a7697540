"""Reciprocal square root."""

import numpy as np

from ...compiler.plugin import around, case, elementwise, integers, ordinary, positive, specials
from .sqrt import sqrt


@elementwise(
    formula=r"1 / \sqrt{x}",
    computes="float",
    accepts="biuf",
    ulp=1.5,
    domain={"x": positive},
    reference=lambda x: 1 / np.sqrt(x),
)
def rsqrt(x):
    """One over the square root; infinite at 0, NaN below."""
    return 1 / sqrt(x)


@rsqrt.vjp
def rsqrt_vjp(ct, x, out):
    return ct * (-0.5 * out / x)


rsqrt.samples(ordinary(0.2, 4.0), specials(), around(1.0), case(integers(1, 9, 5)))
