"""Power."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import (
    ArgumentError,
    abs_,
    bad,
    booleans,
    case,
    copysign,
    elementwise,
    float32,
    given,
    integers,
    isnan,
    literal,
    positive,
    ranges,
    rarely,
    select,
    special_pairs,
    trunc,
)
from ..transcendental.logarithm import exponent_and_significand, is_positive_normal, split
from ..transcendental.logarithm_double import power_by_float64, power_by_parts
from ..transcendental.polynomial import as_real


def _reference(x, y):
    if x.dtype.kind != "i":
        return np.power(x, y)
    below = np.where(x == 1, 1, np.where(x == -1, np.where(y % 2 == 0, 1, -1), 0))
    return np.where(y < 0, below, np.power(x, np.where(y < 0, 0, y))).astype(x.dtype)


@elementwise(
    formula=r"x^y",
    domain={"x": positive},
    cost="expensive",
    ulp=1.0,
    kink="at x = y = 0 the slope in x is 0; at x = 0 < y the slope in y is 0",
    operator="__pow__",
    reference=_reference,
)
def power(x, y):
    """x to the power of y.

    Floats as in C: 1 for ``y == 0`` whatever x is, NaN for a negative x and a y that is not whole.
    Integers are taken modulo their range. A negative y that is a constant of the program is
    refused, as by NumPy; of another the power is cut towards zero (0 unless x is 1 or -1). A small
    whole literal for y costs a few products (see `integer_power`). The slope in y is NaN where x
    is negative.
    """
    return _by_logarithm(x, y) if x.dtype.is_float else _by_bits(x, y)


def _by_logarithm(x, y):
    """Floats: ``2**(y log2(x))`` with more than the format's precision between."""
    k, m = split(x)
    usual = _of_parts(as_real(k, x.dtype), m, y)
    return rarely(~is_positive_normal(x) | ~(abs_(y) < math.inf), _of_any(x, y), usual)


def _of_parts(k, m, y):
    """``(2^k m)**y``."""
    by_logarithm = power_by_float64 if m.dtype is float32 else power_by_parts
    return by_logarithm(k, m, y)


def _of_any(x, y):
    """The power of any two floats."""
    size = abs_(x)
    endless = (size == 0) | (size == math.inf)
    value = _of_parts(*exponent_and_significand(select(endless, 1.0, size)), y)
    value = select(endless, select((size == 0) == (y < 0), math.inf, literal(0.0, x.dtype)), value)
    half = 0.5 * y
    whole, odd = y == trunc(y), (y == trunc(y)) & (half != trunc(half))
    value = select(odd, copysign(value, x), value)
    value = select((x < 0) & ~whole & (size != math.inf), math.nan, value)
    value = select(isnan(x) | isnan(y), x + y, value)
    return select((x == 1) | (y == 0) | ((x == -1) & (abs_(y) == math.inf)), 1.0, value)


def _by_bits(x, y):
    """Integers: the product of those x^(2^i) whose bit is set in y, modulo the range."""
    digits = x.dtype.bits - (x.dtype.kind == "i")
    result = select((y & 1) != 0, x, 1)
    square = x
    for digit in range(1, digits):
        square = square * square
        result = select((y & (1 << digit)) != 0, result * square, result)
    if x.dtype.kind == "u":
        return result
    alternating = select((y & 1) != 0, x, 1)
    return select(y < 0, select((x == 1) | (x == -1), alternating, 0), result)


@power.refuses
def power_refuses(dtype, x, y):
    if dtype.is_integer and y is not None and (y < 0).any():
        raise ArgumentError("integers to negative integer powers are not allowed", "Use floats")


@power.vjp
def power_vjp(ct, x, y, out):
    # 0 * x^-1 is the slope of x^0, but at 0 (and where 1 / x overflows) the power is infinite.
    flat = (y == 0) & ops.isinf(1 / x)
    slope = y * ops.power(x, ops.where(flat, 1, y - 1))
    return ct * slope, ct * (out * ops.log(ops.where(x == 0, 1, x)))


power.samples(
    ranges((0.3, 3.0), (-3.0, 3.0)),
    special_pairs(),
    case(given([-2.0, -1.5, 3.0, -0.5]), given([2.0, 3.0, 0.0, -2.0]), smooth=False),
    case(given([0.0, 0.0, 0.0, -8.0]), given([0.0, 2.0, -1.0, 0.5]), smooth=False),
    case(integers(-9, 9, 40), integers(0, 20, 40)),
    case(integers(-3, 4, 40), integers(-5, 70, 40)),
    case(given([-1, 3, 2, 10], "int64"), given([2**63 - 1, 2**62, 63, 30], "int64")),
    case(integers(-128, 128, 20, dtype="int8"), integers(-3, 9, 20, dtype="int8")),
    case(integers(0, 256, 20, dtype="uint8"), integers(0, 256, 20, dtype="uint8")),
    bad(booleans(3), booleans(3), says="got bool, wanted integers"),
    bad(integers(-3, 4, 5), lambda rng, dtype: -1, says="negative integer powers are not allowed"),
)
