"""Adding at given indices."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, given, integers, normal, scatter
from .addresses import address, check_updates


def _reference(operand, updates, *indices):
    out = operand.copy()
    np.add.at(out, indices or ..., updates)
    return out


@scatter(
    formula=r"y_{j, r} = x_{j, r} + \sum_{s : i(s) = j} u_{s, r}",
    combine=lambda old, update: old + update,
    differentiable=("operand", "updates"),
    linear_in=[("operand", "updates")],
    indices="indices",
    reference=_reference,
)
def scatter_add(index, operand, updates, *indices):
    """`operand` with the updates added where the indices point; equal indices add up.

    The indices are those of `gather`; the updates have the shape of what it would give.
    """
    return address(index, indices)


@scatter_add.type_rule
def scatter_add_type(operand, updates, *indices):
    return check_updates(operand, updates, *indices)


@scatter_add.vjp
def scatter_add_vjp(ct, operand, updates, *indices):
    *indices, _ = indices
    return (ct, ops.gather(ct, *indices), *(None for _ in indices))


scatter_add.samples(
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
