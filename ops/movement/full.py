"""One number everywhere: what rules and composites start from."""

from ... import ops


def full(shape, value, dtype):
    """An array of `shape` filled with `value`."""
    return ops.broadcast_to(dtype.numpy.type(value), shape=shape)
