"""Trace."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal


@composite(
    theory="mat-01",
    formula=r"\operatorname{Tr} A = \sum_i a_{ii}",
    reference=lambda x: np.trace(x, axis1=-2, axis2=-1),
    linear_in=[("x",)],
)
def trace(x):
    """The sum of the diagonal of each matrix (..., n, n)."""
    if x.ndim < 2 or x.shape[-2] != x.shape[-1]:
        raise ShapeError(f"x is {x.shape}, wanted square matrices (..., n, n)")
    return ops.sum(ops.diagonal(x, axis1=-2, axis2=-1), axis=-1)


trace.samples(
    case(normal(3, 3)),
    case(normal(2, 4, 4)),
    case(normal(0, 0)),
    bad(normal(3, 4), says="x is (3, 4), wanted square matrices (..., n, n)"),
    bad(normal(3), says="x is (3,), wanted square matrices (..., n, n)"),
)
