"""Square root."""

import numpy as np

from ...compiler.plugin import around, case, elementwise, integers, ordinary, positive, specials
from ...compiler.plugin import sqrt as root


@elementwise(
    formula=r"\sqrt{x}",
    computes="float",
    accepts="biuf",
    domain={"x": positive},
    kink="slope infinite at 0",
    zero_preserving=True,
    reference=np.sqrt,
)
def sqrt(x):
    """Square root; NaN below 0, and the sign of zero kept."""
    return root(x)


@sqrt.vjp
def sqrt_vjp(ct, x, out):
    return ct / (2 * out)


sqrt.samples(ordinary(0.2, 4.0), specials(), around(0.0), case(integers(0, 9, 5)))
