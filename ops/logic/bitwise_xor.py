"""Bitwise exclusive disjunction."""

import numpy as np

from ...compiler.plugin import bad, booleans, case, elementwise, integers, normal


@elementwise(
    formula=r"x \oplus y",
    accepts="biu",
    differentiable=(),
    associative=True,
    operator="__xor__",
    reference=np.bitwise_xor,
)
def bitwise_xor(x, y):
    """Exclusive disjunction bit by bit; of booleans the logical one."""
    return x ^ y


bitwise_xor.samples(
    case(booleans(3, 4), booleans(3, 4)),
    case(booleans(3, 1), booleans(4)),
    case(booleans(0), booleans()),
    case(integers(-9, 9, 7), integers(-9, 9, 7)),
    case(integers(0, 256, 7, dtype="uint8"), integers(0, 256, 7, dtype="uint8")),
    case(booleans(5), integers(-9, 9, 5)),
    bad(normal(3), normal(3), says="wanted bool, integers, unsigned integers"),
)
