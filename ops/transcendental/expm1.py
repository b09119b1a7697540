"""Exponential minus one."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    case,
    elementwise,
    finite_exponential,
    float32,
    float64,
    fma,
    given,
    integers,
    ordinary,
    select,
    specials,
)
from .exponential import OVERFLOW, clamped, reduced_with_rest
from .polynomial import FORMATS, power_of_two

# Below, e^x - 1 rounds to -1.
MINUS_ONE = {float32: -18.0, float64: -40.0}


@elementwise(
    formula=r"e^x - 1",
    computes="float",
    accepts="biuf",
    cost="expensive",
    domain={"x": finite_exponential},
    ulp=1.6,
    zero_preserving=True,
    reference=np.expm1,
)
def expm1(x):
    """Exponential less one, exact to the last places near 0."""
    _, n, r, rest = reduced_with_rest(clamped(x, MINUS_ONE[x.dtype], OVERFLOW[x.dtype]))
    form = FORMATS[x.dtype]
    half = power_of_two(n - 1, form)
    whole = 2 * fma(r + rest, half, half - 0.5)
    return select(x == 0, x, select(n == 0, r + rest, whole))


@expm1.vjp
def expm1_vjp(ct, x, out):
    return ct * ops.exp(x)


expm1.samples(
    ordinary(),
    specials(),
    case(given([1e-9, -1e-9, -50.0, 89.0]), smooth=False),
    case(integers(-3, 4, 5)),
)
