"""Cube root."""

import numpy as np

from ...compiler.plugin import (
    around,
    case,
    elementwise,
    integers,
    libm,
    nonzero,
    ordinary,
    specials,
)


@elementwise(
    formula=r"\sqrt[3]{x}",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    domain={"x": nonzero},
    kink="slope infinite at 0",
    zero_preserving=True,
    reference=np.cbrt,
)
def cbrt(x):
    """Cube root, with the sign of the element."""
    return libm("cbrt", x)


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
