"""Signs and neutral elements.

Not here, because they change a number: ``x + 0`` of floats (makes 0.0 of -0.0), ``x * 0`` and
``x - x`` (NaN and infinities), ``exp(log(x))`` (makes a number of NaN), ``-(x - y) -> y - x``
(the sign of a zero).
"""

import numpy as np

from ... import ops
from ...compiler.plugin import Rule, number_of, rewrites, variables

x, y, z = variables("x y z")


def _reciprocal(x, y):
    """x times the reciprocal of a literal power of two, if that is a normal number too."""
    number = number_of(y.unit)
    if number is None or np.abs(np.frexp(number)[0]) != 0.5:
        return None
    info = np.finfo(number.dtype)
    if not info.tiny <= np.abs(1 / number) <= info.max:
        return None
    return x * float(1 / number)


def _products(x, y):
    """A small whole power as products."""
    number = number_of(y.unit)
    if number is None or not 1 <= number <= 8 or number != int(number):
        return None
    exponent = int(number)
    if exponent <= 2:
        return x if exponent == 1 else ops.square(x)
    return ops.integer_power(x, exponent=exponent)


def _of_literals(op, choose):
    """``op(op(x, a), b) -> op(x, c)`` for literals, where one of them decides."""

    def merged(x, y, z):
        a, b = number_of(y.unit), number_of(z.unit)
        if a is None or b is None or a != a or b != b:
            return None
        if a == b and a.tobytes() != b.tobytes():
            return None
        return op(x, choose(a, b).item())

    because = "NaN passes through both; a literal that the other covers never decides"
    return Rule(op(op(x, y), z), merged, because, name=f"{op.name} with two literals")


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
    Rule(x / 1, x, "1 is neutral for NaN, infinities and signed zeros too"),
    Rule(x / -1, -x, "the sign bit flips, of zeros and infinities too; a NaN stays NaN"),
    Rule(
        x / y,
        _reciprocal,
        "both round the same real number, since the reciprocal of a power of two is exact",
        name="div(x, 2**k) -> mul(x, 2**-k)",
    ),
    Rule(
        ops.power(x, 0),
        lambda x: ops.full(x.shape, 1, x.dtype),
        "IEEE 754: pow(x, 0) is 1 for every x, NaN too; its slope is 0 everywhere",
        when=lambda whole: not whole.type.weak,
        name="power(x, 0) -> 1",
    ),
    Rule(
        ops.power(x, y),
        _products,
        "NaN, infinities and signed zeros multiply as they are raised; the products stay within "
        "the bound of integer_power, those of integers are exact modulo their range",
        name="power(x, 1 ... 8) -> products",
    ),
    Rule(
        ops.power(x, -1),
        lambda x: ops.reciprocal(x) if x.type.dtype.is_float else None,
        "1 / x rounds the same real number; at signed zeros and infinities they agree",
        name="power(x, -1) -> reciprocal(x)",
    ),
    Rule(abs(abs(x)), abs(x), "the sign bit is clear already; the slope at 0 is 0 in both"),
    Rule(
        abs(-x),
        abs(x),
        "the sign bit is cleared in both; the slope at 0 is 0 in both",
        when=lambda x: x.dtype.kind != "u",  # whose negative is a large positive number
    ),
    Rule(ops.square(-x), ops.square(x), "the signs cancel in the product"),
    Rule(ops.square(abs(x)), ops.square(x), "the signs cancel in the product"),
    Rule(ops.relu(ops.relu(x)), ops.relu(x), "nothing is left to cut; the slope at 0 is 0"),
    Rule(abs(ops.relu(x)), ops.relu(x), "relu gives no negative number and no -0.0"),
    _of_literals(ops.maximum, lambda a, b: max(a, b)),
    _of_literals(ops.minimum, lambda a, b: min(a, b)),
    Rule(ops.maximum(x, x), x, "of equal elements the first, which takes the whole cotangent"),
    Rule(ops.minimum(x, x), x, "of equal elements the first, which takes the whole cotangent"),
)
