"""Matrix product."""

from ... import ops
from ...compiler.plugin import ShapeError, bad, broadcast_shapes, case, composite, normal


@composite(
    formula=r"Z_{bij} = \sum_k X_{bik} Y_{bkj}",
    operator="__matmul__",
    linear_in=[("left",), ("right",)],
)
def matmul(left, right):
    """NumPy's ``@``: leading dimensions broadcast as a batch, vectors lose what was added."""
    if not left.ndim or not right.ndim:
        raise ShapeError("a scalar has no rows or columns: use * instead")
    inner = right.shape[-2] if right.ndim > 1 else right.shape[0]
    if left.shape[-1] != inner:
        raise ShapeError(f"the left side has {left.shape[-1]} columns, the right side {inner} rows")
    if left.ndim <= 2 and right.ndim <= 2:
        return ops.dot_general(left, right, contract=((left.ndim - 1,), (max(right.ndim - 2, 0),)))
    if right.ndim == 1:
        return ops.dot_general(left, right, contract=((left.ndim - 1,), (0,)))
    if left.ndim == 1:
        return ops.dot_general(right, left, contract=((right.ndim - 2,), (0,)))
    if right.ndim == 2:
        return ops.dot_general(left, right, contract=((left.ndim - 1,), (0,)))
    shared = broadcast_shapes([left.shape[:-2], right.shape[:-2]])
    left = ops.broadcast_to(left, shape=(*shared, *left.shape[-2:]))
    right = ops.broadcast_to(right, shape=(*shared, *right.shape[-2:]))
    batch = tuple(range(len(shared)))
    return ops.dot_general(
        left, right, contract=((len(shared) + 1,), (len(shared),)), batch=(batch, batch)
    )


matmul.samples(
    case(normal(3, 4), normal(4, 2)),
    case(normal(4), normal(4)),
    case(normal(4), normal(4, 2)),
    case(normal(3, 4), normal(4)),
    case(normal(2, 3, 4), normal(4, 5)),
    case(normal(2, 1, 3, 4), normal(5, 4, 2)),
    case(normal(4), normal(2, 4, 3)),
    case(normal(3, 0), normal(0, 2)),
    bad(normal(2, 4), normal(3, 2), says="the left side has 4 columns, the right side 3 rows"),
    bad(normal(), normal(3), says="a scalar has no rows or columns"),
)
