"""Natural logarithm."""

import math

import numpy as np

from ...compiler.plugin import (
    around,
    case,
    cast,
    elementwise,
    integers,
    isnan,
    ordinary,
    positive,
    select,
    specials,
)
from .logarithm import log_of_parts, split
from .polynomial import FORMATS


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
    form = FORMATS[x.dtype]
    subnormal = x < form.smallest
    k, m = split(select(subnormal, x * 2.0**form.digits, x))
    k = cast(select(subnormal, k - form.digits, k), x.dtype)
    value = log_of_parts(k, m - 1, 0.0)
    value = select(x == 0, -math.inf, select(x < 0, math.nan, value))
    return select(isnan(x) | (x == math.inf), x, value)


@log.vjp
def log_vjp(ct, x, out):
    return ct / x


log.samples(ordinary(0.2, 4.0), specials(), around(1.0), case(integers(1, 9, 5)))
