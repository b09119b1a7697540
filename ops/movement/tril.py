"""Lower triangle."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal


@composite(
    formula=r"y_{ij} = x_{ij} \text{ where } j \le i + k, \quad 0 \text{ elsewhere}",
    linear_in=[("x",)],
    reference=np.tril,
)
def tril(x, *, k=0):
    """The matrices of the last two axes with zeros above the `k`-th diagonal."""
    if x.ndim < 2:
        raise ShapeError(f"an array of {x.ndim} dimensions has no diagonal")
    shape = x.shape[-2:]
    kept = ops.iota(shape=shape, axis=1) <= ops.iota(shape=shape, axis=0) + k
    return ops.where(kept, x, 0)


tril.samples(
    case(normal(3, 3)),
    case(normal(2, 3, 4), k=1),
    case(normal(4, 2), k=-2),
    case(normal(0, 3)),
    bad(normal(3), says="an array of 1 dimensions has no diagonal"),
)
