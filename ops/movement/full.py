"""One number everywhere: what rules and composites start from."""

from ... import ops
from ...compiler.dtypes import as_dtype


def full(shape, value, dtype):
    """An array of `shape` filled with `value`."""
    return ops.broadcast_to(as_dtype(dtype).numpy.type(value), shape=shape)
