"""Logistic sigmoid."""

import numpy as np

from ...compiler.plugin import (
    case,
    elementwise,
    float32,
    float64,
    fma,
    given,
    integers,
    ldexp,
    literal,
    ordinary,
    select,
    specials,
)
from .exponential import QUADRATIC, UNDERFLOW, clamped, reduced
from .polynomial import polynomial

# Above, the result rounds to 1.
ONE = {float32: 18.0, float64: 38.0}

# Of e^-r.
ALTERNATING = {
    real: [(-1.0) ** k * coefficient for k, coefficient in enumerate(terms)]
    for real, terms in QUADRATIC.items()
}


def _reference(x):
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


@elementwise(
    theory="act-01",
    formula=r"\sigma(x) = \frac{1}{1 + e^{-x}}",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.5,
    reference=_reference,
)
def sigmoid(x):
    """Logistic sigmoid; subnormal results to 2 ulp.

    ``2^n / (2^n + e^-r)`` with ``x = n ln 2 + r``. The sum below the line is ``2^n + 1``, exact but
    for what comes back as `lost`, and a part below 1/2. What the sum rounds away is taken from the
    quotient where it would be a whole unit of it: for small results, whose sum is near 1.
    """
    n, _, r = reduced(clamped(x, UNDERFLOW[x.dtype], ONE[x.dtype]))
    power = ldexp(literal(1.0, x.dtype), n)
    whole = 1 + power
    lost = power - (whole - 1)
    part = fma(polynomial(r, ALTERNATING[x.dtype]), r * r, lost - r)
    total = whole + part
    rest = select(power < 1, part - (total - whole), 0)
    quotient = power / total
    return fma(quotient, -rest, quotient)


@sigmoid.vjp
def sigmoid_vjp(ct, x, out):
    return ct * (out * (1 - out))


sigmoid.samples(
    ordinary(),
    specials(),
    case(given([1e3, -1e3, 50.0, -50.0, 1e-9]), smooth=False),
    case(integers(-3, 4, 5)),
)
