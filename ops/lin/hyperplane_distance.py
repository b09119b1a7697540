"""Signed distance to a hyperplane."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal


@composite(
    theory="lin-02",
    formula=r"d(x) = \frac{w^T x + b - c}{\lVert w \rVert}",
    reference=lambda x, w, b, c: (np.matmul(x, w) + b - c) / np.sqrt(np.sum(w * w)),
)
def hyperplane_distance(x, w, b, c):
    """How far each row of `x` (..., n) lies from ``{x: w^T x + b = c}``, positive where f > c.

    Infinite or NaN for ``w = 0``: the level set is then empty or everything.
    """
    if b.ndim or c.ndim:
        raise ShapeError(f"b is {b.shape} and c {c.shape}: both are numbers")
    return (ops.linear(x, w) + b - c) / ops.sqrt(ops.sum(w * w))


hyperplane_distance.samples(
    case(normal(4, 3), normal(3), normal(), normal()),
    case(normal(3), normal(3), normal(), normal()),
    bad(normal(4, 3), normal(3), normal(1), normal(), says="b is (1,) and c (): both are numbers"),
)
