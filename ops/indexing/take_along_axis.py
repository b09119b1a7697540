"""One index per position along an axis."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, given, integers, normal, normalise_axis
from .addresses import from_start
from .along import along


@composite(
    formula=r"y_{i, j, k} = x_{i, I_{i j k}, k}",
    differentiable=("x",),
    linear_in=[("x",)],
    reference=np.take_along_axis,
)
def take_along_axis(x, indices, *, axis):
    """The elements of `x` along `axis` that `indices` picks at each place of the other axes.

    Negative indices count from the end; the other axes broadcast, as in NumPy.
    """
    indices = from_start(indices, x.shape[axis])
    return ops.gather(x, *along(x, indices, axis))


@take_along_axis.normalise
def take_along_axis_axis(x, indices, *, axis):
    return {"axis": normalise_axis(axis, x.ndim)}


take_along_axis.samples(
    case(normal(3, 4), integers(0, 4, 3, 2), axis=1),
    case(normal(3, 4), integers(-4, 4, 3, 2), axis=-1),
    case(normal(3, 4, 2), integers(0, 3, 1, 4, 2), axis=0),
    case(normal(3, 1), integers(0, 3, 2, 4), axis=0),
    case(normal(3, 4), integers(0, 4, 3, 0), axis=1),
    bad(normal(3, 4), normal(3, 2), axis=1, says="wanted integers"),
    bad(normal(3, 4), integers(0, 4, 3), axis=1, says="the indices have 1 dimensions, the array 2"),
    bad(normal(3, 4), integers(0, 4, 2, 2), axis=1, says="do not broadcast together"),
    bad(normal(3, 4), given([[4]], dtype="int64"), axis=1, says="index 4 is out of bounds"),
)
