"""What kinds do to their inputs before typing: a common dtype, a common shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...runtime.frames import warn
from ..dtypes import DType, int64, promote
from ..errors import DTypeError, PromotionWarning
from ..provenance import user_frame
from ..registry import registry
from ..roles import Role
from ..structural import CONSTANT
from ..types import broadcast_shapes

if TYPE_CHECKING:
    from ..builder import Builder
    from ..value import Value


def common_dtype(values: Sequence[Value]) -> tuple[DType, bool]:
    """The promoted dtype of the values and whether it is weak; warns of a widening scalar."""
    types = [value.type for value in values]
    dtype, weak = promote([(type.dtype, type.weak) for type in types])
    scalars = [value for value in values if _is_captured_scalar(value)]
    if not scalars:
        return dtype, weak
    rest = [(v.type.dtype, v.type.weak) for v in values if not _is_captured_scalar(v)]
    if rest and not all(weak for _, weak in rest):
        narrow, _ = promote(rest)
        if narrow.is_float and dtype.is_float and narrow.itemsize < dtype.itemsize:
            warn(
                f"a NumPy scalar of type {scalars[0].dtype} widens {narrow} to {dtype}: use a "
                f"Python number, or cast it    {user_frame() or ''}",
                PromotionWarning,
            )
    return dtype, weak


def _is_captured_scalar(value: Value) -> bool:
    return value.unit.op is CONSTANT and not value.shape and not value.type.weak


def cast_to(builder: Builder, value: Value, dtype: DType, weak: bool = False) -> Value:
    """The value in `dtype`; a literal is converted on the spot."""
    type = value.type
    if type.dtype is dtype and type.weak == weak:
        return value
    if value.unit.op is CONSTANT and value.type.weak:
        number = value.unit.attributes["value"].value
        if dtype.is_integer and int(number) not in dtype.integers:
            raise DTypeError(f"the Python integer {number} does not fit {dtype}")
        return builder.constant(number.astype(dtype.numpy), weak=weak)
    return registry.role(Role.CAST)(value, dtype=dtype, weak=weak)


def comparable(
    builder: Builder, values: Sequence[Value], dtype: DType
) -> tuple[list[Value], DType]:
    """The two sides of a comparison and the dtype for it, exact for any Python integer.

    A literal beyond an integer dtype lies on one side of all its numbers: 1 and 0 stand for the
    two. A Python integer that is an argument may do so in any call: 64 bits hold both.
    """
    weak = [value.type.weak and value.type.dtype.is_integer for value in values]
    if not dtype.is_integer or all(weak) or not any(weak):
        return list(values), dtype
    position = weak.index(True)
    if values[position].unit.op is not CONSTANT:
        return list(values), int64 if dtype.itemsize < int64.itemsize else dtype
    number = int(values[position].unit.attributes["value"].value)
    if number in dtype.integers:
        return list(values), dtype
    sides = [builder.constant(dtype.numpy.type(number > 0)) for _ in values]
    sides[1 - position] = broadcast_to(
        builder.constant(dtype.numpy.type(number < 0)), values[1 - position].shape
    )
    return sides, dtype


def broadcast_together(values: Sequence[Value]) -> list[Value]:
    """The values with explicit broadcasts to their common shape."""
    shape = broadcast_shapes([value.shape for value in values])
    return [broadcast_to(value, shape) for value in values]


def broadcast_to(value: Value, shape: tuple[int, ...]) -> Value:
    """The value stretched to `shape`; itself when it has that shape."""
    if value.shape == shape:
        return value
    return registry.role(Role.BROADCAST)(value, shape=shape)
