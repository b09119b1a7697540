"""Elements and slices at given indices."""

from ... import ops
from ...compiler.plugin import bad, case, given, integers, movement, normal
from .addresses import address, gathered_shape


@movement(
    formula=r"y_{s, r} = x_{i_1(s), \dots, i_k(s), r}",
    differentiable=("x",),
    linear_in=[("x",)],
    indices="indices",
    reference=lambda x, *indices: x[indices],
)
def gather(index, x, *indices):
    """``x[i1, ..., ik]``: integer arrays of one shape S over the first k axes of `x`.

    The result has the shape S and then the other axes of `x`. Indices lie in ``0 <= i < n``; a
    program ends in an `OutOfBoundsError` for others. ``x[key]`` counts negative ones from the end.
    """
    return x[address(index, indices)]


@gather.type_rule
def gather_type(x, *indices):
    return x.with_shape(gathered_shape(x, indices))


@gather.vjp
def gather_vjp(ct, x, *indices):
    """Equal indices add up."""
    *indices, _ = indices
    zeros = ops.full(x.shape, 0, ct.dtype)
    return (ops.scatter_add(zeros, ct, *indices), *(None for _ in indices))


gather.samples(
    case(normal(5, 3), integers(0, 5, 4)),
    case(normal(5, 3), integers(0, 5, 2, 2), integers(0, 3, 2, 2)),
    case(normal(5, 3, 2), integers(0, 5), integers(0, 3)),
    case(normal(5), integers(0, 5, 4, dtype="int32")),
    case(normal(5), given([2, 2, 2], dtype="uint8")),
    case(normal(5, 3), integers(0, 5, 0)),
    case(normal(0, 3), integers(0, 1, 0)),
    bad(normal(5), normal(2), says="wanted integers"),
    bad(normal(5), integers(0, 5, 2), integers(0, 5, 2), says="got 2 index arrays for an array of"),
    bad(normal(5, 3), integers(0, 3, 2), integers(0, 3, 3), says="have shapes (2,) and (3,)"),
    bad(normal(5), given([5], dtype="int64"), says="index 5 is out of bounds for axis 0 with 5"),
    bad(normal(5), given([-1], dtype="int64"), says="index -1 is out of bounds for axis 0 with 5"),
)
