"""Frobenius norm."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, given, normal


@composite(
    theory="mat-08",
    formula=r"\lVert A \rVert_F = \sqrt{\sum_{ij} a_{ij}^2} = \sqrt{\operatorname{Tr}(A A^T)}",
    kink="slope 0 at the zero matrix",
    reference=lambda x: np.sqrt(np.sum(x * x, axis=(-2, -1))),
)
def frobenius(x):
    """Of each matrix (..., m, n)."""
    if x.ndim < 2:
        raise ShapeError(f"x is {x.shape}, wanted matrices (..., m, n)")
    return ops.vector_norm(x, axis=(-2, -1))


frobenius.samples(
    case(normal(3, 4)),
    case(normal(2, 3, 4)),
    case(given([[0.0, 0.0]]), smooth=False),
    bad(normal(3), says="x is (3,), wanted matrices (..., m, n)"),
)
