"""Hyperbolic tangent."""

import numpy as np

from ...compiler.plugin import elementwise, libm, ordinary, specials


@elementwise(
    theory="act-02",
    formula=r"\tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    reference=np.tanh,
)
def tanh(x):
    """Hyperbolic tangent of each element."""
    return libm("tanh", x)


@tanh.vjp
def tanh_vjp(ct, x, y):
    return ct * (1 - y * y)


tanh.samples(ordinary(), specials())
