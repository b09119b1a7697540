"""The NumPy meaning of the vocabulary: scalar expressions evaluated over whole arrays.

One table from word to function. It is slow and plain: what the other meanings (native code, CUDA)
are held to, and the check of bodies against their ops' references.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..dtypes import DType
from .expression import Scalar
from .words import Word

Array = np.ndarray[Any, Any]
Loads = Callable[..., Any]


def evaluate_scalar(
    expression: Scalar, inputs: Sequence[Array], loads: Loads | None = None
) -> Array:
    """The value of a scalar expression at every position of its inputs.

    Parameters
    ----------
    expression : Scalar
        A traced body.
    inputs : sequence of ndarray
        What its `INPUT` scalars stand for, of their dtypes; they broadcast.
    loads : callable, optional
        ``loads(number, *indices)``: elements of the input of that number, for index maps.

    Returns
    -------
    ndarray
        Of the expression's dtype and of the inputs' common shape.
    """
    known: dict[Scalar, Any] = {}
    with np.errstate(all="ignore"):
        for node in postorder(expression):
            operands = [known[operand] for operand in node.operands]
            if node.word is Word.INPUT:
                known[node] = np.asarray(inputs[node.detail])
            elif node.word is Word.LOAD:
                assert loads is not None, "the expression loads: say how with loads="
                known[node] = loads(node.detail, *operands)
            else:
                known[node] = np.asarray(MEANING[node.word](node, *operands))
    shape = np.broadcast_shapes(*(np.shape(array) for array in inputs))
    result = np.broadcast_to(known[expression], shape)
    assert result.dtype == expression.dtype.numpy, (result.dtype, expression)
    return np.array(result)


def postorder(expression: Scalar) -> list[Scalar]:
    """Each node once, operands first; without recursion, because bodies may be deep."""
    order: dict[Scalar, None] = {}
    stack = [(expression, False)]
    while stack:
        node, ready = stack.pop()
        if node in order:
            continue
        if ready:
            order[node] = None
            continue
        stack.append((node, True))
        stack.extend((operand, False) for operand in reversed(node.operands))
    return list(order)


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda node, *operands: function(*operands)


def _literal(node: Scalar) -> Any:
    return np.asarray(node.detail, node.dtype.numpy)


def _truncated_divide(a: Array, b: Array) -> Any:
    """By way of the remainder: the only division of integers in NumPy rounds down."""
    return (a - np.fmod(a, b)) // b


def _fma(a: Array, b: Array, c: Array) -> Any:
    """Rounded once: by way of float64 for float32, of rational numbers for float64."""
    if a.dtype == np.float32:
        return _fma_float32(a, b, c)
    return _EXACT_FMA(a, b, c)


def _fma_float32(a: Array, b: Array, c: Array) -> Any:
    """The product is exact in float64; the sum is rounded to odd there, then to float32.

    Rounding to odd keeps the second rounding right (Boldo and Melquiond 2008).
    """
    product = a.astype(np.float64) * b.astype(np.float64)
    wide = c.astype(np.float64)
    total = product + wide
    shift = total - product
    error = (product - (total - shift)) + (wide - shift)
    inexact = np.isfinite(total) & (error != 0)
    bits = total.view(np.int64)
    grows = (error > 0) == (total > 0)
    nudged = np.where(grows, bits, bits - 1) | 1
    even = (bits & 1) == 0
    return np.where(inexact & even, nudged.view(np.float64), total).astype(np.float32)


def _exact_fma(a: float, b: float, c: float) -> float:
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return a * b + c
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


_EXACT_FMA = np.vectorize(_exact_fma, otypes=[np.float64])


def _ldexp(x: Array, n: Array) -> Any:
    return np.ldexp(x, np.where(np.isnan(n), 0, n).astype(np.int32))


def _convert(x: Array, dtype: DType) -> Any:
    """Conversion; floats to integers truncate and saturate, NaN becomes 0."""
    if not (np.issubdtype(x.dtype, np.floating) and dtype.is_integer):
        return x.astype(dtype.numpy)
    info = np.iinfo(dtype.numpy)
    whole = np.trunc(x)
    # 2**bits and its negative are exact in every float type; info.max itself may not be.
    low, high = whole < float(info.min), whole >= 2.0 ** (dtype.bits - (dtype.kind == "i"))
    inside = np.where(low | high | np.isnan(x), 0, whole).astype(dtype.numpy)
    ends = np.where(low, dtype.numpy.type(info.min), dtype.numpy.type(info.max))
    return np.where(low | high, ends, inside)


MEANING: dict[Word, Callable[..., Any]] = {
    Word.LITERAL: _literal,
    Word.ADD: _plain(np.add),
    Word.SUBTRACT: _plain(np.subtract),
    Word.MULTIPLY: _plain(np.multiply),
    Word.DIVIDE: _plain(np.true_divide),
    Word.TRUNCATED_DIVIDE: _plain(_truncated_divide),
    Word.TRUNCATED_REMAINDER: _plain(np.fmod),
    Word.NEGATE: _plain(np.negative),
    Word.LESS: _plain(np.less),
    Word.LESS_EQUAL: _plain(np.less_equal),
    Word.EQUAL: _plain(np.equal),
    Word.NOT_EQUAL: _plain(np.not_equal),
    Word.AND: _plain(np.bitwise_and),
    Word.OR: _plain(np.bitwise_or),
    Word.XOR: _plain(np.bitwise_xor),
    Word.NOT: _plain(np.invert),
    Word.SHIFT_LEFT: _plain(np.left_shift),
    Word.SHIFT_RIGHT: _plain(np.right_shift),
    Word.SELECT: _plain(np.where),
    Word.RARELY: _plain(np.where),
    Word.FMA: _plain(_fma),
    Word.SQRT: _plain(np.sqrt),
    Word.ABS: _plain(np.abs),
    Word.FLOOR: _plain(np.floor),
    Word.CEIL: _plain(np.ceil),
    Word.TRUNC: _plain(np.trunc),
    Word.ROUND_EVEN: _plain(np.rint),
    Word.COPYSIGN: _plain(np.copysign),
    Word.LDEXP: _plain(_ldexp),
    Word.ISNAN: _plain(np.isnan),
    Word.BITCAST: lambda node, x: np.ascontiguousarray(x).view(node.dtype.numpy).reshape(x.shape),
    Word.CAST: lambda node, x: _convert(x, node.dtype),
}
"""What each word but INPUT and LOAD does: ``meaning(node, *operands)``."""
