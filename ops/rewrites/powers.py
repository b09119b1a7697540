"""Powers with a literal exponent.

Not here, because it changes a number: ``x ** 0.5 -> sqrt(x)`` (of -0.0 and -inf).
"""

import numpy as np

from ... import ops
from ...compiler.plugin import Rule, number_of, rewrites, variables

x, y = variables("x y")

LARGEST = 8  # of the exponents that `integer_power` takes


def _products(x, y):
    exponent = number_of(y.unit)
    if exponent is None or not 3 <= exponent <= LARGEST or exponent != np.rint(exponent):
        return None
    return ops.integer_power(x, exponent=int(exponent))


rewrites.add(
    Rule(
        x**0,
        lambda x: ops.full(x.shape, 1, x.dtype),
        "IEEE 754: pow(x, 0) is 1 for every x, NaN too",
        when=lambda whole: not whole.type.weak,
        name="power(x, 0) -> 1",
    ),
    Rule(x**1, x, "IEEE 754: pow(x, 1) is x for every x"),
    Rule(x**2, ops.square(x), "one product, rounded once; infinite and NaN where the power is"),
    Rule(
        x**-1,
        lambda x: ops.reciprocal(x),
        "one quotient, rounded once; of a zero the infinity of its sign",
        when=lambda x: x.dtype.is_inexact,
        name="power(x, -1) of floats -> reciprocal(x)",
    ),
    Rule(
        x**y,
        _products,
        "products have the sign, the infinities and the NaN of the power",
        name=f"power(x, n) -> integer_power(x, n) for n = 3 to {LARGEST}",
    ),
)
