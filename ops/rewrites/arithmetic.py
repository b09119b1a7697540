"""Signs and neutral elements.

Not here, because they change a number: ``x + 0`` of floats (makes 0.0 of -0.0), ``x * 0`` and
``x - x`` (NaN and infinities), ``exp(log(x))`` (makes a number of NaN), ``-(x - y) -> y - x``
(the sign of a zero).
"""

import numpy as np

from ... import ops
from ...compiler.plugin import Rule, number_of, rewrites, variables

x, y = variables("x y")


def _halved_exactly(y):
    """The literal's reciprocal when both are powers of two and normal numbers, else None."""
    number = number_of(y.unit)
    if number is None or abs(np.frexp(number)[0]) != 0.5:
        return None
    info = np.finfo(number.dtype)
    return 1 / number if info.tiny <= abs(1 / number) <= info.max else None


def _scaled(x, y):
    reciprocal = _halved_exactly(y)
    return None if reciprocal is None else x * reciprocal.item()


rewrites.add(
    Rule(ops.neg(ops.neg(x)), x, "the sign bit flips twice; integers negate modulo their range"),
    Rule(x - 0, x, "x - (+0) is x for every x: -0.0 - 0.0 is -0.0, NaN and inf stay"),
    Rule(
        x + 0,
        x,
        "integers have one zero",
        when=lambda x: not x.type.dtype.is_inexact,
        name="add(x, 0) of integers -> x",
    ),
    Rule(x * 1, x, "1 is neutral for NaN, infinities and signed zeros too"),
    Rule(x * -1, -x, "the sign bit flips, of zeros and infinities too; a NaN stays NaN"),
    Rule(x + -y, x - y, "IEEE 754 defines x - y as x + (-y)"),
    Rule(x - -y, x + y, "IEEE 754 defines x - y as x + (-y), and -(-y) is y"),
    Rule(-x * -y, x * y, "the sign of a product is the exclusive or of the signs"),
)
