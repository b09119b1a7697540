"""Hyperbolic tangent."""

import math

import numpy as np

from ...compiler.plugin import (
    abs_,
    around,
    copysign,
    elementwise,
    float32,
    float64,
    fma,
    ordinary,
    select,
    specials,
)
from .exponential import LOG2_E, QUADRATIC
from .polynomial import FORMATS, nearest_whole, polynomial, power_of_two

# Above, tanh rounds to 1.
ONE = {float32: 10.0, float64: 20.0}

# Of (e^2r - 1) / r.
DOUBLED = {
    real: [2.0**k * coefficient for k, coefficient in enumerate((1.0, *terms), 1)]
    for real, terms in QUADRATIC.items()
}

# Minimax on |x| <= 0.55 (0.6) of (tanh(x) - x) / x^3 in x^2: errors 4e-8 and 1e-19 of tanh.
ODD = {
    float32: (
        *(-0.33332946896553039551, 0.1332072913646697998, -0.052672009915113449097),
        *(0.016437878832221031189,),
    ),
    float64: (
        *(-0.33333333333333326596, 0.13333333333331967618, -0.053968253967313809798),
        *(0.021869488504041092886, -0.0088632348899409204162, 0.0035921199263137600944),
        *(-0.0014557657458367790414, 0.00058962928489267250760, -0.00023753275356163193),
        *(0.000092525733394253798811, -0.000031216618104042885784, 6.5208526408195242777e-6),
    ),
}


@elementwise(
    theory="act-02",
    formula=r"\tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.5,
    reference=np.tanh,
)
def tanh(x):
    """Hyperbolic tangent of each element.

    An odd polynomial below 0.55, ``1 - 2 / (1 + e^{2x})`` above, where the exponential is
    ``2^n e^{2r}``. Its reduction takes one step: what that errs grows with n, while what it matters
    halves.
    """
    size, square = abs_(x), x * x
    small = fma(polynomial(square, ODD[x.dtype]) * square, size, size)
    end = select(size > ONE[x.dtype], ONE[x.dtype], size)
    n, whole = nearest_whole(end, 2 * LOG2_E)
    r = fma(n, -0.5 * math.log(2), end)
    power = power_of_two(-whole, FORMATS[x.dtype])
    below = fma(polynomial(r, DOUBLED[x.dtype]), r, 1 + power)
    return copysign(select(size < 0.55, small, 1 - 2 * power / below), x)


@tanh.vjp
def tanh_vjp(ct, x, y):
    return ct * (1 - y * y)


tanh.samples(ordinary(), specials(), around(0.55))
