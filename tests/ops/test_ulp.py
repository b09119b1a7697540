"""Transcendental bodies keep their error budgets, against mpmath at the exact inputs.

Each body runs twice: by the NumPy meaning of its words, and as a native program. Results that are
normal numbers keep ``op.ulp``, subnormal ones half a unit more, and at the special numbers the
result is the one that IEEE 754 and C name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.compiler.dtypes import as_dtype
from chainrule.compiler.scalar.numpy_meaning import evaluate_scalar
from chainrule.compiler.scalar.trace import inputs
from chainrule.compiler.tolerances import subnormal_ulps, ulps

FLOATS = ("float32", "float64")
RANDOM = 1200  # points of each kind below

Array = Any
Exact = Callable[..., Any]
Points = Callable[[np.random.Generator, "np.dtype[Any]"], Array]


@dataclass(frozen=True)
class Function:
    """What mpmath calls an op, where its body branches, and the range where it is neither 0 nor
    infinite nor 1."""

    exact: Exact
    branches: tuple[float, ...] = ()
    low: float = -math.inf
    high: float = math.inf


def _log_sigmoid(x: Any) -> Any:
    return -mpmath.log1p(mpmath.exp(-x))


def _softplus(x: Any) -> Any:
    return mpmath.log1p(mpmath.exp(x))


UNARY = {
    "exp": Function(
        mpmath.exp, (0.34657359, -0.34657359, 88.72, -87.33, 709.78, -708.39), -800, 800
    ),
    "exp2": Function(
        lambda x: mpmath.mpf(2) ** x, (0.5, 127.9, -126.0, 1023.9, -1022.0), -1100, 1100
    ),
    "expm1": Function(mpmath.expm1, (0.34657359, -17.0, -37.0, 88.72), -800, 800),
    "log": Function(mpmath.log, (math.sqrt(0.5), math.sqrt(2), 1.0), 0),
    "log2": Function(lambda x: mpmath.log(x, 2), (math.sqrt(0.5), math.sqrt(2), 1.0), 0),
    "log10": Function(mpmath.log10, (math.sqrt(0.5), math.sqrt(2), 1.0, 10.0), 0),
    "log1p": Function(mpmath.log1p, (-0.29289, 0.41421, 1.0, 1e9, 1e18), -1),
    "sin": Function(mpmath.sin, (math.pi / 4, 1.0, math.pi)),
    "cos": Function(mpmath.cos, (math.pi / 4, 1.0, math.pi / 2)),
    "tan": Function(mpmath.tan, (math.pi / 4, 1.0, math.pi / 2)),
    "sinh": Function(mpmath.sinh, (1.0, 89.4, 710.4), -800, 800),
    "cosh": Function(mpmath.cosh, (0.5, 89.4, 710.4), -800, 800),
    "tanh": Function(mpmath.tanh, (0.55, 10.0, 20.0), -800, 800),
    "cbrt": Function(lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), (1.0, 8.0)),
    "arctan": Function(mpmath.atan, (math.sqrt(2) - 1, 1.0, math.sqrt(2) + 1)),
    "arcsin": Function(mpmath.asin, (0.5, 1.0), -1, 1),
    "arccos": Function(mpmath.acos, (0.5, 1.0), -1, 1),
    "erf": Function(mpmath.erf, (1.0, 4.0, 6.0)),
    "sigmoid": Function(lambda x: 1 / (1 + mpmath.exp(-x)), (0.0, -87.0, -709.0), -800, 800),
    "softplus": Function(_softplus, (0.0, 17.0, -87.0, -709.0), -800, 800),
    "log_sigmoid": Function(_log_sigmoid, (0.0, 17.0, 87.0, 709.0), -800, 800),
    "rsqrt": Function(lambda x: 1 / mpmath.sqrt(x), (1.0,), 0),
    "sqrt": Function(mpmath.sqrt, (1.0,), 0),
}


def any_number(rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
    """Finite numbers with uniformly random bits: every exponent alike, subnormal ones too."""
    bits = rng.integers(0, 2 ** (8 * dtype.itemsize), 2 * RANDOM, dtype=f"u{dtype.itemsize}")
    numbers = bits.view(dtype)
    return numbers[np.isfinite(numbers)][:RANDOM]


def neighbours(points: Array, dtype: np.dtype[Any]) -> Array:
    """The points, their negatives and the numbers beside them."""
    both = np.concatenate([points, -np.asarray(points)]).astype(dtype)
    with np.errstate(over="ignore"):
        ends = [np.nextafter(both, dtype.type(side)) for side in (-np.inf, np.inf)]
    return np.concatenate([both, *ends])


def points_of(function: Function, rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
    """Exponents spread, the everyday range, the range of overflow, branch points."""
    reach = min(function.high, 12.0)
    low, high = max(function.low, -800.0), min(function.high, 800.0)
    wide = 110.0 if dtype == np.float32 else 800.0
    draws = [
        any_number(rng, dtype),
        rng.uniform(max(function.low, -12.0), reach, RANDOM),
        rng.uniform(max(low, -wide), min(high, wide), RANDOM // 2),
        neighbours(np.array([*function.branches, 1e-3]), dtype),
    ]
    x = np.concatenate([draw.astype(dtype) for draw in draws])
    return x[(x > function.low) & (x < function.high) & (x != 0)]


# First the number of the format that is nearest to a multiple of pi/2, then large ones.
HARD_ANGLES = {
    "float32": [16367173.0 * 2.0**72, 13729.0 * 2.0**20, 8388608.0, 3.4028235e38, 2.0**64],
    "float64": [6381956970095103.0 * 2.0**797, 5.0 * 2.0**1020, 2.0**1000, 1.7976931348623157e308],
}


def by_words(name: str, arrays: list[Array]) -> Array:
    """The body evaluated word by word over NumPy arrays."""
    dtypes = [as_dtype(array.dtype) for array in arrays]
    return evaluate_scalar(getattr(ops, name).function(*inputs(dtypes)), arrays)


def compiled(name: str, arrays: list[Array]) -> Array:
    """The op as a native program of its own."""
    op = getattr(ops, name)
    return np.asarray(cr.compile(lambda *given: op(*given))(*arrays))


def errors(found: Array, exact: list[Any]) -> tuple[Array, Array]:
    """Distances in units in the last place, and where the exact value is below the normal range."""
    info = np.finfo(found.dtype)
    smallest, tiny = float(info.smallest_normal), float(info.smallest_subnormal)
    far, below = np.zeros(len(found)), np.zeros(len(found), bool)
    for i, (number, value) in enumerate(zip(found.tolist(), exact, strict=True)):
        size = abs(value)
        step = mpmath.mpf(tiny)
        if size >= smallest:
            step = mpmath.ldexp(1, mpmath.frexp(size)[1] - info.nmant - 1)
        # Halfway between the largest number and the next power of two, rounding gives infinity.
        over = size >= mpmath.mpf(float(info.max)) + mpmath.ldexp(1, info.maxexp - info.nmant - 2)
        if over or math.isinf(number):
            near = over and math.isinf(number) and (number > 0) == (value > 0)
            edge = abs(size / float(info.max) - 1) < 4 * float(info.eps)
            far[i] = 0.0 if near or edge else math.inf
            continue
        far[i] = abs(float((mpmath.mpf(number) - value) / step))
        below[i] = size < smallest
    return far, below


def judge(name: str, found: Array, exact: list[Any], arrays: list[Array]) -> None:
    """Both budgets hold, with the worst point in the message."""
    op = getattr(ops, name)
    far, below = errors(found, exact)
    for bound, where in ((ulps(op.ulp), ~below), (subnormal_ulps(op.ulp), below)):
        kept = np.where(where, far, 0.0)
        worst = int(kept.argmax())
        given = ", ".join(repr(array[worst]) for array in arrays)
        assert kept[worst] <= bound.limit, f"{name}({given}) = {found[worst]!r}: {kept[worst]} ulp"


@pytest.fixture(autouse=True)
def _digits() -> Iterator[None]:
    with mpmath.workprec(160):
        yield


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_number_keeps_its_budgets(
    name: str, dtype: str, rng: np.random.Generator
) -> None:
    x = points_of(UNARY[name], rng, np.dtype(dtype))
    if name in ("sin", "cos", "tan"):
        x = np.concatenate([x, neighbours(np.array(HARD_ANGLES[dtype]), np.dtype(dtype))])
        x = x[np.isfinite(x)]
    exact = [UNARY[name].exact(mpmath.mpf(number)) for number in x.tolist()]
    judge(name, compiled(name, [x]), exact, [x])
    judge(name, by_words(name, [x]), exact, [x])


def pairs(rng: np.random.Generator, dtype: np.dtype[Any]) -> list[Array]:
    """Pairs over all exponents, and everyday ones of either sign."""
    everyday = rng.uniform(-9, 9, (2, RANDOM))
    return [
        np.concatenate([any_number(rng, dtype), draw.astype(dtype), np.array([1, 3], dtype)])
        for draw in everyday
    ]


def powers(rng: np.random.Generator, dtype: np.dtype[Any]) -> list[Array]:
    """Bases over all exponents with powers up to the ends of the range, and bases near 1."""
    top = float(np.finfo(dtype).maxexp)
    base = np.abs(any_number(rng, dtype))
    base = base[base > 0]
    logs = np.log2(base.astype(np.longdouble)).astype(np.float64)
    exponent = rng.uniform(-1.15, 1.05, len(base)) * top / np.where(logs == 0, 1, logs)
    near = 1 + rng.uniform(-1, 1, RANDOM) * 2.0 ** rng.integers(-19, -1, RANDOM)
    near = near[near.astype(dtype) != 1]
    steep = (
        rng.uniform(-1.1, 1.05, len(near)) * top / np.log2(near.astype(dtype).astype(np.float64))
    )
    whole = rng.integers(-20, 21, RANDOM)
    signed = rng.uniform(-9, 9, RANDOM)
    x = np.concatenate([base, near, signed]).astype(dtype)
    y = np.concatenate([exponent, steep, whole]).astype(dtype)
    return [x[np.isfinite(y)], y[np.isfinite(y)]]


def _far_from_one(rng: np.random.Generator, dtype: np.dtype[Any]) -> list[Array]:
    """Pairs whose sum of exponentials is not near 1, where the logarithm would cancel."""
    x, y = rng.uniform(-40, 40, (2, 3 * RANDOM)).astype(dtype)
    larger = np.maximum(x, y)
    apart = (larger > 0) | (larger < -2)
    return [x[apart], y[apart]]


def _products(rng: np.random.Generator, dtype: np.dtype[Any]) -> list[Array]:
    x = rng.uniform(-9, 9, RANDOM).astype(dtype)
    y = np.abs(any_number(rng, dtype)[: len(x)])
    x = x[: len(y)]
    return [x[y > 0], y[y > 0]]


BINARY: dict[str, tuple[Exact, Any]] = {
    "power": (lambda x, y: (x**y).real, powers),
    "arctan2": (mpmath.atan2, pairs),
    "hypot": (mpmath.hypot, pairs),
    "logaddexp": (lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)), _far_from_one),
    "xlogy": (lambda x, y: x * mpmath.log(y), _products),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", BINARY)
def test_a_function_of_two_numbers_keeps_its_budgets(
    name: str, dtype: str, rng: np.random.Generator
) -> None:
    exactly, draw = BINARY[name]
    x, y = draw(rng, np.dtype(dtype))
    given = zip(x.tolist(), y.tolist(), strict=True)
    exact = [exactly(mpmath.mpf(a), mpmath.mpf(b)) for a, b in given]
    judge(name, compiled(name, [x, y]), exact, [x, y])
    judge(name, by_words(name, [x, y]), exact, [x, y])


@pytest.mark.parametrize("dtype", FLOATS)
def test_logaddexp_near_zero_errs_by_its_larger_input(dtype: str, rng: np.random.Generator) -> None:
    """The result cancels there: the error is bounded by units of 1, not of the result."""
    x = rng.uniform(-0.7, 0, 2 * RANDOM).astype(dtype)
    y = np.log(-np.expm1(x.astype(np.float64))).astype(dtype)
    exact = np.logaddexp(x.astype(np.longdouble), y.astype(np.longdouble))
    far = np.abs(compiled("logaddexp", [x, y]).astype(np.longdouble) - exact)
    scale = np.finfo(dtype).eps * np.maximum(1, np.maximum(np.abs(x), np.abs(y)))
    assert (far <= 2 * scale).all()


INF, NAN = math.inf, math.nan

# The values at 0, -0, inf and -inf (C11, Annex F, and limits for what C lacks).
SPECIAL = {
    "exp": (1, 1, INF, 0.0),
    "exp2": (1, 1, INF, 0.0),
    "expm1": (0.0, -0.0, INF, -1),
    "log": (-INF, -INF, INF, NAN),
    "log2": (-INF, -INF, INF, NAN),
    "log10": (-INF, -INF, INF, NAN),
    "log1p": (0.0, -0.0, INF, NAN),
    "sin": (0.0, -0.0, NAN, NAN),
    "cos": (1, 1, NAN, NAN),
    "tan": (0.0, -0.0, NAN, NAN),
    "sinh": (0.0, -0.0, INF, -INF),
    "cosh": (1, 1, INF, INF),
    "tanh": (0.0, -0.0, 1, -1),
    "cbrt": (0.0, -0.0, INF, -INF),
    "arctan": (0.0, -0.0, math.pi / 2, -math.pi / 2),
    "arcsin": (0.0, -0.0, NAN, NAN),
    "arccos": (math.pi / 2, math.pi / 2, NAN, NAN),
    "erf": (0.0, -0.0, 1, -1),
    "sigmoid": (0.5, 0.5, 1, 0.0),
    "softplus": (math.log(2), math.log(2), INF, 0.0),
    "log_sigmoid": (-math.log(2), -math.log(2), 0.0, -INF),
    "rsqrt": (INF, -INF, 0.0, NAN),
    "sqrt": (0.0, -0.0, INF, NAN),
}


def test_every_function_states_its_special_values() -> None:
    assert SPECIAL.keys() == UNARY.keys()


@pytest.mark.parametrize("run", [by_words, compiled])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", SPECIAL)
def test_special_numbers_give_what_c_says(name: str, dtype: str, run: Any) -> None:
    x = np.array([0.0, -0.0, INF, -INF, NAN], dtype)
    expected = np.array([*SPECIAL[name], NAN], dtype)
    found = run(name, [x])
    np.testing.assert_array_equal(found, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(expected[number]))


def _in_c(name: str) -> Callable[[float, float], float]:
    """Python's own, which is C's; where it raises, C gives NaN or infinity."""

    def call(x: float, y: float) -> float:
        try:
            return float(
                {"power": math.pow, "arctan2": math.atan2, "hypot": math.hypot}[name](x, y)
            )
        except OverflowError:
            return math.copysign(INF, x) if y % 2 == 1 else INF
        except ValueError:
            if x != 0:
                return NAN
            return math.copysign(INF, x) if y % 2 == 1 else INF

    return call


@pytest.mark.parametrize("run", [by_words, compiled])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["power", "arctan2", "hypot"])
def test_special_pairs_give_what_c_says(name: str, dtype: str, run: Any) -> None:
    special = [0.0, 1.0, 2.0, 3.0, 0.5, 1e30, 16777217.0, INF]
    values = np.array([*special, *(-s for s in special), NAN], dtype)
    x, y = (side.ravel() for side in np.meshgrid(values, values))
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    with np.errstate(over="ignore", under="ignore"):
        expected = np.array([_in_c(name)(a, b) for a, b in pairs]).astype(dtype)
    found = run(name, [x, y])
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(expected[number]))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_the_loop_is_vector_code_without_calls(name: str, dtype: str) -> None:
    op = getattr(ops, name)
    program = cr.compile(lambda *given: op(*given))
    text = program.program(*[np.ones(4096, dtype)] * len(op.parameters)).llvm()
    loops = re.findall(r"^define [^@]*@loop_.*?^}", text, re.MULTILINE | re.DOTALL)
    called = {name for loop in loops for name in re.findall(r"\bcall\b[^@\n]*@([\w.]+)", loop)}
    assert loops
    assert {callee for callee in called if not callee.startswith("llvm.")} == set()
    wide = {"float32": "float", "float64": "double"}[dtype]
    assert re.search(rf"<\d+ x {wide}>", text)


@pytest.mark.parametrize("name", UNARY)
def test_every_float16_gives_the_rounded_float32(name: str) -> None:
    """Storage types are widened for the body and its result is rounded once."""
    x = np.arange(2**16, dtype=np.uint16).view(np.float16)
    with np.errstate(over="ignore"):
        expected = compiled(name, [x.astype(np.float32)]).astype(np.float16)
    np.testing.assert_array_equal(compiled(name, [x]), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["exp", "log", "tanh"])
def test_every_float32_keeps_the_budgets(name: str) -> None:
    """All 2^32, against NumPy in float64, whose error is a millionth of a unit here."""
    program, budget = cr.compile(getattr(np, name)), getattr(ops, name).ulp
    smallest, chunk = 2.0**-126, 2**20
    for start in range(0, 2**32, chunk):
        x = np.arange(start, start + chunk, dtype=np.uint32).view(np.float32)
        with np.errstate(all="ignore"):
            exact = getattr(np, name)(x.astype(np.float64))
            nearest = exact.astype(np.float32)
            found = program(x)
            finite = np.isfinite(nearest) & np.isfinite(found)
            same = (found == nearest) | (np.isnan(found) & np.isnan(nearest))
            # Infinity may stand for the last number that rounding still keeps, within a unit.
            ends = np.abs(exact) > 3.4028233e38
            assert (finite | same | ends).all(), f"{name} at {x[~(finite | same | ends)][0]!r}"
            power = (nearest.view(np.uint32) & 0x7F800000).view(np.float32).astype(np.float64)
            step = np.maximum(power, smallest) * 2.0**-23
            far = np.where(finite, np.abs(found - exact), 0) / np.where(finite, step, 1)
            limit = np.where(np.abs(exact) < smallest, subnormal_ulps(budget).limit, budget)
            worst = int((far - limit).argmax())
        assert far[worst] <= limit[worst], f"{name}({x[worst]!r}): {far[worst]} ulp"
