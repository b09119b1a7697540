"""Compiled functions inside one another, many deep."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.builder import Builder
from chainrule.compiler.graph import Graph
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.inline import inline


def nested(depth: int) -> Any:
    """A compiled function around another, and so on; each adds 1."""
    function = cr.compile(lambda x: x + 1)
    for _ in range(depth - 1):
        function = cr.compile(lambda x, inner=function: inner(x) + 1)
    return function


def test_two_hundred_compiled_functions_deep() -> None:
    limit = sys.getrecursionlimit()
    np.testing.assert_array_equal(nested(200)(np.zeros(2)), [200.0, 200.0])
    assert cr.grad(lambda x: nested(100)(x))(1.0) == 1.0
    assert sys.getrecursionlimit() == limit


def test_recursion_without_an_end_is_an_error() -> None:
    @cr.compile
    def endless(x: Any) -> Any:
        return endless(x) + 1

    def differentiated(x: Any) -> Any:
        return cr.grad(differentiated)(x)

    limit, failed = sys.getrecursionlimit(), []

    def run() -> None:
        for function in (endless, differentiated):
            with pytest.raises(RecursionError):
                function(1.0)
            failed.append(function)

    run()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert failed == [endless, differentiated] * 2
    assert sys.getrecursionlimit() == limit


def test_opening_calls_makes_each_unit_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = Builder.unit
    monkeypatch.setattr(Builder, "unit", lambda self, *a: made.append(1) or real(self, *a))

    def opened(depth: int) -> tuple[Graph, int]:
        graph = cr.trace(nested(depth))(np.zeros(2))
        made.clear()
        return inline(graph, Notes()), len(made)

    graph, few = opened(40)
    _, many = opened(80)
    assert [unit.op.name for unit in graph.units].count("add") == 40
    assert many <= 2 * few + 4
