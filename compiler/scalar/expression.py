"""Scalar expressions: a body called with these values writes itself down.

A body is an ordinary Python function over the words below. It has no branches: a comparison gives
a scalar that `select` takes, and asking for its truth is an error. Literals take the dtype of the
operand beside them, so that ``0.5 * x`` of a float32 stays float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..dtypes import DType, bool_, int64
from ..errors import PluginError
from .words import COMPARISONS, Word


class Scalar:
    """One node of a scalar expression.

    Attributes
    ----------
    word : Word
        What it does.
    operands : tuple of Scalar
        Its arguments.
    dtype : DType
        Type of the result.
    detail : object
        A literal's value, an input's number; else None.
    """

    __slots__ = ("detail", "dtype", "operands", "word")
    __array_ufunc__: Any = None  # NumPy's scalars leave operators to us, which see their width
    __hash__ = object.__hash__

    def __init__(
        self, word: Word, operands: tuple[Scalar, ...], dtype: DType, detail: Any = None
    ) -> None:
        self.word = word
        self.operands = operands
        self.dtype = dtype
        self.detail = detail

    def __bool__(self) -> NoReturn:
        raise PluginError(
            "the body branches on a scalar, which would not vectorise: use select(condition, a, b)"
        )

    def __repr__(self) -> str:
        inside = ", ".join(map(repr, self.operands))
        detail = "" if self.detail is None else f"{self.detail!r}"
        return f"{self.word.name.lower()}({detail}{', ' if detail and inside else ''}{inside})"

    def __add__(self, other: Any) -> Scalar:
        return _binary(Word.ADD, self, other)

    def __radd__(self, other: Any) -> Scalar:
        return _binary(Word.ADD, other, self)

    def __sub__(self, other: Any) -> Scalar:
        return _binary(Word.SUBTRACT, self, other)

    def __rsub__(self, other: Any) -> Scalar:
        return _binary(Word.SUBTRACT, other, self)

    def __mul__(self, other: Any) -> Scalar:
        return _binary(Word.MULTIPLY, self, other)

    def __rmul__(self, other: Any) -> Scalar:
        return _binary(Word.MULTIPLY, other, self)

    def __truediv__(self, other: Any) -> Scalar:
        return _binary(Word.DIVIDE, self, other)

    def __rtruediv__(self, other: Any) -> Scalar:
        return _binary(Word.DIVIDE, other, self)

    def __neg__(self) -> Scalar:
        return Scalar(Word.NEGATE, (self,), self.dtype)

    def __lt__(self, other: Any) -> Scalar:
        return _binary(Word.LESS, self, other)

    def __gt__(self, other: Any) -> Scalar:
        return _binary(Word.LESS, other, self)

    def __le__(self, other: Any) -> Scalar:
        return _binary(Word.LESS_EQUAL, self, other)

    def __ge__(self, other: Any) -> Scalar:
        return _binary(Word.LESS_EQUAL, other, self)

    def __eq__(self, other: Any) -> Scalar:  # type: ignore[override]
        return _binary(Word.EQUAL, self, other)

    def __ne__(self, other: Any) -> Scalar:  # type: ignore[override]
        return _binary(Word.NOT_EQUAL, self, other)

    def __and__(self, other: Any) -> Scalar:
        return _binary(Word.AND, self, other)

    def __or__(self, other: Any) -> Scalar:
        return _binary(Word.OR, self, other)

    def __xor__(self, other: Any) -> Scalar:
        return _binary(Word.XOR, self, other)

    def __invert__(self) -> Scalar:
        return Scalar(Word.NOT, (self,), self.dtype)

    def __lshift__(self, other: Any) -> Scalar:
        return _binary(Word.SHIFT_LEFT, self, other)

    def __rshift__(self, other: Any) -> Scalar:
        return _binary(Word.SHIFT_RIGHT, self, other)


def literal(value: bool | int | float | np.generic, dtype: DType) -> Scalar:
    """A number written into a body, in the dtype of the operand beside it."""
    if isinstance(value, np.generic) and value.dtype.name != dtype.name:
        raise PluginError(
            f"the body widens {dtype} to {np.result_type(dtype.numpy, value.dtype)}: "
            f"write {value.item()!r} as a Python number, which takes the operand's dtype"
        )
    if isinstance(value, float) and not dtype.is_inexact:
        raise PluginError(f"the body mixes {dtype} with the float literal {value!r}: cast first")
    return Scalar(Word.LITERAL, (), dtype, dtype.numpy.type(value).item())


def _operand(value: Any, beside: DType) -> Scalar:
    if isinstance(value, Scalar):
        return value
    if isinstance(value, (bool, int, float, np.generic)):
        return literal(value, beside)
    raise PluginError(f"the body uses {value!r} where a scalar or a number belongs")


def _align(*values: Any) -> tuple[Scalar, ...]:
    """The operands as scalars of one dtype; literals take it from the others."""
    typed = [v.dtype for v in values if isinstance(v, Scalar)]
    if not typed:
        raise PluginError(f"the body applies a word to literals alone: {values!r}")
    scalars = tuple(_operand(value, typed[0]) for value in values)
    widths = {s.dtype for s in scalars}
    if len(widths) > 1:
        mixed = " and ".join(sorted(map(str, widths)))
        raise PluginError(f"the body mixes {mixed}: cast one of them with cast(x, dtype)")
    return scalars


def _binary(word: Word, left: Any, right: Any) -> Scalar:
    operands = _align(left, right)
    return Scalar(word, operands, bool_ if word in COMPARISONS else operands[0].dtype)


def _float_only(word: Word) -> Callable[[Scalar], Scalar]:
    def apply(x: Scalar) -> Scalar:
        if not x.dtype.is_float:
            raise PluginError(f"the body asks for {word.name.lower()} of {x.dtype}: cast it first")
        return Scalar(word, (x,), bool_ if word in COMPARISONS else x.dtype)

    apply.__name__ = apply.__qualname__ = word.name.lower()
    apply.__doc__ = f"The word {word.name.lower()} of a floating-point scalar."
    return apply


sqrt = _float_only(Word.SQRT)
floor = _float_only(Word.FLOOR)
ceil = _float_only(Word.CEIL)
trunc = _float_only(Word.TRUNC)
round_even = _float_only(Word.ROUND_EVEN)
isnan = _float_only(Word.ISNAN)


def abs_(x: Scalar) -> Scalar:
    """The magnitude; the sign bit cleared for floats, two's complement for integers."""
    return Scalar(Word.ABS, (x,), x.dtype)


def select(condition: Scalar, yes: Any, no: Any) -> Scalar:
    """`yes` where the condition holds, else `no`; both are evaluated."""
    if not isinstance(condition, Scalar) or condition.dtype is not bool_:
        raise PluginError(f"select takes a bool condition, not {condition!r}")
    operands = _align(yes, no)
    return Scalar(Word.SELECT, (condition, *operands), operands[0].dtype)


def rarely(condition: Scalar, rare: Any, usual: Any) -> Scalar:
    """`rare` where the condition holds, else `usual`: `select` for a condition that seldom holds.

    Of a vector, `rare` is computed only if one of its elements is. Everything that a value needs
    besides may be in one such word: two of them branch twice.
    """
    chosen = select(condition, rare, usual)
    return Scalar(Word.RARELY, chosen.operands, chosen.dtype)


def fma(a: Any, b: Any, c: Any) -> Scalar:
    """``a * b + c`` rounded once."""
    operands = _align(a, b, c)
    return Scalar(Word.FMA, operands, operands[0].dtype)


def copysign(magnitude: Any, sign: Any) -> Scalar:
    """The magnitude of the first with the sign bit of the second."""
    operands = _align(magnitude, sign)
    return Scalar(Word.COPYSIGN, operands, operands[0].dtype)


def ldexp(x: Any, n: Any) -> Scalar:
    """``x * 2**n`` rounded once; `n` is a whole number in the dtype of x.

    Two products by halves of the power do it on any device, the first of them exact: the caller
    keeps the magnitude of n within 250 (2000 in float64) and ``x * 2**(n // 2)`` a normal number,
    unless x is 0, infinite or NaN, or the result is 0 or infinite. Of a NaN n it may be anything.
    """
    operands = _align(x, n)
    if not operands[0].dtype.is_float:
        raise PluginError(f"the body asks for ldexp of {operands[0].dtype}: cast it first")
    return Scalar(Word.LDEXP, operands, operands[0].dtype)


def truncated_divide(a: Any, b: Any) -> Scalar:
    """Integer quotient rounded to zero; the caller keeps `b` away from 0 (and from -1)."""
    operands = _align(a, b)
    return Scalar(Word.TRUNCATED_DIVIDE, operands, operands[0].dtype)


def truncated_remainder(a: Any, b: Any) -> Scalar:
    """C's remainder, with the sign of `a`; of integers the caller keeps `b` away from 0 and -1."""
    operands = _align(a, b)
    return Scalar(Word.TRUNCATED_REMAINDER, operands, operands[0].dtype)


def logical_not(x: Scalar) -> Scalar:
    """Negation of a bool."""
    return ~x


def bitcast(x: Scalar, dtype: DType) -> Scalar:
    """The same bits read as another dtype of equal size."""
    if x.dtype.itemsize != dtype.itemsize:
        raise PluginError(f"bitcast from {x.dtype} to {dtype} changes the size")
    return Scalar(Word.BITCAST, (x,), dtype)


def cast(x: Scalar, dtype: DType) -> Scalar:
    """The value converted; floats to integers saturate, NaN becomes 0."""
    return x if x.dtype is dtype else Scalar(Word.CAST, (x,), dtype)


def index(value: int) -> Scalar:
    """An integer literal among indices."""
    return literal(value, int64)
