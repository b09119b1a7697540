"""Repetition of each element."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal, normalise_axis


@composite(
    formula=r"y_{i r + t} = x_i, \quad 0 \le t < r",
    linear_in=[("x",)],
    reference=lambda x, *, repeats, axis: np.repeat(x, repeats, axis),
)
def repeat(x, *, repeats, axis=None):
    """Each element `repeats` times in a row along `axis`; of the flat array without an axis."""
    if axis is None:
        return ops.repeat(ops.reshape(x, shape=-1), repeats=repeats, axis=0)
    before, after = x.shape[: axis + 1], x.shape[axis + 1 :]
    spread = ops.broadcast_to(ops.expand_dims(x, axis=axis + 1), shape=(*before, repeats, *after))
    return ops.reshape(spread, shape=(*before[:-1], before[-1] * repeats, *after))


@repeat.normalise
def repeat_axis(x, *, repeats, axis):
    if not isinstance(repeats, int) or repeats < 0:
        raise ShapeError(f"repeats is {repeats}, wanted one number of repetitions, not negative")
    return {"repeats": repeats, "axis": None if axis is None else normalise_axis(axis, x.ndim)}


repeat.samples(
    case(normal(3), repeats=2),
    case(normal(2, 3), repeats=3, axis=0),
    case(normal(2, 3), repeats=2, axis=-1),
    case(normal(2, 3), repeats=2),
    case(normal(2, 3), repeats=0, axis=1),
    case(normal(0), repeats=2),
    case(normal(), repeats=2),
    bad(normal(3), repeats=-1, says="repeats is -1, wanted one number of repetitions"),
    bad(normal(3), repeats=(1, 2, 3), says="wanted one number of repetitions"),
    bad(normal(3), repeats=2, axis=1, says="axis 1 is out of range"),
)
