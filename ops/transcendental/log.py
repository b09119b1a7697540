"""Natural logarithm."""

import numpy as np

from ...compiler.plugin import (
    around,
    case,
    elementwise,
    integers,
    ordinary,
    positive,
    specials,
)
from .logarithm import log_of_parts, of_positive


@elementwise(
    formula=r"\ln x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=1.0,
    domain={"x": positive},
    reference=np.log,
)
def log(x):
    """Natural logarithm; -inf at 0, NaN below."""
    return of_positive(x, lambda k, m: log_of_parts(k, m - 1, 0.0))


@log.vjp
def log_vjp(ct, x, out):
    return ct / x


log.samples(ordinary(0.2, 4.0), specials(), around(1.0), case(integers(1, 9, 5)))
