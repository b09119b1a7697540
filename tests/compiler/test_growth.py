"""Compilation grows as the graph does: counted in calls of functions, which no machine changes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.native.build import build
from chainrule.compiler.pipeline import optimise

X = np.linspace(-1, 1, 64).astype(np.float32)


def calls_of(work: Callable[[], Any]) -> int:
    """How many functions run, those of the interpreter among them."""
    count = 0

    def counted(frame: Any, event: str, what: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def chained(x: Any, units: int) -> Any:
    """Each unit reads the one before it and one far behind."""
    values = [x]
    for i in range(units):
        values.append(np.tanh(values[i]) if i % 3 else values[i] * values[i // 2] + 0.5)
    return values[-1].sum()


def kept(x: Any, units: int) -> Any:
    """Each unit is a result."""
    values = [x]
    for _ in range(units):
        values.append(np.tanh(values[-1]) * 0.5)
    return tuple(values[1:])


def layered(x: Any, units: int) -> Any:
    """Products between elementwise units."""
    matrix = x.reshape(8, 8)
    for _ in range(units // 3):
        matrix = np.tanh(matrix @ matrix * 0.1)
    return matrix.sum()


@pytest.mark.parametrize("function", [chained, kept, layered])
@pytest.mark.parametrize("differentiated", [False, True])
def test_twice_the_units_are_twice_the_work(function: Any, differentiated: bool) -> None:
    def made(units: int) -> tuple[int, int, int]:
        def whole(x: Any) -> Any:
            return function(x, units)

        def total(x: Any) -> Any:
            results = whole(x)
            return sum(each.sum() for each in results) if function is kept else results

        traced: list[Any] = []
        chosen = cr.value_and_grad(total) if differentiated else whole
        tracing = calls_of(lambda: traced.append(cr.trace(chosen)(X)))
        passes = calls_of(lambda: traced.append(optimise(traced[0])[0]))
        building = calls_of(lambda: build(traced[1]))
        return tracing, passes, building

    made(12)  # what is worked out once
    few, many = made(48), made(96)
    for phase, before, after in zip(("trace", "passes", "build"), few, many, strict=True):
        assert after <= 2.3 * before, (phase, before, after)
