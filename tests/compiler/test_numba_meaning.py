"""Scalar expressions compiled by Numba mean what the words say, in the dtype they were given."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.compiler.dtypes import (
    DType,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int32,
    int64,
    uint8,
    uint32,
)
from chainrule.compiler.errors import PluginError
from chainrule.compiler.scalar import (
    Accessor,
    Scalar,
    abs_,
    bitcast,
    cast,
    ceil,
    copysign,
    floor,
    fma,
    isnan,
    ldexp,
    rarely,
    round_even,
    select,
    sqrt,
    trunc,
    truncated_divide,
    truncated_remainder,
)
from chainrule.compiler.scalar.numba_meaning import (
    NumbaBody,
    Printed,
    _compile,
    compile_numba,
    print_numba,
)
from chainrule.compiler.scalar.trace import inputs
from chainrule.compiler.types import ArrayType

FLOATS = np.array([-2.5, -1.5, -0.5, -0.0, 0.0, 0.5, 1.5, 2.5, 3.7, np.inf, -np.inf, np.nan])


def compiled(body: Callable[..., Scalar], *dtypes: DType) -> NumbaBody:
    return compile_numba(body(*inputs(dtypes)), dtypes)


def same(body: NumbaBody, expected: Any, *arrays: Any) -> None:
    assert body.faults() == []
    actual = body.evaluate(arrays)
    expected = np.asarray(expected)
    assert actual.dtype == expected.dtype
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("dtype", [float32, float64])
@pytest.mark.parametrize(
    ("body", "oracle"),
    [
        (lambda x: 0.1 * x + 1, lambda x: x.dtype.type(0.1) * x + x.dtype.type(1)),
        (lambda x: 1 / (x - 0.5), lambda x: 1 / (x - x.dtype.type(0.5))),
        (lambda x: -x, np.negative),
        (abs_, np.abs),
        (floor, np.floor),
        (ceil, np.ceil),
        (trunc, np.trunc),
        (round_even, np.rint),
        (sqrt, np.sqrt),
        (lambda x: copysign(2.0, x), lambda x: np.copysign(x.dtype.type(2), x)),
        (isnan, np.isnan),
        (lambda x: (x > 0) & ~(x >= 2) | (x != x), lambda x: (x > 0) & ~(x >= 2) | (x != x)),
        (lambda x: select(x > 0, x, math.inf), lambda x: np.where(x > 0, x, x.dtype.type(np.inf))),
        (lambda x: rarely(x > 1, x * x, 0.5), lambda x: np.where(x > 1, x * x, x.dtype.type(0.5))),
        (lambda x: select(isnan(x), -math.inf, x), lambda x: np.where(x != x, -np.inf, x)),
        (lambda x: cast(x, bool_), lambda x: x.astype(bool)),
        (
            lambda x: cast(x, int8),
            lambda x: np.array([-2, -1, 0, 0, 0, 0, 1, 2, 3, 127, -128, 0], np.int8),
        ),
        (
            lambda x: cast(x, uint32),
            lambda x: np.array([0, 0, 0, 0, 0, 0, 1, 2, 3, 2**32 - 1, 0, 0], np.uint32),
        ),
    ],
)
def test_float_words(dtype: DType, body: Any, oracle: Any) -> None:
    x = FLOATS.astype(dtype.numpy)
    with np.errstate(all="ignore"):
        expected = oracle(x)
    same(
        compiled(body, dtype),
        expected.astype(x.dtype) if expected.dtype.kind == "f" else expected,
        x,
    )


@pytest.mark.parametrize("dtype", [int8, int32, int64, uint8, uint32])
@pytest.mark.parametrize(
    ("body", "oracle"),
    [
        (lambda x, y: x + y, lambda x, y: x + y),
        (lambda x, y: x - y, lambda x, y: x - y),
        (lambda x, y: x * y, lambda x, y: x * y),
        (lambda x, y: -x, lambda x, y: -x),
        (lambda x, y: ~x ^ (x & y) | y, lambda x, y: ~x ^ (x & y) | y),
        (lambda x, y: (x << 1) >> 2, lambda x, y: (x << 1) >> 2),
        (lambda x, y: x < y, lambda x, y: x < y),
        (lambda x, y: select(x == y, x, 7), lambda x, y: np.where(x == y, x, x.dtype.type(7))),
        (lambda x, y: cast(x, float32), lambda x, y: x.astype(np.float32)),
        (lambda x, y: cast(x, int8), lambda x, y: x.astype(np.int8)),
    ],
)
def test_integer_words_wrap_in_their_own_width(dtype: DType, body: Any, oracle: Any) -> None:
    info = np.iinfo(dtype.numpy)
    x = np.array([info.min, info.max, 3, 100, 5], dtype.numpy)
    y = np.array([info.max, info.max, 3, 2, 7], dtype.numpy)
    with np.errstate(all="ignore"):
        expected = oracle(x, y)
    same(compiled(body, dtype, dtype), expected, x, y)


@pytest.mark.parametrize("dtype", [int8, int32, int64])
def test_division_of_integers_goes_to_zero(dtype: DType) -> None:
    x, y = np.array([7, -7, 7, -7], dtype.numpy), np.array([2, 2, -2, -2], dtype.numpy)
    same(compiled(truncated_divide, dtype, dtype), np.array([3, -3, -3, 3], dtype.numpy), x, y)
    same(compiled(truncated_remainder, dtype, dtype), np.array([1, -1, 1, -1], dtype.numpy), x, y)


def test_remainder_of_floats_has_the_sign_of_the_dividend() -> None:
    x, y = np.float32([5.5, -5.5]), np.float32([2, 2])
    same(compiled(truncated_remainder, float32, float32), np.fmod(x, y), x, y)


def test_fma_rounds_once() -> None:
    a = np.float32(1 + 2**-12)
    exact = np.float32(float(a) * float(a) - 1)
    assert exact != a * a - np.float32(1)
    same(compiled(lambda x: fma(x, x, -1.0), float32), np.array([exact]), np.array([a]))


@pytest.mark.parametrize("dtype", [float32, float64])
def test_scaling_by_a_power_of_two_rounds_once(dtype: DType) -> None:
    x = np.array([1.4142135, -1.4142135, 1.0, 0.0, np.inf, np.nan, 1.0], dtype.numpy)
    n = np.array([-140, -130, -149, 200, -200, 3, 200], dtype.numpy)
    n *= 1 if dtype is float32 else 7.5
    with np.errstate(all="ignore"):
        expected = np.ldexp(x, n.astype(np.int32))
    same(compiled(ldexp, dtype, dtype), expected, x, n)


def test_bitcast_reads_the_same_bits() -> None:
    x = np.float32([1.0, -0.0, np.inf])
    same(compiled(lambda x: bitcast(x, int32), float32), x.view(np.int32), x)


def test_shared_nodes_are_written_once() -> None:
    def body(x: Scalar) -> Scalar:
        for _ in range(60):
            x = x * x + x
        return x

    printed = print_numba(body(*inputs([float32])), [float32])
    assert len(printed.source.splitlines()) == 1 + 2 * 60 + 1


def test_equal_sources_are_compiled_once() -> None:
    first, again = (compiled(lambda x: x + 3, float32) for _ in range(2))
    assert again is first
    assert compiled(lambda x: x + 3, float64) is not first


def raw(source: str, *dtypes: DType) -> NumbaBody:
    return _compile(Printed(source, dtypes, frozenset(dtypes), ()))


def test_an_untyped_literal_would_be_found_out() -> None:
    body = raw("def body(x0):\n    return float32(x0 * 0.1)\n", float32)
    assert body.faults() == ["Numba widens the body to float64"]
    assert raw("def body(x0):\n    return x0 * 0.1\n", float32).result is float64


def test_a_raise_would_be_found_out() -> None:
    source = "def body(x0):\n    if x0 > float32(1):\n        raise ValueError\n    return x0\n"
    assert "the body may raise" in raw(source, float32).faults()


def test_a_foreign_call_would_be_found_out() -> None:
    source = "def body(x0):\n    print(x0)\n    return x0\n"
    assert any("the body calls" in fault for fault in raw(source, float32).faults())


def test_what_no_scalar_function_can_is_refused() -> None:
    x = Accessor(0, ArrayType((3,), float32))
    (i,) = inputs([int64])
    with pytest.raises(PluginError, match="the body uses load, which no scalar function can"):
        print_numba(x[(i,)], [int64])
    (y,) = inputs([float32])
    with pytest.raises(PluginError, match="computes in float16, a storage type"):
        print_numba(cast(y, float16), [float32])
    with pytest.raises(PluginError, match="divides int64: cast it to a float first"):
        print_numba(i / 2, [int64])
