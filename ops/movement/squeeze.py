"""Removal of axes of extent 1."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal, normalise_axes


@composite(
    formula=r"y_i = x_{1, i}",
    linear_in=[("x",)],
    reference=np.squeeze,
)
def squeeze(x, *, axis=None):
    """`x` without the axes `axis`, each of extent 1 (by default all that are)."""
    return ops.reshape(x, shape=tuple(n for a, n in enumerate(x.shape) if a not in axis))


@squeeze.normalise
def squeeze_axes(x, *, axis):
    if axis is None:
        return {"axis": tuple(a for a, extent in enumerate(x.shape) if extent == 1)}
    axis = normalise_axes(axis, x.ndim)
    for a in axis:
        if x.shape[a] != 1:
            raise ShapeError(f"axis {a} has {x.shape[a]} elements, wanted 1")
    return {"axis": axis}


squeeze.samples(
    case(normal(1, 4, 1)),
    case(normal(1, 4, 1), axis=-1),
    case(normal(1, 1), axis=(0, 1)),
    case(normal(1, 0)),
    case(normal()),
    bad(normal(1, 4), axis=1, says="axis 1 has 4 elements, wanted 1"),
    bad(normal(3), axis=2, says="axis 2 is out of range"),
)
