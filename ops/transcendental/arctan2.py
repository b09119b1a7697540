"""Inverse tangent of a quotient, in the right quadrant."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import (
    abs_,
    case,
    copysign,
    elementwise,
    integers,
    isnan,
    literal,
    ranges,
    rarely,
    select,
    special_pairs,
)
from .inverse_circular import HALF_PI_LOW, arctan_of_quotient
from .logarithm import is_positive_normal


@elementwise(
    formula=r"\mathrm{atan2}(y, x)",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    kink="cotangent 0 at the origin",
    reference=np.arctan2,
)
def arctan2(y, x):
    """Angle in [-pi, pi] of the point (x, y); signed zeros and infinities as in C."""
    across, along = abs_(x), abs_(y)
    steep = along > across
    least, most = select(steep, across, along), select(steep, along, across)
    usual = _turned(y, x, steep, arctan_of_quotient(least, most))
    # Twice the larger one is infinite where the sum of both may be.
    rare = ~is_positive_normal(most + most)
    return rarely(rare, _of_any(y, x, steep, least, most), usual)


def _turned(y, x, steep, angle):
    """The angle of the eighth of the plane in which the point lies."""
    low = HALF_PI_LOW[x.dtype]
    angle = select(steep, math.pi / 2 - (angle - low), angle)
    angle = select(copysign(1.0, x) < 0, math.pi - (angle - 2 * low), angle)
    return copysign(angle, y)


def _of_any(y, x, steep, least, most):
    """Of NaN, infinite, zero, subnormal and very large numbers too."""
    # Both 0 make the angle 0, both infinite an eighth of a turn.
    least = select(most == math.inf, select(least == math.inf, 1.0, literal(0.0, x.dtype)), least)
    most = select((most == 0) | (most == math.inf), 1.0, most)
    unit = select(most > 1, literal(0.5, x.dtype), 1.0)
    angle = _turned(y, x, steep, arctan_of_quotient(least * unit, most * unit))
    return select(isnan(x) | isnan(y), x + y, angle)


@arctan2.vjp
def arctan2_vjp(ct, y, x, out):
    # Divided twice by the radius: its square could overflow, or vanish.
    radius = ops.hypot(y, x)
    radius = ops.where(radius == 0, 1, radius)
    share = ct / radius
    return share * (x / radius), -share * (y / radius)


arctan2.samples(
    ranges((-3.0, 3.0), (0.5, 3.0)),
    ranges((-3.0, 3.0), (-3.0, -0.5)),
    special_pairs(),
    case(integers(-2, 3, 9), integers(-2, 3, 9), smooth=False),
)
