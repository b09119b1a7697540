"""Polynomials with fused steps, and bits of floats: what transcendental bodies are made of."""

from dataclasses import dataclass

from ...compiler.plugin import bitcast, float32, float64, fma, int32, int64
from ...compiler.scalar.expression import literal


@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    Attributes
    ----------
    real, integer : DType
        The format and the integers of its size.
    digits : int
        Bits of the stored significand.
    bias : int
        Of the exponent.
    smallest : float
        The smallest normal number.
    magic : float
        ``1.5 * 2**digits``: the last place of the numbers around it is 1, so that adding it
        rounds to an integer, which its low bits then hold.
    magic_bits : int
        The bits of `magic`.
    """

    real: object
    integer: object
    digits: int
    bias: int
    smallest: float
    magic: float
    magic_bits: int


FORMATS = {
    float32: Format(float32, int32, 23, 127, 2.0**-126, 1.5 * 2.0**23, 0x4B400000),
    float64: Format(float64, int64, 52, 1023, 2.0**-1022, 1.5 * 2.0**52, 0x4338000000000000),
}


def polynomial(x, coefficients):
    """Horner's scheme with one rounding a step; coefficients from the constant term up."""
    value = literal(coefficients[-1], x.dtype)
    for coefficient in reversed(coefficients[:-1]):
        value = fma(value, x, coefficient)
    return value


def power_of_two(exponent, form):
    """``2**exponent`` for an integer scalar within the normal range."""
    return bitcast((exponent + form.bias) << form.digits, form.real)


def nearest_whole(x, factor=1.0):
    """The whole number nearest to ``factor * x``, as a float and as an integer scalar.

    Of magnitude below ``2**(digits - 1)``. Exact, and two sums on any vector unit, where rounding
    takes more and conversions saturate or are missing.
    """
    form = FORMATS[x.dtype]
    shifted = fma(x, factor, form.magic)
    return shifted - form.magic, bitcast(shifted, form.integer) - form.magic_bits


def as_real(k, real):
    """The float of an integer scalar of its size, of magnitude below ``2**(digits - 1)``."""
    form = FORMATS[real]
    return bitcast(k + form.magic_bits, real) - form.magic
