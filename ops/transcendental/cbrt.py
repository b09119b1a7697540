"""Cube root."""

import math

import numpy as np

from ...compiler.plugin import (
    abs_,
    around,
    bitcast,
    case,
    copysign,
    elementwise,
    float32,
    float64,
    fma,
    integers,
    nonzero,
    ordinary,
    rarely,
    select,
    specials,
)
from .double_word import product, two_product
from .logarithm import is_positive_normal
from .polynomial import FORMATS, polynomial

# Bits of the number whose difference with a third of a number's bits is nearest 1 / cbrt.
RECIPROCAL = {float32: 0x54A21D2A, float64: 0x553EF0FF289DD796}

# (1 - r)^(-1/3) = 1 + r (1/3 + 2/9 r + 14/81 r^2 + ...), and how many terms each step takes.
SERIES = (1 / 3, 2 / 9, 14 / 81)
STEPS = {float32: (3,), float64: (3, 2)}


@elementwise(
    formula=r"\sqrt[3]{x}",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.0,
    domain={"x": nonzero},
    kink="slope infinite at 0",
    zero_preserving=True,
    reference=np.cbrt,
)
def cbrt(x):
    """Cube root, with the sign of the element."""
    form, size = FORMATS[x.dtype], abs_(x)
    power = form.digits // 3 + 1
    subnormal = _root(size * 8.0**power) * 2.0**-power
    itself = (x == 0) | ~(size < math.inf)
    rare = select(itself, x, copysign(subnormal, x))
    return rarely(~is_positive_normal(size), rare, copysign(_root(size), x))


def _root(size):
    """Of a positive normal number."""
    # A third of the exponent and of the significand's bits: 1 / cbrt to 4 %.
    bits = bitcast(size, FORMATS[size.dtype].integer)
    third = (bits >> 2) + (bits >> 4)
    third = third + (third >> 4)
    third = third + (third >> 8)
    inverse = bitcast(RECIPROCAL[size.dtype] - third, size.dtype)
    for terms in STEPS[size.dtype]:
        rest = fma(-(size * inverse), inverse * inverse, 1.0)
        inverse = fma(inverse * rest, polynomial(rest, SERIES[:terms]), inverse)
    square = inverse * inverse
    root = product(size, square)
    # A last step of Newton's with the exact rest of the cube.
    high, low = two_product(root, root)
    rest = fma(-high, root, size) - low * root
    return fma(rest * square, 1 / 3, root)


@cbrt.vjp
def cbrt_vjp(ct, x, out):
    return ct / (3 * (out * out))


cbrt.samples(
    ordinary(0.2, 4.0),
    ordinary(-4.0, -0.2),
    around(0.0, 1.0),
    specials(),
    case(integers(-9, 9, 5), smooth=False),
)
