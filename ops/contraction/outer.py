"""Outer product."""

import numpy as np

from ... import ops
from ...compiler.plugin import case, composite, integers, normal


@composite(
    formula=r"z_{ij} = x_i y_j",
    linear_in=[("x",), ("y",)],
    reference=np.outer,
)
def outer(x, y):
    """Every element of the first array times every element of the second, both taken flat."""
    x, y = ops.reshape(x, shape=(-1, 1)), ops.reshape(y, shape=(1, -1))
    return x * y


outer.samples(
    case(normal(3), normal(4)),
    case(normal(2, 2), normal(3)),
    case(normal(), normal(3)),
    case(normal(0), normal(3)),
    case(integers(-3, 3, 2), normal(3)),
)
