"""Index arrays for one axis beside those that stay in place."""

from ... import ops
from ...compiler.plugin import DTypeError, ShapeError, broadcast_shapes


def along(x, indices, axis):
    """One index array per axis of `x`, so that gather picks ``x[i0, .., indices[i], .., in]``.

    The other axes of `x` and of `indices` broadcast together.
    """
    if not indices.type.dtype.is_integer:
        raise DTypeError(f"the indices are {indices.dtype}, wanted integers")
    if indices.ndim != x.ndim:
        raise ShapeError(f"the indices have {indices.ndim} dimensions, the array {x.ndim}")
    others = tuple(1 if a == axis else extent for a, extent in enumerate(x.shape))
    shape = broadcast_shapes([indices.shape, others])
    arrays = []
    for a, extent in enumerate(x.shape):
        if a == axis:
            arrays.append(ops.broadcast_to(indices, shape=shape))
        elif extent == 1:
            arrays.append(ops.full(shape, 0, indices.dtype))
        else:
            arrays.append(ops.iota(shape=shape, axis=a))
    return arrays
