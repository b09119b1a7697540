"""An affine map of each row."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal


@composite(
    theory="lin-03",
    formula=r"F(x) = W x + b",
    reference=lambda x, weight, bias: np.matmul(x, weight.T) + bias,
    linear_in=[("x", "bias"), ("weight", "bias")],
)
def affine(x, weight, bias):
    """``x W^T + b``: x (..., n), weight (m, n) and bias (m,) to (..., m); a row of W each output.

    `chainrule.nn.Linear` is the layer that holds its parameters, with the weight transposed.
    """
    if weight.ndim != 2 or not x.ndim or x.shape[-1] != weight.shape[1]:
        raise ShapeError(f"x is {x.shape} and the weight {weight.shape}: wanted (..., n), (m, n)")
    if bias.shape != weight.shape[:1]:
        raise ShapeError(f"the bias is {bias.shape}, wanted {weight.shape[:1]}: a row of W each")
    return ops.matmul(x, ops.transpose(weight)) + bias


affine.samples(
    case(normal(5, 3), normal(2, 3), normal(2)),
    case(normal(3), normal(2, 3), normal(2)),
    case(normal(2, 4, 3), normal(1, 3), normal(1)),
    case(normal(0, 3), normal(2, 3), normal(2)),
    bad(normal(5, 2), normal(2, 3), normal(2), says="the weight (2, 3): wanted (..., n), (m, n)"),
    bad(normal(5, 3), normal(2, 3), normal(3), says="the bias is (3,), wanted (2,)"),
)
