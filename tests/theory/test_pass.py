"""What the theory asks of the compiler's passes."""

from __future__ import annotations

from typing import Any

import numpy as np
from theory import within

import chainrule as cr
from chainrule import ops

rng = np.random.default_rng(0)


# P18


def test_p18_the_trace_of_a_product_needs_no_product() -> None:
    a, b = rng.normal(size=(40, 60)), rng.normal(size=(60, 40))
    program = cr.compile(lambda a, b: ops.trace(a @ b)).program(a, b)
    within(program([a, b])[0], np.trace(a @ b), 1e-12)
    assert "trace of a product -> sum of products" in program.explain()
    assert not any(kernel.kind == "product" for kernel in program.kernels)
    assert sum(kernel.flops for kernel in program.kernels) <= 2 * a.size


def test_p18_gradients_are_the_closed_forms() -> None:
    a, b = rng.normal(size=(5, 7)), rng.normal(size=(7, 5))
    both = cr.compile(cr.grad(lambda a, b: ops.trace(a @ b), argnums=(0, 1)))
    for found, wanted in zip(both(a, b), (b.T, a.T), strict=True):
        within(found, wanted, 1e-12)


def test_p18_other_diagonals_and_orders_stay() -> None:
    a, b = rng.normal(size=(6, 4)), rng.normal(size=(4, 6))

    def above(a: Any, b: Any) -> Any:
        return ops.sum(ops.diagonal(a @ b, offset=1))

    program = cr.compile(above).program(a, b)
    within(program([a, b])[0], np.trace(a @ b, offset=1), 1e-12)
    assert "trace of a product" not in program.explain()
    x, y, z = rng.normal(size=(3, 5, 5))
    found = cr.compile(lambda x, y, z: ops.trace(x @ y @ z))(x, y, z)
    within(found, np.trace(x @ y @ z), 1e-12)
    assert abs(found - np.trace(x @ z @ y)) > 0.1
