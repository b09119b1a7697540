"""Bitwise negation."""

import numpy as np

from ...compiler.plugin import bad, booleans, case, elementwise, integers, normal


@elementwise(
    formula=r"\neg x",
    accepts="biu",
    differentiable=(),
    operator="__invert__",
    reference=np.invert,
)
def invert(x):
    """Negation bit by bit; of booleans the logical one."""
    return ~x


invert.samples(
    case(booleans(3, 4)),
    case(booleans()),
    case(booleans(0)),
    case(integers(-9, 9, 7)),
    case(integers(0, 256, 7, dtype="uint8")),
    bad(normal(3), says="wanted bool, integers, unsigned integers"),
)
