"""Rectified linear unit."""

import numpy as np

from ... import ops
from ...compiler.plugin import around, elementwise, ordinary, select, specials


@elementwise(
    theory="pwl-01",
    formula=r"(x)_+ = \max(0, x)",
    kink="slope 0 at 0",
    zero_preserving=True,
    reference=lambda x: np.where(x > 0, x, np.where(np.isnan(x), x, 0)).astype(x.dtype),
)
def relu(x):
    """The positive part; NaN stays NaN."""
    return select(x <= 0, 0, x)


@relu.vjp
def relu_vjp(ct, x, y):
    return ops.where(x > 0, ct, 0)


relu.samples(ordinary(), around(0.0), specials())
