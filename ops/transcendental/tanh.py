"""Hyperbolic tangent."""

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
from .exponential import exponential_within
from .polynomial import polynomial

# Above, tanh rounds to 1.
ONE = {float32: 10.0, float64: 20.0}

# Minimax on |x| <= 0.6 of (tanh(x) - x) / x^3 in x^2: errors 3e-9 and 1e-19 of tanh.
ODD = {
    float32: (
        *(-0.333333001322, 0.133319775862, -0.0537881277698),
        *(0.0208097854107, -0.00591058965619),
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

    An odd polynomial below 0.6, ``1 - 2 / (e^{2x} + 1)`` above.
    """
    size, square = abs_(x), x * x
    small = fma(polynomial(square, ODD[x.dtype]) * square, x, x)
    power = exponential_within(2 * select(size > ONE[x.dtype], ONE[x.dtype], size))
    value = select(size < 0.6, small, copysign(1 - 2 / (power + 1), x))
    return select(x == 0, x, value)


@tanh.vjp
def tanh_vjp(ct, x, y):
    return ct * (1 - y * y)


tanh.samples(ordinary(), specials(), around(0.6))
