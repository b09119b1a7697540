"""Division with remainder over scalars, shared by the quotient and the remainder."""

from ...compiler.plugin import copysign, floor, select, truncated_divide, truncated_remainder


def integer_division(x, y):
    """Quotient and remainder of integers rounded down; by zero both are 0, as in NumPy.

    The divisor 1 stands in for those at which the processor traps, 0 and (for the smallest
    number) -1.
    """
    traps = y == 0
    if x.dtype.kind == "u":
        divisor = select(traps, 1, y)
        quotient = truncated_divide(x, divisor)
        return select(traps, 0, quotient), truncated_remainder(x, divisor)
    negates = y == -1
    divisor = select(traps | negates, 1, y)
    quotient = truncated_divide(x, divisor)
    remainder = truncated_remainder(x, divisor)
    low = (remainder != 0) & ((remainder ^ divisor) < 0)
    quotient = select(negates, -x, select(low, quotient - 1, quotient))
    return select(traps, 0, quotient), select(low, remainder + divisor, remainder)


def float_division(x, y):
    """Quotient and remainder of floats rounded down, rounded as NumPy (and Python) does it."""
    rest = truncated_remainder(x, y)
    low = (rest != 0) & ((y < 0) != (rest < 0))
    # Nearly whole: x - rest is a multiple of y up to rounding.
    whole = select(low, (x - rest) / y - 1, (x - rest) / y)
    down = floor(whole)
    down = select(whole - down > 0.5, down + 1, down)
    quotient = select(whole == 0, copysign(0, x / y), down)
    remainder = select(low, rest + y, select(rest == 0, copysign(0, y), rest))
    return select(y == 0, x / y, quotient), select(y == 0, rest, remainder)


def division(x, y):
    """Quotient and remainder of two scalars of one dtype."""
    return float_division(x, y) if x.dtype.is_float else integer_division(x, y)
