"""What is saved and what is computed again, in cases where the better choice is known."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from native import plain, program
from random_graphs import Case, cases

import chainrule as cr
from chainrule import ops
from chainrule.compiler.derivatives import pulled_back
from chainrule.compiler.native import saving
from chainrule.compiler.native.build import NativeProgram, build
from chainrule.compiler.native.max_flow import Network
from chainrule.compiler.native.partition import fused
from chainrule.compiler.native.rows import RowsBody, UnfitError
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.inline import inline_all
from chainrule.compiler.pipeline import optimise

x = np.linspace(-2, 2, 64 * 96, dtype="float32").reshape(64, 96)
row, column = x[:1], np.ascontiguousarray(x[:, :1])


def again(made: NativeProgram) -> list[list[str]]:
    """What each kernel computes again."""
    return [[unit.op.name for unit in kernel.kernel.again] for kernel in made.kernels]


def written(made: NativeProgram) -> list[str]:
    """What lies in memory, outputs among them."""
    return [unit.op.name for kernel in made.kernels for unit in kernel.kernel.writes]


def moved(made: NativeProgram) -> int:
    return sum(kernel.nbytes for kernel in made.kernels)


def centred(value: Any) -> Any:
    """Two kernels that read a value: a sum over columns, and what is done with it."""
    return value * ops.sum(value, axis=0, keepdims=True)


def test_what_is_cheap_is_computed_again() -> None:
    made = program(lambda x: centred(x * 2 + 1), x)
    assert [kernel.kind for kernel in made.kernels] == ["fold", "loop"]
    assert again(made) == [["mul", "add"], ["mul", "add"]]
    wanted = (2 * x + 1) * (2 * x + 1).sum(axis=0)
    np.testing.assert_allclose(made([x])[0], wanted, rtol=1e-5, atol=1e-4)


def test_what_is_expensive_is_saved() -> None:
    made = program(lambda x: centred(ops.exp(x)), x)
    assert written(made) == ["exp", "sum", "mul"]
    assert made.kernels[0].apart[-1] == "exp is saved: exp is expensive"


def test_cheap_work_behind_expensive_work_begins_there() -> None:
    """Of tanh, 1 + tanh and 1 - tanh^2 the first is saved: the others are made from it."""

    def function(x: Any) -> Any:
        bent = ops.tanh(x)
        one, other = 1 + bent, 1 - bent * bent
        return one * other * ops.sum(one, axis=0, keepdims=True) * ops.sum(other, axis=0)

    large = np.tile(x, (64, 1))
    made = program(function, large)
    assert written(made)[0] == "tanh"
    assert not {"add", "sub"} & set(written(made))
    bent = np.tanh(large.astype("float64"))
    one, other = 1 + bent, 1 - bent**2
    wanted = one * other * one.sum(axis=0) * other.sum(axis=0)
    np.testing.assert_allclose(made([large])[0], wanted, rtol=1e-4, atol=1e-3 * wanted.max())


def test_what_comes_from_little_is_never_saved() -> None:
    made = program(lambda a, b: centred(a + b), row, column)
    assert written(made) == ["sum", "mul"]
    np.testing.assert_allclose(
        made([row, column])[0], (row + column) * (row + column).sum(axis=0), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_two_for_one_the_one_is_read(count: int) -> None:
    """x + y costs a reader twice as much to make as to read; it is there once it is written."""

    def function(x: Any, y: Any) -> Any:
        total = ops.exp(x) + ops.exp(y)
        return [ops.sum(ops.power(total, n + 2.5), axis=0) for n in range(count)], x * total

    made = cr.compile(function).program(x, abs(x))
    assert all("add" not in names for kernel in made.kernels for names in [kernel.kernel.again])


def test_what_is_read_anyway_costs_nothing() -> None:
    def function(x: Any, y: Any) -> Any:
        total = x + y
        return total * (x * y) * ops.sum(total, axis=0, keepdims=True)

    made = program(function, x, x[::-1])
    assert written(made) == ["sum", "mul"]
    assert ["add"] in again(made)


def test_small_values_are_left_alone() -> None:
    small = x[:4, :8]
    assert again(program(lambda x: centred(x * 2), small)) == [[], [], []]


def test_the_gradient_of_a_gelu_saves_one_value() -> None:
    def gelu(x: Any) -> Any:
        return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))

    def loss(w: Any, v: Any) -> Any:
        return np.sum(np.square(gelu(x @ w) @ v))

    w, v = (np.random.default_rng(n).normal(size=(96, 96)).astype("f4") / 10 for n in range(2))
    step = cr.compile(cr.grad(loss, argnums=(0, 1)))
    forward = step.program(w, v).kernels[0].kernel
    assert [unit.op.name for unit in forward.writes] == ["dot_general", "tanh", "mul"]
    h = x.astype("float64") @ w
    bent = np.tanh(0.7978845608 * (h + 0.044715 * h**3))
    slope = 0.5 * (1 + bent) + 0.5 * h * (1 - bent**2) * 0.7978845608 * (1 + 3 * 0.044715 * h**2)
    made = 0.5 * h * (1 + bent)
    wanted = [x.T @ ((2 * made @ v @ v.T) * slope), made.T @ (2 * made @ v)]
    for found, exact in zip(step(w, v), wanted, strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-5 * abs(exact).max())


def test_a_product_is_not_written_in_the_place_of_its_epilogues_result() -> None:
    """x @ w + 1 is saved: from x @ w it is cheap to make, but that would have to be written."""

    def function(x: Any, w: Any) -> Any:
        h = x @ w + 1
        return h * ops.tanh(h) * ops.sum(h, axis=0)

    w = np.eye(96, dtype="float32")
    made = program(function, x, w)
    assert "dot_general" not in written(made)
    h = x + 1.0
    np.testing.assert_allclose(made([x, w])[0], h * np.tanh(h) * h.sum(axis=0), rtol=1e-4)


@pytest.mark.parametrize("fits", [True, False])
def test_rows_keep_what_they_compute_again(fits: bool) -> None:
    """A kernel of rows that reads a value in two passes; or its parts, where it cannot be one."""

    def function(x: Any) -> Any:
        value = x * 2 + 1
        total = ops.sum(value, axis=0, keepdims=True)
        return ops.softmax(value + total, axis=-1) * value

    body = mock.Mock(side_effect=RowsBody.body if fits else UnfitError("it does not fit"))
    with mock.patch.object(RowsBody, "body", lambda self: body(self)):
        made = program(function, x)
    if fits:
        assert [kernel.kind for kernel in made.kernels] == ["fold", "rows"]
        assert again(made) == [["mul", "add"], ["mul", "add"]]
        assert "add[j] = add_" in made.source(), "one array, which later passes read"
    writes = [unit for kernel in made.kernels for unit in kernel.kernel.writes]
    assert len(writes) == len(set(writes))
    value = 2 * x.astype("float64") + 1
    scores = value + value.sum(axis=0)
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    wanted = raised / raised.sum(axis=-1, keepdims=True) * value
    np.testing.assert_allclose(made([x])[0], wanted, rtol=1e-4, atol=1e-5)


def test_kernels_that_compute_the_same_see_the_same_bits() -> None:
    """The largest product minus itself is 0, though one kernel finds it and another subtracts."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 64, 512)).astype("float32")

    def function(a: Any, b: Any) -> Any:
        product = a * b
        return product - ops.max(product, axis=0, keepdims=True)

    made = program(function, a, b)
    assert again(made) == [["mul"], ["mul"]]
    (found,) = made([a, b])
    np.testing.assert_array_equal(found, a * b - (a * b).max(axis=0))


def test_operands_of_what_is_computed_again_are_rounded_too() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 64, 8192)).astype("float32")
    c = rng.normal(size=(1, 8192)).astype("float32")

    def function(a: Any, b: Any, c: Any) -> Any:
        total = a * b + c
        half, rest = total * 0.5, total - ops.max(total, axis=0, keepdims=True)
        return a * b, half, rest

    made = program(function, a, b, c)
    assert ["add"] in again(made)
    product, half, rest = made([a, b, c])
    np.testing.assert_array_equal(half * 2, product + c)
    np.testing.assert_array_equal(rest, 2 * half - (2 * half).max(axis=0))


def test_arguments_that_are_given_away_are_read_before_they_change() -> None:
    def step(p: Any, g: Any) -> Any:
        return p - g, centred(p * 2 + 1)

    p = x.copy()
    compiled = cr.compile(step, donate_argnames="p")
    moved, found = compiled(p, np.ones_like(x))
    np.testing.assert_array_equal(moved, x - 1)
    np.testing.assert_allclose(found, (2 * x + 1) * (2 * x + 1).sum(axis=0), rtol=1e-5, atol=1e-4)


def gradient(case: Case) -> Case:
    inlined = inline_all(case.graph, Notes())
    floats = [i for i, unit in enumerate(inlined.outputs) if unit.type.differentiable]
    graph, _ = optimise(pulled_back(inlined, range(len(inlined.inputs)), floats))
    seeds = [np.ones(inlined.outputs[i].shape) for i in floats]
    return Case(graph, [*case.arrays, *seeds])


@settings(max_examples=40, deadline=None)
@given(cases("float64"))
def test_never_more_is_moved(case: Case) -> None:
    case = gradient(case)
    with mock.patch.object(saving, "LEAST_BYTES", 2**60):
        before = build(case.graph, partition=fused, threads=1)
    with mock.patch.object(saving, "LEAST_BYTES", 0):
        after = build(case.graph, partition=fused, threads=1)
    assert moved(after) <= moved(before)
    for one, other in zip(before(case.arrays), after(case.arrays), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-11, atol=1e-11)


def test_the_network_grows_with_the_graph() -> None:
    def nodes(layers: int) -> int:
        def function(x: Any) -> Any:
            for _ in range(layers):
                x = centred(x * 2 + 1) - x
            return x

        graph = plain(function, x)
        with mock.patch.object(Network, "node", autospec=True, side_effect=original) as made:
            fused(graph)
        return made.call_count

    original = Network.node
    assert 200 < nodes(200) < 2.1 * nodes(100)
