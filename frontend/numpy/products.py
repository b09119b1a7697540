"""Sums of products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...compiler.dtypes import promote
from ...compiler.errors import ArgumentError, ShapeError
from ...compiler.kinds.reduction import normalise_axis
from .elementwise import as_ufunc
from .shapes import ravel
from .table import array, implements, strong


@as_ufunc(np.matmul)
def matmul(x1: Any, x2: Any) -> Any:
    """NumPy's ``@``: leading dimensions broadcast as a batch."""
    return ops.matmul(x1, x2)


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    """Sum over the last axis of `a` and the last but one of `b` (the only one of a vector)."""
    if not a.ndim or not b.ndim:
        return a * b
    return _contracted(a, b, (a.ndim - 1,), (max(b.ndim - 2, 0),))


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    """Sum over the last axes."""
    if not a.ndim or not b.ndim:
        return a * b
    return _contracted(a, b, (a.ndim - 1,), (b.ndim - 1,))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    """Sum of products of all elements."""
    return _contracted(ravel(a), ravel(b), (0,), (0,))


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    """Every element of `a` times every one of `b`."""
    return ops.outer(a, b)


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Sum over pairs of axes: the last and first so many, or two lists of them."""
    if isinstance(axes, int):
        own, other = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        own, other = ([one] if isinstance(one, int) else list(one) for one in axes)
    return _contracted(
        a,
        b,
        tuple(normalise_axis(axis, a.ndim) for axis in own),
        tuple(normalise_axis(axis, b.ndim) for axis in other),
    )


def _contracted(a: Any, b: Any, own: tuple[int, ...], other: tuple[int, ...]) -> Any:
    if len(own) != len(other):
        raise ShapeError(f"got {len(own)} axes of the left side and {len(other)} of the right")
    for i, j in zip(own, other, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                f"axis {i} of the left side has {a.shape[i]} elements, axis {j} of the right side "
                f"{b.shape[j]}"
            )
    return ops.dot_general(a, b, contract=(own, other))


@implements(np.einsum)
def einsum(
    subscripts: Any,
    *operands: Any,
    out: Any = None,
    dtype: Any = None,
    order: Any = None,
    casting: Any = None,
    optimize: Any = None,
) -> Any:
    """Sum of products over labelled axes: ``np.einsum("bi,ij->bj", x, w)``.

    The compiler chooses the order of several products: `optimize` changes nothing.
    """
    if not isinstance(subscripts, str):
        raise ArgumentError("the first argument is no string of subscripts", 'Write "ij,jk->ik"')
    arrays = [strong(array(operand)) for operand in operands]
    if dtype is not None:
        arrays = [ops.cast(operand, dtype=dtype) for operand in arrays]
    result = ops.einsum(*arrays, subscripts=subscripts)
    # NumPy's einsum keeps small integers as they are, where its sum takes 64 bits.
    common, _ = promote([(operand.type.dtype, operand.type.weak) for operand in arrays])
    return result if result.type.dtype is common else ops.cast(result, dtype=common)


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Kronecker product: each element of `a` times the whole of `b`."""
    rank = max(a.ndim, b.ndim)
    left = (1,) * (rank - a.ndim) + a.shape
    right = (1,) * (rank - b.ndim) + b.shape
    product = ops.reshape(a, shape=[n for extent in left for n in (extent, 1)]) * ops.reshape(
        b, shape=[n for extent in right for n in (1, extent)]
    )
    return ops.reshape(product, shape=[m * n for m, n in zip(left, right, strict=True)])


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """Product of several matrices; the compiler chooses the order."""
    product = arrays[0]
    for each in arrays[1:]:
        product = dot(product, each)
    return product
