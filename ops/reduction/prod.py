"""Product over axes."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import bad, booleans, case, given, integers, normal, reduction
from ..movement.permuted import inverse, permuted


@reduction(
    formula=r"\prod_i x_i",
    init=lambda dtype: 1,
    accumulates="wide",
    reference=np.prod,
)
def prod(a, b):
    """Product over `axis` (all axes by default); booleans and integers multiply in 64 bits."""
    return a * b


@prod.vjp
def prod_vjp(ct, x, out, *, axis, keepdims):
    kept = tuple(a for a in range(x.ndim) if a not in axis)
    order = (*kept, *axis)
    rows = permuted(x, order)
    shape = rows.shape
    count = math.prod(x.shape[a] for a in axis)
    others = _others(ops.reshape(rows, shape=(*shape[: len(kept)], count)))
    others = permuted(ops.reshape(others, shape=shape), inverse(order))
    return ops.spread(ct, x, axis, keepdims) * others


def _others(x):
    """The product of all other elements along the last axis.

    Without division, so that zeros are right to every order: each half is multiplied by the whole
    of the other half, recursively.
    """
    count = x.shape[-1]
    if count <= 1:
        return ops.full(x.shape, 1, x.dtype)
    half = (count + 1) // 2
    left = _part(x, 0, half)
    right = ops.pad(_part(x, half, count), low=0, high=_last(x, 2 * half - count), value=1)
    outside = _others(left * right)
    both = ops.concatenate(outside * right, outside * left, axis=-1)
    return _part(both, 0, count)


def _part(x, start, stop):
    return ops.slice(x, start=(0,) * (x.ndim - 1) + (start,), stop=(*x.shape[:-1], stop))


def _last(x, amount):
    return (0,) * (x.ndim - 1) + (amount,)


prod.samples(
    case(normal(3, 4)),
    case(normal(3, 5, 2), axis=(0, -1)),
    case(normal(3, 4), axis=1, keepdims=True),
    case(given([[1.0, 2.0, 0.0], [0.0, 3.0, 0.0], [2.0, 1.5, 4.0]]), axis=1),
    case(normal(0, 3), axis=0),
    case(normal()),
    case(booleans(5)),
    case(integers(-9, 9, 5)),
    bad(normal(3, 4), axis=2, says="axis 2 is out of range for an array of 2 dimensions"),
)
