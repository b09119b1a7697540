"""Loops that do the same to many sets of arrays, as one kernel: same bits, in place."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from native import program
from plain import run_plain

import chainrule as cr
from chainrule.compiler.native import dividing, lower, many
from chainrule.compiler.native.build import NativeProgram

SHAPES = [(64, 33), (33,), (5, 0), (1, 1), (7, 3, 2), (65,), (512,), (300, 40), (1,), (2,)]


def momentum(p: Any, v: Any, g: Any) -> Any:
    v = [0.9 * one + slope for one, slope in zip(v, g, strict=True)]
    return [one - 0.1 * speed for one, speed in zip(p, v, strict=True)], v


def arrays(shapes: list[tuple[int, ...]], seed: int = 0) -> list[list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [[rng.standard_normal(s).astype("float32") for s in shapes] for _ in range(3)]


def kinds(made: NativeProgram) -> list[str]:
    return [kernel.kind for kernel in made.kernels]


def test_an_update_of_many_tensors_is_one_kernel_in_place() -> None:
    p, v, g = arrays(SHAPES)
    exact = momentum(*([a.astype("float64") for a in each] for each in (p, v, g)))
    step = cr.compile(momentum, donate_argnames=("p", "v"))
    made = step.program(p, v, g)
    assert kinds(made).count("many") == 1
    (kernel,) = [k.kernel for k in made.kernels if k.kind == "many"]
    assert len(kernel.nests) == len(SHAPES) - 3, "without the empty one and those of one element"
    assert made.memory.arena_bytes == 0
    assert all(buffer.reuses is not None for buffer in made.memory.buffers)
    assert "# one range of rounds for 7 sets of arrays; the first of them:" in made.source()
    for found, wanted in zip(step(p, v, g), exact, strict=True):
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_the_bits_are_those_of_loops_apart_on_any_number_of_threads() -> None:
    given = [array for each in arrays(SHAPES, 1) for array in each]

    def function(*flat: Any) -> Any:
        count = len(SHAPES)
        p, v = momentum(flat[:count], flat[count : 2 * count], flat[2 * count :])
        return (*p, *v)

    with mock.patch.object(lower, "together", lambda kernels, root: list(kernels)):
        apart = program(function, *given, threads=1)(given)
    with mock.patch.object(dividing, "WORTH_CYCLES", 0):
        for threads in (1, 2, 3, 7):
            made = program(function, *given, threads=threads)
            assert "many" in kinds(made)
            for one, other in zip(apart, made(given), strict=True):
                assert one.tobytes() == other.tobytes()
    for one, other in zip(run_plain(made, given), apart, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_work_is_divided_by_its_sum() -> None:
    """No tensor alone is worth a second thread; together they are."""
    given = arrays([(40, 25)] * 30)
    made = cr.compile(momentum, threads=2).program(*given)
    assert [(kernel.kind, kernel.threads) for kernel in made.kernels] == [("many", 2)]


def test_memory_that_another_loop_reads_is_not_given_away() -> None:
    def step(p: Any, g: Any, h: Any) -> Any:
        return p - 0.1 * g, p - 0.1 * h

    p, g, h = (np.full(1000, n, "float32") for n in (1, 2, 3))
    compiled = cr.compile(step, donate_argnames="p")
    assert kinds(compiled.program(p, g, h)) == ["many"]
    one, other = compiled(p.copy(), g, h)
    np.testing.assert_allclose(one, np.full(1000, 0.8), rtol=1e-6)
    np.testing.assert_allclose(other, np.full(1000, 0.7), rtol=1e-6)


def test_loops_that_need_each_other_stay_apart() -> None:
    def twice(x: Any, w: Any) -> Any:
        for _ in range(3):
            x = 2 * np.tanh(x) @ w
        return x

    x = np.linspace(-1, 1, 6400, dtype="float32").reshape(80, 80)
    w = np.eye(80, dtype="float32")
    made = cr.compile(twice)
    assert "many" not in kinds(made.program(x, w))
    exact = x.astype("float64")
    for _ in range(3):
        exact = 2 * np.tanh(exact)
    np.testing.assert_allclose(made(x, w), exact, rtol=1e-5)


@mock.patch.object(lower.Epilogues, "result", lambda self: self.kernels)
def test_large_values_are_used_as_they_are_made() -> None:
    def both(x: Any, w: Any, v: Any) -> Any:
        return 3 * np.tanh(x @ w), 3 * np.tanh(x @ v)

    x, w, v = (np.ones((n, 64), "float32") for n in (512, 64, 64))
    with mock.patch.object(many, "MOST_WAITING", 2**17):
        assert kinds(cr.compile(both).program(x, w, v)).count("many") == 1
    with mock.patch.object(many, "MOST_WAITING", 2**17 - 1):
        assert kinds(cr.compile(both).program(x, w, v)).count("many") == 0


@pytest.mark.parametrize("count", [64, 65, 130])
def test_kernels_have_a_bounded_number_of_loops(count: int) -> None:
    p, v, g = arrays([(4,)] * count)
    made = cr.compile(momentum).program(p, v, g)
    sizes = [len(k.kernel.nests) if k.kind == "many" else 1 for k in made.kernels]
    assert sum(sizes) == count
    assert max(sizes) <= many.MOST_LOOPS
    exact = momentum(p, v, g)
    for found, wanted in zip(cr.compile(momentum)(p, v, g), exact, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
