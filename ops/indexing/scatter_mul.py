"""Multiplying at given indices."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, given, int64, integers, normal, scatter
from .addresses import address, check_updates


def _reference(operand, updates, *indices):
    out = operand.copy()
    np.multiply.at(out, indices or ..., updates)
    return out


@scatter(
    formula=r"y_{j, r} = x_{j, r} \prod_{s : i(s) = j} u_{s, r}",
    combine=lambda old, update: old * update,
    differentiable=("operand", "updates"),
    kink="second derivatives between two updates of one element are right where neither is 0",
    indices="indices",
    reference=_reference,
)
def scatter_mul(index, operand, updates, *indices):
    """`operand` with the updates multiplied in where the indices point, each of equal indices.

    The indices are those of `gather`; the updates have the shape of what it would give.
    """
    return address(index, indices)


@scatter_mul.type_rule
def scatter_mul_type(operand, updates, *indices):
    return check_updates(operand, updates, *indices)


@scatter_mul.vjp
def scatter_mul_vjp(ct, operand, updates, *indices, wanted):
    *indices, _ = indices
    scaled = slopes = None
    if 0 in wanted:
        scaled = ops.scatter_mul(ct, updates, *indices)
    if 1 in wanted:
        slopes = ops.gather(ct, *indices) * _others(operand, updates, indices)
    return (scaled, slopes, *(None for _ in indices))


def _others(operand, updates, indices):
    """The product of the element and of all other updates that meet it.

    The product of the updates that are not zero is divided; it counts only for the one zero among
    them, or for all if there is none.
    """
    zero = updates == 0
    sure = ops.where(zero, 1, updates)
    product = ops.gather(ops.scatter_mul(operand, sure, *indices), *indices)
    none = ops.full(operand.shape, 0, int64)
    zeros = ops.scatter_add(none, ops.cast(zero, dtype=int64), *indices)
    elsewhere = ops.gather(zeros, *indices) - ops.cast(zero, dtype=int64)
    return ops.where(elsewhere == 0, product / sure, 0)


scatter_mul.samples(
    case(normal(5, 3), normal(4, 3), given([0, 2, 2, 4], dtype="int64")),
    case(normal(5, 3), normal(2, 2), integers(0, 5, 2, 2), integers(0, 3, 2, 2)),
    case(normal(3), given([0.0, 2.0, 0.0, 0.0]), given([0, 0, 1, 1], dtype="int64")),
    case(normal(5), normal(), integers(0, 5)),
    case(normal(5), normal(0), integers(0, 5, 0)),
    case(integers(0, 9, 5), integers(0, 9, 3), given([1, 1, 1], dtype="int32")),
    bad(normal(5), normal(3), integers(0, 5, 2), says="the updates have shape (3,), wanted (2,)"),
    bad(normal(5), normal(2), normal(2), says="wanted integers"),
    bad(
        normal(5), normal(1), given([7], dtype="int64"), says="index 7 is out of bounds for axis 0"
    ),
)
