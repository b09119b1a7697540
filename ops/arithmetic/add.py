"""Addition."""

import numpy as np

from ...compiler.plugin import Role, elementwise, ordinary, specials


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


add.samples(ordinary(), specials())
