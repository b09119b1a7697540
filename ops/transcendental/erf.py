"""Error function."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import (
    abs_,
    around,
    case,
    copysign,
    elementwise,
    float32,
    float64,
    fma,
    given,
    integers,
    ordinary,
    select,
    specials,
)
from .exponential import exponential_within
from .polynomial import polynomial

# Above, erf rounds to 1.
ONE = {float32: 4.0, float64: 6.0}

# Minimax on [0, 1] of erf(x) / x - 1 in x^2: errors 3e-11 and 1e-19.
ODD = {
    float32: (
        *(0.12837916706316807, -0.37612638483859606, 0.11283782747632934),
        *(-0.026865445837429117, 0.005221074909260004, -0.0008484711773131887),
        *(0.00011270546129762361, -9.68013934629482e-06),
    ),
    float64: (
        *(0.1283791670955126, -0.3761263890318375, 0.11283791670954885),
        *(-0.026866170645077875, 0.005223977624828431, -0.0008548326981425542),
        *(0.0001205533113295582, -1.4925595772180906e-05, 1.64610084778027e-06),
        *(-1.6350396222864617e-07, 1.466032872274226e-08, -1.137495573607015e-09),
        *(5.960685338520971e-11,),
    ),
}

# Minimax on [1, 4] and [1, 6] of log(erfc(x)), weighted by erfc(x): errors 2e-11 and 2e-19.
LOG_ERFC = {
    float32: (
        *(0.00018802939894994202, -1.1295783744456809, -0.6332199895626247),
        *(-0.10841847547045015, 0.025208193453494777, -0.004204538755020691),
        *(0.00044133178129430827, -2.1686466633659866e-05),
    ),
    float64: (
        *(-2.94001121953507903e-8, -1.1283788993559854811, -0.63662081254773626555),
        *(-0.10277058255471083742, 0.019127561510472261807, 0.00020304570906294204161),
        *(-0.0016758367806646015194, 0.00055316495710287046962, 0.000021417311025040874243),
        *(-0.00011043504964187822732, 0.00006459508297271040239, -0.000024216424623763041567),
        *(6.7644207737292633776e-6, -1.4648479647908113544e-6, 2.4719999397861533821e-7),
        *(-3.2055451908532710104e-8, 3.0929033482068046783e-9, -2.0935975583262290533e-10),
        *(8.8735089133558737342e-12, -1.771628403115458661e-13),
    ),
}

_erf = np.vectorize(math.erf, otypes=[np.float64])


@elementwise(
    formula=r"\mathrm{erf}\, x = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2} \, dt",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.2,
    zero_preserving=True,
    reference=lambda x: _erf(x).astype(x.dtype),
)
def erf(x):
    """Error function of each element; -1 and 1 at the infinities.

    An odd polynomial below 1, ``1 - e^{p(|x|)}`` above with a polynomial p for log(erfc).
    """
    size = abs_(x)
    small = fma(polynomial(x * x, ODD[x.dtype]), x, x)
    end = ONE[x.dtype]
    tail = exponential_within(polynomial(select(size > end, end, size), LOG_ERFC[x.dtype]))
    return select(size < 1, small, copysign(1 - tail, x))


@erf.vjp
def erf_vjp(ct, x, out):
    return ct * (2 / math.sqrt(math.pi) * ops.exp(-(x * x)))


erf.samples(
    ordinary(),
    specials(),
    around(1.0),
    case(given([1e-9, 6.0, -6.0, 30.0]), smooth=False),
    case(integers(-3, 4, 5)),
)
