"""Addition."""

import numpy as np

from ...compiler.plugin import Role, booleans, case, elementwise, integers, ordinary, special_pairs


@elementwise(
    formula=r"x + y",
    accepts="biuf",
    linear_in=[("x", "y")],
    associative=True,
    role=Role.ADD,
    operator="__add__",
    reference=np.add,
)
def add(x, y):
    """Sum of two arrays; of booleans their disjunction, as in NumPy."""
    return x + y


@add.vjp
def add_vjp(ct, x, y, out):
    return ct, ct


add.samples(
    ordinary(),
    special_pairs(),
    case(integers(-9, 9, 5), integers(-9, 9, 5)),
    case(integers(0, 256, 9, dtype="uint8"), integers(0, 256, 9, dtype="uint8")),
    case(booleans(9), booleans(9)),
)
