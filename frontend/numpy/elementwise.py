"""Functions of each element: NumPy's ufuncs, and a few that it writes in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...compiler.dtypes import float_of, promote
from ...compiler.errors import DTypeError, UnsupportedError
from ...compiler.value import Value
from .table import REFUSED_PARAMETERS, TABLE, array, implements, refused_parameter, unsupported


def of_op(original: np.ufunc, op: str = "") -> Callable[..., Any]:
    """The ufunc `original` as the op of that name; ops are looked up when it is called."""
    name = original.__name__

    def function(*operands: Any) -> Any:
        found = getattr(ops, op or name, None)
        if found is None:
            raise unsupported(name)
        return found(*operands)

    return as_ufunc(original)(function)


def as_ufunc(original: np.ufunc) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of lifted values as NumPy's ufunc `original`."""
    name, arity = original.__name__, original.nin

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def elementwise(*operands: Any, **given: Any) -> Any:
            for parameter, value in given.items():
                if value is not None and value is not True:
                    raise _refused(name, parameter)
            if len(operands) > arity:
                raise refused_parameter(name, "out")
            return function(*map(array, operands))

        elementwise.__name__ = elementwise.__qualname__ = name
        elementwise.__doc__ = function.__doc__ or (
            f"NumPy's `{name}` of traced values, arrays and numbers, element by element."
        )
        return implements(original, weak=True)(elementwise)

    return register


def _refused(name: str, parameter: str) -> Exception:
    known = parameter if parameter in REFUSED_PARAMETERS else "casting"
    error = refused_parameter(name, known)
    error.sentence = f"np.{name} takes no `{parameter}` on traced values"
    return error


def alias(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A second name of NumPy's for a function of the table."""
    TABLE[name] = function
    return function


# Arithmetic.
add = of_op(np.add)
subtract = of_op(np.subtract, "sub")
multiply = of_op(np.multiply, "mul")
divide = alias("true_divide", of_op(np.divide, "div"))
true_divide = divide
floor_divide = of_op(np.floor_divide)
remainder = alias("mod", of_op(np.remainder, "mod"))
mod = remainder
power = alias("pow", of_op(np.power))
pow = power
negative = of_op(np.negative, "neg")
absolute = alias("abs", of_op(np.absolute, "abs"))
abs = absolute
sign = of_op(np.sign)
sqrt = of_op(np.sqrt)
cbrt = of_op(np.cbrt)
square = of_op(np.square)
reciprocal = of_op(np.reciprocal)
maximum = of_op(np.maximum)
minimum = of_op(np.minimum)

# Exponentials and logarithms.
exp = of_op(np.exp)
exp2 = of_op(np.exp2)
expm1 = of_op(np.expm1)
log = of_op(np.log)
log2 = of_op(np.log2)
log10 = of_op(np.log10)
log1p = of_op(np.log1p)
logaddexp = of_op(np.logaddexp)

# Trigonometry.
sin = of_op(np.sin)
cos = of_op(np.cos)
tan = of_op(np.tan)
arcsin = alias("asin", of_op(np.arcsin))
arccos = alias("acos", of_op(np.arccos))
arctan = alias("atan", of_op(np.arctan))
arctan2 = alias("atan2", of_op(np.arctan2))
sinh = of_op(np.sinh)
cosh = of_op(np.cosh)
tanh = of_op(np.tanh)
asin, acos, atan, atan2 = arcsin, arccos, arctan, arctan2
hypot = of_op(np.hypot)

# Rounding.
floor = of_op(np.floor)
ceil = of_op(np.ceil)
trunc = of_op(np.trunc)
rint = of_op(np.rint, "round")

# Comparison and logic.
equal = of_op(np.equal)
not_equal = of_op(np.not_equal)
less = of_op(np.less)
less_equal = of_op(np.less_equal)
greater = of_op(np.greater)
greater_equal = of_op(np.greater_equal)
logical_and = of_op(np.logical_and)
logical_or = of_op(np.logical_or)
logical_xor = of_op(np.logical_xor)
logical_not = of_op(np.logical_not)
bitwise_and = of_op(np.bitwise_and)
bitwise_or = of_op(np.bitwise_or)
bitwise_xor = of_op(np.bitwise_xor)
invert = alias("bitwise_not", of_op(np.invert))
bitwise_not = invert
left_shift = alias("bitwise_left_shift", of_op(np.left_shift))
right_shift = alias("bitwise_right_shift", of_op(np.right_shift))
bitwise_left_shift, bitwise_right_shift = left_shift, right_shift
isnan = of_op(np.isnan)
isinf = of_op(np.isinf)
isfinite = of_op(np.isfinite)
signbit = of_op(np.signbit)


@as_ufunc(np.positive)
def positive(x: Value) -> Any:
    """``+x``."""
    return x


@as_ufunc(np.conjugate)
def conjugate(x: Value) -> Any:
    """Real numbers are their own conjugates."""
    if x.type.dtype.kind == "c":
        raise DTypeError(f"got {x.dtype}, wanted real numbers")
    return x


@as_ufunc(np.fabs)
def fabs(x: Value) -> Any:
    """Magnitude in floating point."""
    return ops.abs(x if x.type.dtype.is_float else ops.cast(x, dtype=np.result_type(x.dtype, 0.0)))


@as_ufunc(np.float_power)
def float_power(x: Value, y: Value) -> Any:
    """``x ** y`` in float64."""
    return ops.power(ops.cast(x, dtype=np.float64), ops.cast(y, dtype=np.float64))


@as_ufunc(np.copysign)
def copysign(x: Value, y: Value) -> Any:
    """The magnitude of `x` with the sign bit of `y`."""
    common, _ = promote([(x.type.dtype, x.type.weak), (y.type.dtype, y.type.weak)])
    x, y = (ops.cast(v, dtype=float_of(common)) for v in (x, y))
    return ops.where(ops.signbit(x) == ops.signbit(y), x, -x)


@as_ufunc(np.fmax)
def fmax(x: Value, y: Value) -> Any:
    """The larger of each pair; a number before NaN."""
    return ops.where((x >= y) | ops.isnan(y), x, y)


@as_ufunc(np.fmin)
def fmin(x: Value, y: Value) -> Any:
    """The smaller of each pair; a number before NaN."""
    return ops.where((x <= y) | ops.isnan(y), x, y)


@as_ufunc(np.deg2rad)
def deg2rad(x: Value) -> Any:
    """Degrees to radians."""
    return x * (np.pi / 180)


radians = alias("radians", deg2rad)


@as_ufunc(np.rad2deg)
def rad2deg(x: Value) -> Any:
    """Radians to degrees."""
    return x * (180 / np.pi)


degrees = alias("degrees", rad2deg)


@implements(np.clip, weak=True)
def clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
) -> Any:
    """Each element, or the end of ``[a_min, a_max]`` that it lies beyond; None is no end."""
    a_min = min if a_min is None else a_min
    a_max = max if a_max is None else a_max
    if a_min is None:
        return a if a_max is None else ops.minimum(a, a_max)
    return ops.maximum(a, a_min) if a_max is None else ops.clip(a, a_min, a_max)


@implements(np.where, weak=True)
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """`x` where the condition holds (is not 0), else `y`."""
    if x is None or y is None:
        raise UnsupportedError(
            "np.where(condition) gives an array whose size depends on the values",
            "Use np.where(condition, x, y) to choose per element",
        ).within("", [])
    if condition.type.dtype.kind != "b":
        condition = condition != 0
    return ops.where(condition, x, y)


@implements(np.round)
def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """To so many decimals, halves to the even neighbour."""
    return ops.round(a, decimals=decimals)


around = alias("around", round)


@implements(np.real)
def real(val: Any) -> Any:
    """Real numbers are their own real part."""
    return conjugate(val)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """NaN and infinities replaced by numbers; the largest finite ones for infinities."""
    if not x.type.dtype.is_float:
        return x
    limits = np.finfo(x.dtype)
    high = float(limits.max) if posinf is None else posinf
    low = float(limits.min) if neginf is None else neginf
    x = ops.where(ops.isnan(x), nan, x)
    x = ops.where(x == np.inf, high, x)
    return ops.where(x == -np.inf, low, x)


@implements(np.isclose, weak=True)
def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """True where ``|a - b| <= atol + rtol |b|``, or where both are the same infinity."""
    if not (a.type.dtype.is_float or b.type.dtype.is_float):
        a = ops.cast(a, dtype=np.float64)
    near = (ops.abs(a - b) <= atol + rtol * ops.abs(b)) & ops.isfinite(b)
    near = near | (a == b)
    return near | (ops.isnan(a) & ops.isnan(b)) if equal_nan else near


@implements(np.allclose, weak=True)
def allclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Whether `isclose` holds everywhere: a traced boolean."""
    return ops.all(isclose(a, b, rtol, atol, equal_nan))
