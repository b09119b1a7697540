"""Division."""

import numpy as np

from ...compiler.plugin import case, elementwise, integers, nonzero, ranges, special_pairs


@elementwise(
    formula=r"x / y",
    accepts="biuf",
    computes="divide",
    linear_in=[("x",)],
    domain={"y": nonzero},
    operator="__truediv__",
    reference=np.true_divide,
)
def div(x, y):
    """Quotient of two arrays, of integers in float64; by zero an infinity or NaN, as in NumPy."""
    return x / y


@div.vjp
def div_vjp(ct, x, y, out):
    share = ct / y
    return share, -share * out


div.samples(
    ranges((-3.0, 3.0), (0.5, 3.0)),
    ranges((-3.0, 3.0), (-3.0, -0.5)),
    special_pairs(),
    case(integers(-9, 9, 5), integers(-2, 3, 5)),
)
