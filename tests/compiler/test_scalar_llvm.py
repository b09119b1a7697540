"""Words of the scalar vocabulary that LLVM gets in more than one form: the forms agree."""

from __future__ import annotations

import ctypes
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.dtypes import as_dtype
from chainrule.compiler.native.function import METADATA, Function
from chainrule.compiler.native.memory_words import MemoryWords
from chainrule.compiler.native.scalar_llvm import Words
from chainrule.compiler.scalar import Scalar, ldexp
from chainrule.compiler.scalar.trace import inputs
from chainrule.runtime.llvm import compile_module, compiling_for, host

WIDTHS = [1, 2, 4, 8, 16]


def applied(word: Scalar, width: int, *arrays: Any) -> Any:
    """A word of inputs over arrays, `width` elements at a time."""
    function, dtype = Function(), as_dtype(arrays[0].dtype)
    memory, size = MemoryWords(function, width), arrays[0].size // width * width
    with function.loop(size, step=width) as at:
        given = [memory.load(f"%p{n}", at, dtype, dtype.itemsize) for n in range(len(arrays))]
        result = Words(function, width).apply(word, given)
        memory.store("%out", at, dtype, result, dtype.itemsize)
    parameters = ", ".join(f"ptr %p{n}" for n in range(len(arrays)))
    text = f"define void @f({parameters}, ptr %out) {{\n{function.body()}\n  ret void\n}}"
    module = compile_module("\n".join([text, *function.declarations, METADATA]))
    out = np.empty_like(arrays[0])
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(arrays) + 1))(module.address("f"))
    call(*(array.ctypes.data for array in arrays), out.ctypes.data)
    return out[:size]


def scalings(dtype: str) -> tuple[Any, Any]:
    """Numbers round 1 and special ones, and whole powers of two past both ends of the range."""
    far = {"float32": 250, "float64": 2000}[dtype]
    odd = [1 + 2.0**-23, 1.4142135, 1.9999999, 0.70710677, 0.6666667, 3.1415927, 2.0**-20]
    numbers = np.array([0.0, 0.5, 1.0, 1.5, 2.0, *odd, np.inf, np.nan], dtype)
    x, n = np.meshgrid(np.concatenate([numbers, -numbers]), np.arange(-far, far + 1))
    return x.ravel(), n.ravel().astype(dtype)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scaling_by_a_power_of_two_has_the_same_bits_in_every_form(
    dtype: str, width: int, plain: bool
) -> None:
    """On a CPU with AVX-512 one instruction, elsewhere (`plain`) two products."""
    x, n = scalings(dtype)
    with np.errstate(all="ignore"):
        expected = np.ldexp(x, n.astype(np.int32))
    with compiling_for(replace(host(), features="")) if plain else nullcontext():
        found = applied(ldexp(*inputs([as_dtype(dtype)] * 2)), width, x, n)
    np.testing.assert_array_equal(found, expected[: found.size])
    number = ~np.isnan(found)
    np.testing.assert_array_equal(
        np.signbit(found[number]), np.signbit(expected[: found.size][number])
    )


FAR = {"float32": 1e30, "float64": 1e300}


def _sine(x: float) -> float:
    with mpmath.workprec(1200):
        return float(mpmath.sin(mpmath.mpf(x)))


@pytest.mark.parametrize("size", [1, 2, 5, 16, 17, 70])
@pytest.mark.parametrize("dtype", FAR)
def test_a_rare_lane_is_found_wherever_it_is_and_leaves_the_others_alone(
    dtype: str, size: int
) -> None:
    """Sines of everyday angles with a large one in each place, in whole vectors and in rests."""
    sine = cr.compile(np.sin)
    everyday = np.linspace(-3, 3, size).astype(dtype)
    usual = np.asarray(sine(everyday))
    for place in range(size):
        x = everyday.copy()
        x[place] = FAR[dtype]
        found = np.asarray(sine(x))
        assert abs(found[place] - _sine(x[place].item())) < np.finfo(dtype).eps
        others = np.arange(size) != place
        np.testing.assert_array_equal(found[others], usual[others])


def test_a_rare_case_stands_apart_from_the_loop() -> None:
    """The integer products of large angles are behind a branch."""
    text = cr.compile(np.sin).program(np.ones(4096, np.float64)).llvm()
    before, _, rare = text.partition("!prof")
    product = f" mul <{host().vector_bits // 64} x i64>"
    assert product not in before
    assert product in rare


@pytest.mark.parametrize("axis", [0, 1])
def test_rare_cases_are_met_in_reductions(axis: int, rng: np.random.Generator) -> None:
    """Rows across and along the lanes, where the rest of a row is under a mask."""
    x = rng.uniform(0.1, 3, (37, 53))
    x[5, 7], x[36, 52], x[20, 0] = 1e-310, 5e-324, 2.0
    found = cr.compile(lambda x: np.sum(np.log(x), axis=axis))(x)
    np.testing.assert_allclose(found, np.log(x).sum(axis), rtol=1e-12)
