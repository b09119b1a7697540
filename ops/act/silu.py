"""Sigmoid-weighted linear unit."""

import numpy as np

from ... import ops
from ...compiler.plugin import case, composite, given, normal


@composite(
    formula=r"x \, s(x), \quad s(x) = \frac{1}{1 + e^{-x}}",
    reference=lambda x: x * np.where(x < 0, np.exp(x), 1) / (1 + np.exp(-abs(x))),
)
def silu(x):
    """Each element times its logistic sigmoid (also called swish)."""
    return x * ops.sigmoid(x)


silu.samples(case(normal(3, 4)), case(normal()), case(normal(0)), case(given([-40.0, 40.0])))
