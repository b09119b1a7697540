"""Cutting an array along an axis."""

import itertools

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal, normalise_axis


@composite(
    formula=r"(y_k)_i = x_{c_{k-1} + i}, \quad 0 \le i < c_k - c_{k-1}",
    linear_in=[("x",)],
    reference=lambda x, *, cuts, axis: tuple(np.split(x, cuts, axis)),
)
def split(x, *, cuts, axis=0):
    """The parts of `x` between `cuts` along `axis`, as a tuple (one part: the part itself).

    `cuts` are positions, clamped as in a slice, or the number of equal parts.
    """
    parts = []
    for start, stop in itertools.pairwise((0, *cuts, x.shape[axis])):
        begin, end = [0] * x.ndim, list(x.shape)
        begin[axis], end[axis] = start, stop
        parts.append(ops.slice(x, start=begin, stop=end))
    return tuple(parts)


@split.normalise
def split_cuts(x, *, cuts, axis):
    axis = normalise_axis(axis, x.ndim)
    if isinstance(cuts, int):
        extent = x.shape[axis]
        if cuts <= 0 or extent % cuts:
            raise ShapeError(f"{extent} elements do not make {cuts} equal parts")
        cuts = tuple(range(extent // cuts, extent, extent // cuts)) if extent else (0,) * (cuts - 1)
    return {"cuts": cuts, "axis": axis}


split.samples(
    case(normal(6), cuts=3),
    case(normal(2, 5), cuts=(1, 3), axis=-1),
    case(normal(5), cuts=(2, 2, 9)),
    case(normal(4), cuts=1),
    case(normal(0), cuts=2),
    bad(normal(5), cuts=2, says="5 elements do not make 2 equal parts"),
    bad(normal(5), cuts=2, axis=1, says="axis 1 is out of range"),
)
