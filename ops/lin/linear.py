"""A linear function of each row."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal


@composite(
    theory="lin-01",
    formula=r"f(x) = w^T x",
    reference=lambda x, w: np.matmul(x, w),
    linear_in=[("x",), ("w",)],
)
def linear(x, w):
    """The inner product of each row of `x` (..., n) with `w` (n,): a number for each row."""
    if w.ndim != 1 or not x.ndim or x.shape[-1] != w.shape[0]:
        raise ShapeError(f"x is {x.shape} and w {w.shape}, wanted (..., n) and (n,)")
    return ops.matmul(x, w)


linear.samples(
    case(normal(4, 3), normal(3)),
    case(normal(3), normal(3)),
    case(normal(2, 4, 3), normal(3)),
    case(normal(0, 3), normal(3)),
    bad(normal(4, 3), normal(4), says="x is (4, 3) and w (4,), wanted (..., n) and (n,)"),
    bad(normal(4, 3), normal(3, 2), says="x is (4, 3) and w (3, 2), wanted (..., n) and (n,)"),
)
