"""Logarithm of a mean of exponentials, composed of ops that chainrule has."""

import math

import numpy as np

from chainrule import ops
from chainrule.compiler.plugin import (
    ShapeError,
    bad,
    case,
    composite,
    given,
    normal,
    normalise_axis,
)


def _reference(x, *, axis):
    return np.logaddexp.reduce(x, axis=axis) - x.dtype.type(math.log(x.shape[axis]))


@composite(formula=r"\log \frac{1}{n} \sum_i e^{x_i}", reference=_reference)
def log_mean_exp(x, *, axis=-1):
    """Smooth maximum along `axis` that lies between the mean and the maximum; never overflows."""
    return ops.logsumexp(x, axis=axis) - math.log(x.shape[axis])


@log_mean_exp.normalise
def log_mean_exp_axis(x, *, axis):
    axis = normalise_axis(axis, x.ndim)
    if x.shape[axis] == 0:
        raise ShapeError(f"axis {axis} of {x} is empty, and no elements have no mean")
    return {"axis": axis}


log_mean_exp.samples(
    case(normal(5)),
    case(normal(3, 4), axis=0),
    case(given([1e4, 1e4 + 1, -1e4])),
    bad(normal(3), axis=1, says="axis 1 is out of range for an array of 1 dimensions"),
    bad(normal(2, 0), says="is empty, and no elements have no mean"),
)
