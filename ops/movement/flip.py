"""Reversal of axes."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, normal, normalise_axes


@composite(
    formula=r"y_i = x_{n - 1 - i}",
    linear_in=[("x",)],
    reference=np.flip,
)
def flip(x, *, axis=None):
    """The elements along `axis` (all axes by default) in reverse order."""
    step = tuple(-1 if a in axis else 1 for a in range(x.ndim))
    return ops.slice(x, start=(None,) * x.ndim, stop=(None,) * x.ndim, step=step)


@flip.normalise
def flip_axes(x, *, axis):
    return {"axis": normalise_axes(axis, x.ndim)}


flip.samples(
    case(normal(4)),
    case(normal(3, 4), axis=1),
    case(normal(3, 4, 2), axis=(0, -1)),
    case(normal(0)),
    case(normal()),
    bad(normal(3), axis=1, says="axis 1 is out of range for an array of 1 dimensions"),
)
