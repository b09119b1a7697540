"""Updated copies: ``x.at[key].set(values)`` and its relatives."""

import numpy as np

from ... import ops
from ...compiler.builder import current
from ...compiler.errors import LocatedError
from ...compiler.kinds.promotion import cast_to
from ...compiler.plugin import DTypeError, Role, ShapeError, bool_, registry
from ...compiler.value import describe_operand
from ..arithmetic.add import add
from ..arithmetic.maximum import maximum
from ..arithmetic.minimum import minimum
from ..arithmetic.mul import mul
from ..movement.permuted import inverse, permuted
from .getitem import boxed
from .key import read_key
from .scatter_add import scatter_add
from .scatter_max import scatter_max
from .scatter_min import scatter_min
from .scatter_mul import scatter_mul
from .scatter_set import scatter_set


class At:
    """``x.at``, which waits for a key."""

    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x

    def __getitem__(self, key):
        return Place(self.x, key)


class Place:
    """``x.at[key]``: its methods give a copy of `x` with values combined into ``x[key]``.

    The values broadcast to the shape of ``x[key]``; `x` itself stays as it is.
    """

    __slots__ = ("key", "x")

    def __init__(self, x, key):
        self.x = x
        self.key = key

    def set(self, values):
        """With the values instead; of equal indices the last wins."""
        return updated(self.x, self.key, values, "set")

    def add(self, values):
        """With the values added; equal indices add up."""
        return updated(self.x, self.key, values, "add")

    def multiply(self, values):
        """With the values multiplied in, each of equal indices."""
        return updated(self.x, self.key, values, "multiply")

    def min(self, values):
        """With the smaller of the element and the values."""
        return updated(self.x, self.key, values, "min")

    def max(self, values):
        """With the larger of the element and the values."""
        return updated(self.x, self.key, values, "max")


def updated(x, key, values, combine):
    """A copy of `x` with `values` combined into ``x[key]``.

    Parameters
    ----------
    x : array
    key : index or tuple of indices
        As in ``x[key]``.
    values : array
        Of a shape that broadcasts to ``x[key]``, in a dtype that `x` can hold.
    combine : {"set", "add", "multiply", "min", "max"}
        Of equal indices, ``set`` keeps the last value; the others combine each.
    """
    try:
        values = _fitting(x, values)
        key = read_key(x, key)
        if not _stretches(values.shape, key.shape):
            raise ShapeError(f"the values have shape {values.shape}, wanted one for {key.shape}")
        values = ops.broadcast_to(values, shape=key.shape)
        if not key.picked:
            return _boxed(x, key, ops.reshape(values, shape=key.box), _ELEMENTWISE[combine])
        return _picked(x, key, values, _SCATTERS[combine])
    except LocatedError as error:
        raise error.within(f"at.{combine}", [describe_operand("x", x)]) from error.__cause__


def _fitting(x, values):
    """The values in the dtype of `x`, which must be able to hold their kind of number."""
    builder = current() or x.builder
    values = builder.lift(values)
    dtype = x.type.dtype
    literal = values.type.weak and values.type.dtype.is_integer and dtype.is_integer
    if not literal and not np.can_cast(values.dtype, x.dtype, "same_kind"):
        raise DTypeError(f"the values are {values.dtype}, which {dtype} cannot hold: cast them")
    return cast_to(builder, values, dtype)


def _stretches(shape, wanted):
    """True when `shape` broadcasts to `wanted`."""
    if len(shape) > len(wanted):
        return False
    own = wanted[len(wanted) - len(shape) :]
    return all(extent in (1, other) for extent, other in zip(shape, own, strict=True))


def _picked(x, key, values, scatter):
    """The index arrays' part: scattered into the box, the box put back."""
    part = boxed(x, key)
    front = permuted(part, key.front)
    shape = (*key.common, *front.shape[len(key.picked) :])
    values = ops.reshape(values, shape=tuple(shape[axis] for axis in key.settled))
    values = permuted(values, inverse(key.settled))
    part = permuted(scatter(front, values, *key.arrays), inverse(key.front))
    return _boxed(x, key, part, _replaced)


def _boxed(x, key, values, combine):
    """`x` with values combined into the box of the key's slices: padded, and chosen by a mask."""
    if key.is_whole(x.shape):
        return combine(x, values)
    backward = tuple(axis for axis, s in enumerate(key.slices) if s.step < 0)
    if backward:
        values = ops.flip(values, axis=backward)
    low, high = [], []
    for s, extent, count in zip(key.slices, x.shape, key.box, strict=True):
        last = s.start + (count - 1) * s.step
        low.append(min(s.start, last) if count else 0)
        high.append(extent - 1 - max(s.start, last) if count else extent)
    amounts = {"low": low, "high": high, "interior": [abs(s.step) - 1 for s in key.slices]}
    inside = ops.pad(ops.full(key.box, True, bool_), **amounts)
    return ops.where(inside, combine(x, ops.pad(values, **amounts)), x)


def _replaced(x, values):
    return values


_ELEMENTWISE = {
    "set": _replaced,
    "add": add,
    "multiply": mul,
    "min": minimum,
    "max": maximum,
}
_SCATTERS = {
    "set": scatter_set,
    "add": scatter_add,
    "multiply": scatter_mul,
    "min": scatter_min,
    "max": scatter_max,
}

registry.play(Role.AT, At)
