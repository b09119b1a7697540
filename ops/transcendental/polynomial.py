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
    """

    real: object
    integer: object
    digits: int
    bias: int
    smallest: float


FORMATS = {
    float32: Format(float32, int32, 23, 127, 2.0**-126),
    float64: Format(float64, int64, 52, 1023, 2.0**-1022),
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
