"""Minimum at given indices."""

import numpy as np

from ...compiler.plugin import bad, case, distinct, given, integers, normal, scatter
from ..reduction.extremes import smaller
from .addresses import address, check_updates
from .winners import winners


def _reference(operand, updates, *indices):
    out = operand.copy()
    np.minimum.at(out, indices or ..., updates)
    return out


@scatter(
    formula=r"y_{j, r} = \min(x_{j, r}, \min_{s : i(s) = j} u_{s, r})",
    combine=smaller,
    differentiable=("operand", "updates"),
    kink="of equal numbers the operand's element, else the first update takes the cotangent",
    indices="indices",
    reference=_reference,
)
def scatter_min(index, operand, updates, *indices):
    """The smaller of `operand` and the updates that meet it; NaN where there is one.

    The indices are those of `gather`; the updates have the shape of what it would give.
    """
    return address(index, indices)


@scatter_min.type_rule
def scatter_min_type(operand, updates, *indices):
    return check_updates(operand, updates, *indices)


@scatter_min.vjp
def scatter_min_vjp(ct, operand, updates, *indices):
    *indices, out = indices
    return (*winners(ct, operand, updates, indices, out), *(None for _ in indices))


scatter_min.samples(
    case(distinct(5, 3), distinct(4, 3), given([0, 2, 2, 4], dtype="int64")),
    case(distinct(5, 3), normal(2, 2), integers(0, 5, 2, 2), integers(0, 3, 2, 2)),
    case(given([0.0, 1.0]), given([1.0, 1.0, 2.0]), given([1, 0, 0], dtype="int64"), smooth=False),
    case(given([np.nan, 1.0]), given([1.0, np.nan]), given([0, 1], dtype="int64"), smooth=False),
    case(normal(5), normal(), integers(0, 5)),
    case(normal(5), normal(0), integers(0, 5, 0)),
    case(integers(0, 9, 5), integers(0, 9, 3), given([1, 1, 1], dtype="int32")),
    bad(normal(5), normal(3), integers(0, 5, 2), says="the updates have shape (3,), wanted (2,)"),
    bad(normal(5), normal(2), normal(2), says="wanted integers"),
    bad(
        normal(5), normal(1), given([7], dtype="int64"), says="index 7 is out of bounds for axis 0"
    ),
)
