"""Writing at given indices."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, given, integers, normal, scatter
from .addresses import address, check_updates, first_axes, numbered


def _reference(operand, updates, *indices):
    # NumPy writes in the order of memory; of a reversed view that is not the order of elements.
    updates, *indices = (np.array(each, order="C") for each in (updates, *indices))
    out = operand.copy()
    out[tuple(indices) or ...] = updates
    return out


@scatter(
    formula=r"y_{j, r} = u_{s, r} \text{ for the last } s \text{ with } i(s) = j, "
    r"\quad x_{j, r} \text{ without one}",
    combine=lambda old, update: update,
    differentiable=("operand", "updates"),
    linear_in=[("operand", "updates")],
    indices="indices",
    reference=_reference,
)
def scatter_set(index, operand, updates, *indices):
    """`operand` with the updates written where the indices point; of equal indices the last wins.

    The indices are those of `gather`; the updates have the shape of what it would give. The
    cotangent goes to the updates that stayed.
    """
    return address(index, indices)


@scatter_set.type_rule
def scatter_set_type(operand, updates, *indices):
    return check_updates(operand, updates, *indices)


@scatter_set.vjp
def scatter_set_vjp(ct, operand, updates, *indices, wanted):
    *indices, _ = indices
    kept = written = None
    if 0 in wanted:
        kept = ops.scatter_set(ct, ops.full(updates.shape, 0, ct.dtype), *indices)
    if 1 in wanted:
        written = ops.where(_stayed(operand, updates, indices), ops.gather(ct, *indices), 0)
    return (kept, written, *(None for _ in indices))


def _stayed(operand, updates, indices):
    """True for the updates that no later one has overwritten."""
    numbers = numbered(indices)
    table = ops.full(first_axes(operand, indices), -1, numbers.dtype)
    last = ops.gather(ops.scatter_set(table, numbers, *indices), *indices)
    extra = (1,) * (updates.ndim - last.ndim)
    return ops.reshape(last == numbers, shape=(*last.shape, *extra))


scatter_set.samples(
    case(normal(5, 3), normal(2, 3), given([4, 1], dtype="int64")),
    case(normal(5, 3), normal(4, 3), given([0, 2, 2, 4], dtype="int64")),
    case(normal(5, 3), normal(2, 2), integers(0, 5, 2, 2), integers(0, 3, 2, 2)),
    case(normal(5), normal(), integers(0, 5)),
    case(normal(5), normal(0), integers(0, 5, 0)),
    case(integers(0, 9, 5), integers(0, 9, 3), given([1, 1, 1], dtype="int32")),
    bad(normal(5), normal(3), integers(0, 5, 2), says="the updates have shape (3,), wanted (2,)"),
    bad(normal(5), normal(2), normal(2), says="wanted integers"),
    bad(
        normal(5), normal(1), given([7], dtype="int64"), says="index 7 is out of bounds for axis 0"
    ),
)
