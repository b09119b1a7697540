"""Multiplication."""

import numpy as np

from ...compiler.plugin import Role, booleans, case, elementwise, integers, ordinary, special_pairs


@elementwise(
    formula=r"x \, y",
    accepts="biuf",
    linear_in=[("x",), ("y",)],
    associative=True,
    zero_preserving=True,
    role=Role.MULTIPLY,
    operator="__mul__",
    reference=np.multiply,
)
def mul(x, y):
    """Product of two arrays; of booleans their conjunction, as in NumPy."""
    return x * y


@mul.vjp
def mul_vjp(ct, x, y, out):
    return ct * y, ct * x


mul.samples(
    ordinary(),
    special_pairs(),
    case(integers(-9, 9, 5), integers(-9, 9, 5)),
    case(integers(0, 256, 9, dtype="uint8"), integers(0, 256, 9, dtype="uint8")),
    case(booleans(9), booleans(9)),
)
