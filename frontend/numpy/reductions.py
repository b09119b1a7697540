"""Functions of whole axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...compiler.errors import UnsupportedError
from .elementwise import alias
from .table import implements


def _in(a: Any, dtype: Any) -> Any:
    """The elements in the dtype to accumulate in, when one is asked for."""
    return a if dtype is None else ops.cast(a, dtype=dtype)


def _of(result: Any, dtype: Any) -> Any:
    return result if dtype is None or result.dtype == dtype else ops.cast(result, dtype=dtype)


@implements(np.sum)
def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """Sum over `axis`, in `dtype` when given."""
    return _of(ops.sum(_in(a, dtype), axis=axis, keepdims=keepdims), dtype)


@implements(np.prod)
def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """Product over `axis`, in `dtype` when given."""
    return _of(ops.prod(_in(a, dtype), axis=axis, keepdims=keepdims), dtype)


@implements(np.mean)
def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = None,
) -> Any:
    """Arithmetic mean over `axis`."""
    return _of(ops.mean(_in(a, dtype), axis=axis, keepdims=keepdims), dtype)


@implements(np.var)
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """Variance over `axis`; the divisor is the count less `ddof` (or `correction`)."""
    ddof = ddof if correction is None else correction
    return _of(ops.var(_in(a, dtype), axis=axis, keepdims=keepdims, ddof=ddof), dtype)


@implements(np.std)
def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """Standard deviation over `axis`; see `var`."""
    ddof = ddof if correction is None else correction
    return _of(ops.std(_in(a, dtype), axis=axis, keepdims=keepdims, ddof=ddof), dtype)


@implements(np.max)
def max(
    a: Any,
    axis: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """Largest element over `axis`; NaN where there is one."""
    return ops.max(a, axis=axis, keepdims=keepdims)


@implements(np.min)
def min(
    a: Any,
    axis: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """Smallest element over `axis`; NaN where there is one."""
    return ops.min(a, axis=axis, keepdims=keepdims)


amax = alias("amax", max)
amin = alias("amin", min)


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """Largest less smallest element over `axis`."""
    return ops.max(a, axis=axis, keepdims=keepdims) - ops.min(a, axis=axis, keepdims=keepdims)


@implements(np.argmax)
def argmax(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """Position of the first largest element along `axis`, of the flat array without one."""
    return ops.argmax(a, axis=axis, keepdims=keepdims)


@implements(np.argmin)
def argmin(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
    """Position of the first smallest element along `axis`, of the flat array without one."""
    return ops.argmin(a, axis=axis, keepdims=keepdims)


@implements(np.any)
def any(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = None
) -> Any:
    """Whether some element over `axis` is not 0."""
    return ops.any(a, axis=axis, keepdims=keepdims)


@implements(np.all)
def all(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = None
) -> Any:
    """Whether no element over `axis` is 0."""
    return ops.all(a, axis=axis, keepdims=keepdims)


@implements(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    """The number of elements over `axis` that are not 0."""
    return ops.sum(a != 0, axis=axis, keepdims=keepdims)


@implements(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    """Mean over `axis`, weighted by `weights` of the array's shape or along one axis."""
    if weights is None:
        return ops.mean(a, axis=axis, keepdims=keepdims)
    if returned:
        raise UnsupportedError("`returned` is not supported", "Use np.sum(weights) beside it")
    if weights.shape != a.shape:
        if not isinstance(axis, int) or weights.shape != (a.shape[axis],):
            raise UnsupportedError(
                f"weights of shape {weights.shape} for an array of shape {a.shape} need one axis",
                "Broadcast them to the array's shape first",
            )
        kept = [1] * a.ndim
        kept[axis] = a.shape[axis]
        weights = ops.broadcast_to(ops.reshape(weights, shape=kept), shape=a.shape)
    total = ops.sum(weights, axis=axis, keepdims=keepdims)
    return ops.sum(a * weights, axis=axis, keepdims=keepdims) / total


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norm of vectors or matrices: see `numpy.linalg.norm`.

    Of vectors every `ord`; of matrices ``None``, ``"fro"``, 1, -1, inf and -inf, which need no
    singular values. The 2-norm has no derivative at 0: the cotangent is NaN there.
    """
    if not x.type.dtype.is_inexact:
        x = ops.cast(x, dtype=np.float64)
    if axis is None and (ord is None or x.ndim not in (1, 2)):
        axis = tuple(range(x.ndim))
        return ops.sqrt(ops.sum(x * x, axis=axis, keepdims=keepdims))
    axes = tuple(range(x.ndim)) if axis is None else axis
    axes = (axes,) if isinstance(axes, int) else tuple(axes)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    return _matrix_norm(x, ord, axes, keepdims)


def _vector_norm(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    if ord is None or ord == 2:
        return ops.sqrt(ops.sum(x * x, axis=axis, keepdims=keepdims))
    size = ops.abs(x)
    if ord == np.inf:
        return ops.max(size, axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return ops.min(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return ops.sum(size, axis=axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise UnsupportedError(
            f"ord {ord!r} is no norm of vectors", "Use a number, or leave it out"
        )
    if ord == 0:
        return ops.sum(ops.cast(x != 0, dtype=x.dtype), axis=axis, keepdims=keepdims)
    return ops.sum(size**ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord is None or ord == "fro":
        return ops.sqrt(ops.sum(x * x, axis=axes, keepdims=keepdims))
    rows, columns = axes
    if ord not in (1, -1, np.inf, -np.inf):
        raise UnsupportedError(
            f"ord {ord!r} of a matrix needs singular values",
            'Use ord="fro", 1, -1, np.inf or -np.inf',
        )
    summed, kept = (rows, columns) if ord in (1, -1) else (columns, rows)
    extreme = ops.max if ord in (1, np.inf) else ops.min
    sums = ops.sum(ops.abs(x), axis=summed, keepdims=True)
    result = extreme(sums, axis=kept, keepdims=True)
    return result if keepdims else ops.squeeze(result, axis=axes)
