"""Vector norms."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import (
    ArgumentError,
    bad,
    case,
    composite,
    distinct,
    given,
    normal,
    normalise_axes,
)
from ..reduction.extremes import marked


def _reference(x, *, p, axis, keepdims):
    size = np.abs(x)
    if p == math.inf:
        return size.max(axis=axis, keepdims=keepdims)
    return (size**p).sum(axis=axis, keepdims=keepdims) ** (1 / p)


@composite(
    theory="mat-08",
    formula=r"\lVert x \rVert_p = \Bigl( \sum_i |x_i|^p \Bigr)^{1/p}, \quad p \ge 1",
    kink="slope 0 where the norm is 0; p = 1: 0 at 0; p = inf: the first largest element",
    reference=_reference,
)
def vector_norm(x, *, p=2, axis=None, keepdims=False):
    """Of the elements along `axis` (all by default); `p` from 1 to inf. Not scaled by anything."""
    size = abs(x)
    if p == math.inf:
        return ops.max(size, axis=axis, keepdims=keepdims)
    if p == 1:
        return ops.sum(size, axis=axis, keepdims=keepdims)
    if p == 2:
        return ops.sqrt(ops.sum(x * x, axis=axis, keepdims=keepdims))
    return ops.power(ops.sum(ops.power(size, p), axis=axis, keepdims=keepdims), 1 / p)


@vector_norm.normalise
def vector_norm_attributes(x, *, p, axis, keepdims):
    if not p >= 1:
        raise ArgumentError(f"p is {p}, wanted a number from 1 to inf: less gives no norm")
    return {"p": float(p), "axis": normalise_axes(axis, x.ndim), "keepdims": keepdims}


@vector_norm.vjp
def vector_norm_vjp(ct, x, out, *, p, axis, keepdims):
    """sign(x) |x|^(p-1) / ||x||^(p-1): the ratio comes first, so that neither power overflows."""
    if p == math.inf:
        size = abs(x)
        place = ops.argmax(size, axis=axis, keepdims=True)
        return ops.sign(x) * marked(ct, size, place, axis, keepdims)
    wide = ops.spread(ct, x, axis, keepdims)
    if p == 1:
        return wide * ops.sign(x)
    length = ops.spread(out, x, axis, keepdims)
    ratio = x / ops.where(length == 0, 1, length)
    if p == 2:
        return wide * ratio
    return wide * ops.sign(x) * ops.power(abs(ratio), p - 1)


vector_norm.samples(
    case(normal(5)),
    case(normal(3, 4), axis=1),
    case(distinct(3, 4), p=1, axis=0, keepdims=True),
    case(normal(3, 4), p=3.5, axis=(0, 1)),
    case(normal(3, 4), p=math.inf, axis=1),
    case(given([0.0, 0.0]), smooth=False),
    case(given([0.0, 0.0]), p=3, smooth=False),
    bad(normal(3), p=0.5, says="p is 0.5, wanted a number from 1 to inf"),
    bad(normal(3), axis=1, says="axis 1 is out of range"),
)
