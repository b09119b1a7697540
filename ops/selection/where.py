"""Elementwise choice."""

import numpy as np

from ... import ops
from ...compiler.plugin import Role, bad, booleans, case, elementwise, integers, normal, select


@elementwise(
    formula=r"c \, ? \, x : y",
    accepts="biuf",
    conditions=("condition",),
    differentiable=("x", "y"),
    linear_in=[("x", "y")],
    role=Role.SELECT,
    reference=np.where,
)
def where(condition, x, y):
    """`x` where the condition holds, else `y`; the other side's NaN does not pass, nor does its
    gradient."""
    return select(condition, x, y)


@where.vjp
def where_vjp(ct, condition, x, y, out):
    return None, ops.where(condition, ct, 0), ops.where(condition, 0, ct)


where.samples(
    case(booleans(3, 4), normal(3, 4), normal(3, 4)),
    case(booleans(3, 1), normal(4), normal()),
    case(booleans(), normal(2), normal(2)),
    case(booleans(0), normal(0), normal(0)),
    bad(integers(0, 2, 3), normal(3), normal(3), says="the condition is int64, wanted bool"),
)
