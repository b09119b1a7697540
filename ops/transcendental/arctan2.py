"""Inverse tangent of a quotient, in the right quadrant."""

import numpy as np

from ... import ops
from ...compiler.plugin import case, elementwise, integers, libm, ranges, special_pairs


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
    return libm("atan2", y, x)


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
