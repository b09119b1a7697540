"""Cyclic shifts."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal, normalise_axis


@composite(
    formula=r"y_{i} = x_{(i - s) \bmod n}",
    linear_in=[("x",)],
    reference=lambda x, *, shift, axis: np.roll(x, shift, axis),
)
def roll(x, *, shift, axis=None):
    """The elements moved on by `shift` along each `axis`; in the flat array without an axis."""
    if axis is None:
        flat = ops.reshape(x, shape=-1)
        return ops.reshape(ops.roll(flat, shift=shift, axis=0), shape=x.shape)
    for amount, a in zip(shift, axis, strict=True):
        extent = x.shape[a]
        cut = -amount % extent if extent else 0
        if cut:
            x = ops.concatenate(_part(x, a, cut, extent), _part(x, a, 0, cut), axis=a)
    return x


def _part(x, axis, start, stop):
    begin, end = [0] * x.ndim, list(x.shape)
    begin[axis], end[axis] = start, stop
    return ops.slice(x, start=begin, stop=end)


@roll.normalise
def roll_axes(x, *, shift, axis):
    if axis is None:
        if not isinstance(shift, int):
            raise ShapeError(f"the shifts {shift} have no axes")
        return {"shift": shift, "axis": None}
    axis = (axis,) if isinstance(axis, int) else axis
    shift = (shift,) * len(axis) if isinstance(shift, int) else shift
    if len(shift) != len(axis):
        raise ShapeError(f"got {len(shift)} shifts for {len(axis)} axes")
    return {"shift": shift, "axis": tuple(normalise_axis(a, x.ndim) for a in axis)}


roll.samples(
    case(normal(5), shift=2),
    case(normal(3, 4), shift=-1),
    case(normal(3, 4), shift=7, axis=-1),
    case(normal(3, 4), shift=(1, -2), axis=(0, 1)),
    case(normal(0), shift=3),
    case(normal(), shift=3),
    bad(normal(3), shift=1, axis=1, says="axis 1 is out of range"),
    bad(normal(3, 3), shift=(1, 2, 3), axis=(0, 1), says="got 3 shifts for 2 axes"),
    bad(normal(3, 3), shift=(1, 2), says="the shifts (1, 2) have no axes"),
)
