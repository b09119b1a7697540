"""Broadcasting."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    Role,
    ShapeError,
    bad,
    broadcast_shapes,
    case,
    movement,
    normal,
)


@movement(
    formula=r"y_{j, i} = x_i, \quad x_1 \text{ where } x \text{ has one element}",
    linear_in=[("x",)],
    role=Role.BROADCAST,
    reference=lambda x, *, shape: np.broadcast_to(x, shape),
)
def broadcast_to(index, x, *, shape):
    """`x` stretched to `shape` by NumPy's rule: axes align at the right, extents of 1 repeat."""
    own = index[len(shape) - x.ndim :]
    return x[tuple(0 if extent == 1 else i for i, extent in zip(own, x.shape, strict=True))]


@broadcast_to.type_rule
def broadcast_to_type(x, *, shape):
    if broadcast_shapes([x.shape, shape]) != shape:
        raise ShapeError(f"the shape {x.shape} does not stretch to {shape}")
    return x.with_shape(shape)


@broadcast_to.vjp
def broadcast_to_vjp(ct, x, out, *, shape):
    extra = len(shape) - x.ndim
    axes = tuple(
        a for a in range(len(shape)) if a < extra or (x.shape[a - extra] == 1 and shape[a] != 1)
    )
    summed = ops.sum(ct, axis=axes, keepdims=False)
    return ops.reshape(summed, shape=x.shape)


broadcast_to.samples(
    case(normal(4), shape=(3, 4)),
    case(normal(3, 1), shape=(2, 3, 4)),
    case(normal(), shape=(2, 2)),
    case(normal(1), shape=(0,)),
    bad(normal(3), shape=(4,), says="do not broadcast together"),
    bad(normal(3), shape=(1,), says="the shape (3,) does not stretch to (1,)"),
)
