"""Error function."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import case, elementwise, given, integers, libm, ordinary, specials

_erf = np.vectorize(math.erf, otypes=[np.float64])


@elementwise(
    formula=r"\mathrm{erf}\, x = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2} \, dt",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    zero_preserving=True,
    reference=lambda x: _erf(x).astype(x.dtype),
)
def erf(x):
    """Error function of each element; -1 and 1 at the infinities."""
    return libm("erf", x)


@erf.vjp
def erf_vjp(ct, x, out):
    return ct * (2 / math.sqrt(math.pi) * ops.exp(-(x * x)))


erf.samples(
    ordinary(),
    specials(),
    case(given([1e-9, 6.0, -6.0, 30.0]), smooth=False),
    case(integers(-3, 4, 5)),
)
