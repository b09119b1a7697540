"""Reshaping."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import (
    Role,
    ShapeError,
    bad,
    case,
    movement,
    normal,
    truncated_divide,
    truncated_remainder,
)


@movement(
    formula=r"y_{\mathrm{unravel}(k)} = x_{\mathrm{unravel}(k)}",
    linear_in=[("x",)],
    view=True,
    role=Role.RESHAPE,
    reference=lambda x, *, shape: np.reshape(x, shape),
)
def reshape(index, x, *, shape):
    """The elements of `x` in row-major order under another shape; one extent may be -1."""
    linear = 0
    for i, extent in zip(index, shape, strict=True):
        linear = linear * extent + i
    position = []
    for extent in reversed(x.shape):
        position.append(truncated_remainder(linear, extent) if extent > 1 else 0)
        linear = truncated_divide(linear, extent) if extent > 1 else linear
    return x[tuple(reversed(position))]


@reshape.normalise
def reshape_shape(x, *, shape):
    shape = (shape,) if isinstance(shape, int) else shape
    if shape.count(-1) == 1:
        rest = -math.prod(shape)
        if rest and x.size % rest == 0:
            shape = tuple(x.size // rest if extent == -1 else extent for extent in shape)
    if any(extent < 0 for extent in shape) or math.prod(shape) != x.size:
        raise ShapeError(f"{x.size} elements of shape {x.shape} do not fit the shape {shape}")
    return {"shape": shape}


@reshape.type_rule
def reshape_type(x, *, shape):
    return x.with_shape(shape)


@reshape.vjp
def reshape_vjp(ct, x, out, *, shape):
    return ops.reshape(ct, shape=x.shape)


reshape.samples(
    case(normal(3, 4), shape=(2, 6)),
    case(normal(3, 4), shape=-1),
    case(normal(2, 3, 4), shape=(4, -1)),
    case(normal(), shape=(1, 1)),
    case(normal(0, 3), shape=(3, 0)),
    bad(normal(3, 4), shape=(5, 2), says="12 elements of shape (3, 4) do not fit the shape (5, 2)"),
    bad(normal(3, 4), shape=(5, -1), says="do not fit the shape (5, -1)"),
)
