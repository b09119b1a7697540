"""What the reductions to an extreme element share: starting values and positions."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import select

LAST = 2**63 - 1
"""The position of no element: greater than any."""


def lowest(dtype):
    """The number of `dtype` that no element lies below."""
    if dtype.kind == "b":
        return False
    return -math.inf if dtype.is_inexact else int(np.iinfo(dtype.numpy).min)


def highest(dtype):
    """The number of `dtype` that no element lies above."""
    if dtype.kind == "b":
        return True
    return math.inf if dtype.is_inexact else int(np.iinfo(dtype.numpy).max)


def larger(a, b):
    """Of two scalars the second where it is larger or NaN, else the first.

    A NaN is passed on as ``b + b``, which is one. As `b` it would join the other choice: two masks
    and a blend where the CPU has one instruction for a maximum.
    """
    return select(b != b, b + b, select(b > a, b, a))


def smaller(a, b):
    """Of two scalars the second where it is smaller or NaN, else the first; see `larger`."""
    return select(b != b, b + b, select(b < a, b, a))


def positions(like, axis):
    """The row-major position of each element within the axes `axis`; 1 long along the others."""
    kept = tuple(extent if a in axis else 1 for a, extent in enumerate(like.shape))
    return ops.reshape(ops.iota(shape=(math.prod(kept),), axis=0), shape=kept)


def marked(ct, like, position, axis, keepdims):
    """`ct`, the cotangent of a reduction, at the element of each row that `position` names."""
    return ops.where(positions(like, axis) == position, ops.spread(ct, like, axis, keepdims), 0)


def flattened(x, axis):
    """The array with the axes `axis` last and flattened to one (NumPy)."""
    kept = [a for a in range(x.ndim) if a not in axis]
    return x.transpose(*kept, *axis).reshape(
        *(x.shape[a] for a in kept), math.prod(x.shape[a] for a in axis)
    )
