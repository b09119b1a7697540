"""What is fused, what is kept apart, and the reasons given."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from native import plain, program

from chainrule import ops
from chainrule.compiler.native.build import NativeProgram
from chainrule.compiler.native.partition import fused, unfused
from chainrule.compiler.native.row_groups import RowFusion

x = np.ones((8, 12), "float32")
y = np.ones((12, 5), "float32")


def kinds(made: NativeProgram) -> list[str]:
    return [kernel.kind for kernel in made.kernels]


def reasons(made: NativeProgram) -> str:
    return "\n".join(reason for kernel in made.kernels for reason in kernel.apart)


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (lambda x: ops.tanh(x * 2 + 1) - x, ["loop"]),
        (lambda x: (ops.tanh(x), ops.tanh(x) * 2, x + 1), ["loop", "loop"]),
        (lambda x: ops.sum(ops.tanh(x) * x, axis=1), ["fold"]),
        (lambda x: ops.sum(ops.reshape(x * 2, shape=(-1,))), ["fold"]),
        (lambda x: ops.transpose(ops.tanh(x)), ["loop"]),
        (lambda x: ops.tanh(x)[2:5, ::-2] + 1, ["loop"]),
        (lambda x: ops.reshape(x, shape=(-1,)), []),
        (lambda x: ops.relu(x @ y + 1), ["contraction", "loop"]),
        (lambda x: ops.relu(x @ np.ones((12, 8), "float32") + 1), ["product"]),
        (lambda x: ops.sum(x, axis=1, keepdims=True) * x, ["rows"]),
        (lambda x: ops.sum(x, axis=0, keepdims=True) * x, ["fold", "loop"]),
        (lambda x: ops.softmax(x, axis=-1), ["rows"]),
        (lambda x: ops.softmax(x, axis=0), ["fold", "loop", "fold", "loop", "loop"]),
    ],
)
def test_kernels(function: Any, wanted: list[str]) -> None:
    assert kinds(program(function, x)) == wanted


def test_unfused_is_a_kernel_for_each_unit() -> None:
    made = program(lambda x: ops.tanh(x * 2) - x, x, partition=unfused)
    assert all(len(kernel.units) == 1 for kernel in made.kernels)
    assert len(made.kernels) == 4  # the literal's broadcast too


def test_expensive_work_is_not_repeated_by_a_broadcast() -> None:
    made = program(lambda x: ops.exp(x[:1]) * x, x)
    assert kinds(made) == ["loop", "loop"]
    assert "reads exp 8 times an element" in reasons(made)


def test_what_several_kernels_read_is_kept() -> None:
    made = program(lambda x: ops.sum(ops.exp(x), axis=0) + ops.exp(x), x)
    assert kinds(made) == ["loop", "fold", "loop"]
    assert "exp is read by several kernels" in reasons(made)


def test_a_cycle_of_kernels_is_avoided() -> None:
    """x * 2 feeds a sum and its own consumer, which needs the sum: two loops, not one."""

    def centred(x: Any) -> Any:
        doubled = x * 2
        return doubled - ops.sum(doubled, axis=0, keepdims=True)

    made = program(centred, x)
    assert kinds(made) == ["loop", "fold", "loop"]
    assert "another kernel would have to run in between" in reasons(made)
    np.testing.assert_allclose(made([x])[0], np.full((8, 12), -14.0))


def test_a_cycle_through_clusters_that_have_grown_is_avoided() -> None:
    """exp and the first product are one loop, which needs sin: sin cannot wait for the shares."""

    def function(x: Any, y: Any) -> Any:
        raised = ops.exp(x)
        share = raised / ops.sum(raised, axis=0, keepdims=True)
        bent = ops.sin(y)
        first = raised * ops.sum(bent + y, axis=0, keepdims=True)
        return share, first, bent * ops.sum(share, axis=0, keepdims=True)

    ramp = np.linspace(-1, 1, 96, dtype="float32").reshape(8, 12)
    share, first, last = program(function, ramp, ramp)([ramp, ramp])
    raised, bent = np.exp(ramp), np.sin(ramp)
    np.testing.assert_allclose(share, raised / raised.sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(first, raised * (bent + ramp).sum(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(last, bent, rtol=1e-5)


def test_kernels_stay_of_bounded_length() -> None:
    def chain(x: Any) -> Any:
        for n in range(300):
            x = x * (1 + n % 3 / 10) + 0.01
        return x

    made = program(chain, x)
    longest = max(made.kernels, key=lambda kernel: len(kernel.units))
    assert sum(unit.op.kind == "elementwise" for unit in longest.units) <= 96
    assert len(made.kernels) > 1
    assert "a kernel has at most" in reasons(made)


def test_long_chains_of_movements_need_no_recursion() -> None:
    def turned(x: Any) -> Any:
        for _ in range(400):
            x = ops.tanh(ops.transpose(x))
        return x

    made = program(turned, x)
    expected = x
    for _ in range(400):
        expected = np.tanh(expected.T)
    np.testing.assert_allclose(made([x])[0], expected, rtol=1e-3)


def test_the_search_for_rows_is_linear() -> None:
    """All of these kernels read one array: each is tried with a few of the others only."""

    def looks(count: int) -> int:
        def chain(x: Any) -> Any:
            total = x
            for _ in range(count):
                total = ops.tanh(total @ x) + x
            return total

        square = np.ones((8, 8), "float32")
        with mock.patch.object(RowFusion, "_before", autospec=True) as before:
            before.side_effect = original
            fused(plain(chain, square))
            return int(before.call_count)

    original = RowFusion._before
    assert looks(200) < 2.5 * looks(100)


def test_rows_read_reshapes_of_their_own_results() -> None:
    def function(x: Any) -> Any:
        total = ops.sum(x, axis=1)
        return total, x * ops.reshape(total, shape=(8, 1))

    ramp = np.arange(96, dtype="float32").reshape(8, 12)
    made = program(function, ramp)
    assert kinds(made) == ["rows"]
    total, scaled = made([ramp])
    np.testing.assert_array_equal(total, ramp.sum(axis=1))
    np.testing.assert_array_equal(scaled, ramp * ramp.sum(axis=1, keepdims=True))


def test_one_row_is_one_kernel_with_the_numbers_between_its_passes() -> None:
    x = np.linspace(-3, 4, 700)
    made = program(lambda x: ops.softmax(x * 2), x)
    assert kinds(made) == ["rows"]
    raised = np.exp(2 * x - 8)
    np.testing.assert_allclose(made([x])[0], raised / raised.sum(), rtol=1e-14)


def test_products_are_no_parts_of_rows() -> None:
    def function(a: Any, b: Any) -> Any:
        w = a @ ops.transpose(b, axes=(0, 2, 1))
        return ops.sin(a + ops.sum(w, axis=-1, keepdims=True)), ops.cos(a)

    a, b = np.ones((2, 1, 16), "float32"), np.ones((2, 1, 16), "float32")
    np.testing.assert_allclose(program(function, a, b)([a, b])[0], np.sin(1 + 16 * a), rtol=1e-5)
