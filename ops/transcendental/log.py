"""Natural logarithm."""

import numpy as np

from ...compiler.plugin import (
    around,
    case,
    elementwise,
    integers,
    libm,
    ordinary,
    positive,
    specials,
)


@elementwise(
    formula=r"\ln x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    domain={"x": positive},
    reference=np.log,
)
def log(x):
    """Natural logarithm; -inf at 0, NaN below."""
    return libm("log", x)


@log.vjp
def log_vjp(ct, x, out):
    return ct / x


log.samples(ordinary(0.2, 4.0), specials(), around(1.0), case(integers(1, 9, 5)))
