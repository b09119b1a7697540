"""Programs on several threads: failures end in errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr


def test_the_second_of_two_checks_fails() -> None:
    @cr.compile(threads=2)
    def function(x: Any, i: Any, j: Any) -> Any:
        return np.tanh(x), x[i, j]

    x, i, j = np.ones((1000, 1000), "float32"), np.zeros(100, int), np.zeros(100, int)
    j[5] = 5000
    for _ in range(200):
        with pytest.raises(cr.ChainruleError, match="5000"):
            function(x, i, j)


@pytest.mark.parametrize("donated", [(), ("table",)], ids=["copied", "in place"])
@pytest.mark.parametrize("width", [64, 101, 700])
@pytest.mark.parametrize("count", [2, 3, 64])
def test_threads_share_the_columns_of_a_scatter(width: int, donated: Any, count: int) -> None:
    """Rows that are named more than once are added to in order, whoever does it."""
    rng = np.random.default_rng(width)
    table, rows = rng.normal(size=(300, width)), rng.normal(size=(80, 50, width))
    index = rng.integers(0, 9, (80, 50))
    wanted = table.copy()
    np.add.at(wanted, index, rows)

    @cr.compile(threads=count, donate_argnames=donated)
    def function(table: Any, rows: Any, index: Any) -> Any:
        return cr.ops.scatter_add(table, rows, index)

    assert f"{count} threads" in function.program(table, rows, index).explain()
    for _ in range(3):
        np.testing.assert_array_equal(function(table.copy(), rows, index), wanted)


def test_a_scatter_whose_rows_overlap_is_not_shared() -> None:
    """Windows: neighbouring updates write to the same elements."""
    rng = np.random.default_rng(0)
    x, start = rng.normal(size=4000), np.arange(3000)
    rows = rng.normal(size=(3000, 700))
    wanted = x.copy()
    np.add.at(wanted, start[:, None] + np.arange(700) % 900, rows)
    function = cr.compile(
        lambda x, u, i: cr.ops.scatter_add(x, u, i[:, None] + np.arange(700) % 900), threads=3
    )
    np.testing.assert_array_equal(function(x, rows, start), wanted)
