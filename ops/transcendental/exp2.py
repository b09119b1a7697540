"""Power of two."""

import math

import numpy as np

from ...compiler.plugin import (
    case,
    elementwise,
    finite_exponential,
    float32,
    float64,
    given,
    integers,
    ldexp,
    ordinary,
    specials,
)
from .exponential import clamped
from .logarithm_double import HIGHEST, LOWEST
from .polynomial import nearest_whole, polynomial

# Minimax on abs(r) <= 1/2 of (2^r - 1 - r ln 2) / r^2: errors 3.2e-9 and 5.5e-20 of 2^r.
QUADRATIC = {
    float32: (
        *(0.2402265115195633178, 0.055503617751901151724, 0.0096180227302313022969),
        *(0.001339038459154911661, 0.00015471867462404843459),
    ),
    float64: (
        *(0.24022650695910071218, 0.055504108664821636109, 0.009618129107628490131),
        *(0.0013333558146402197627, 0.00015403530393348505704, 0.000015252733846639791806),
        *(1.3215486828083798566e-6, 1.0178054748423215239e-7, 7.0548898164876090072e-9),
        *(4.456189495274697415e-10, 2.5739932575752580614e-11),
    ),
}


@elementwise(
    formula=r"2^x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    domain={"x": finite_exponential},
    ulp=1.0,
    reference=np.exp2,
)
def exp2(x):
    """Two to the power of each element."""
    x = clamped(x, LOWEST[x.dtype], HIGHEST[x.dtype])
    n, _ = nearest_whole(x)
    r = x - n
    return ldexp(polynomial(r, (1.0, math.log(2), *QUADRATIC[x.dtype])), n)


@exp2.vjp
def exp2_vjp(ct, x, out):
    return ct * (math.log(2) * out)


exp2.samples(
    ordinary(),
    specials(),
    case(given([-150.0, 128.0, 1024.0, -1075.0, 1e-9]), smooth=False),
    case(integers(-3, 4, 5)),
)
