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
