"""Rectified linear unit with a slope below zero."""

import numpy as np

from ... import ops
from ...compiler.plugin import around, case, elementwise, normal, select, specials


@elementwise(
    formula=r"x \text{ for } x > 0, \quad a x \text{ else}",
    kink="slope a at 0",
    zero_preserving=True,
    accepts="f",
    ulp=1.5,  # the slope is rounded before the product is
    reference=lambda x, *, slope: np.where(x > 0, x, x * x.dtype.type(slope)),
)
def leaky_relu(x, *, slope=0.01):
    """The element itself where it is positive, else `slope` times it."""
    return select(x > 0, x, x * slope)


@leaky_relu.vjp
def leaky_relu_vjp(ct, x, y, *, slope):
    return ops.where(x > 0, ct, ct * slope)


leaky_relu.samples(
    case(normal(3, 4)),
    case(normal(4), slope=0.25),
    case(normal()),
    case(normal(0)),
    around(0.0),
    specials(),
)
