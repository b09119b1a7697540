"""Permutation of axes."""

import numpy as np

from ... import ops
from ...compiler.plugin import AxisError, Role, bad, case, movement, normal


@movement(
    formula=r"y_{i_{p_0} i_{p_1} \dots} = x_{i_0 i_1 \dots}",
    linear_in=[("x",)],
    role=Role.TRANSPOSE,
    reference=lambda x, *, axes: np.transpose(x, axes),
)
def transpose(index, x, *, axes=None):
    """`x` with its axes in the order `axes`; reversed by default."""
    return x[tuple(index[axes.index(a)] for a in range(x.ndim))]


@transpose.normalise
def transpose_axes(x, *, axes):
    if axes is None:
        return {"axes": tuple(reversed(range(x.ndim)))}
    positive = tuple(a % x.ndim if -x.ndim <= a < x.ndim else a for a in axes)
    if sorted(positive) != list(range(x.ndim)):
        raise AxisError(f"{axes} is no permutation of the axes of {x}")
    return {"axes": positive}


@transpose.type_rule
def transpose_type(x, *, axes):
    return x.with_shape(x.shape[a] for a in axes)


@transpose.vjp
def transpose_vjp(ct, x, out, *, axes):
    return ops.transpose(ct, axes=tuple(axes.index(a) for a in range(x.ndim)))


transpose.samples(
    case(normal(3, 4)),
    case(normal(2, 3, 4), axes=(1, -1, 0)),
    case(normal()),
    case(normal(0, 2)),
    bad(normal(2, 3), axes=(0, 0), says="(0, 0) is no permutation of the axes"),
)
