"""Warnings name the user's own line, however deep in the library they arise."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.runtime.errors import DonationWarning


def line_of(act: Callable[[], Any], category: type[Warning]) -> tuple[str, int]:
    with pytest.warns(category) as caught:
        act()
    (found,) = [each for each in caught if issubclass(each.category, category)]
    return found.filename, found.lineno


def here() -> tuple[str, int]:
    """This file and the line of the caller."""
    return __file__, sys._getframe(1).f_lineno


class Model:
    @cr.compile(donate_argnames="w")
    def step(self, w: Any, x: Any) -> Any:
        return w + x


@pytest.mark.parametrize("calls_before", [0, 3])
@pytest.mark.parametrize("backend_of", ["function", "method"])
def test_a_donation(calls_before: int, backend_of: str) -> None:
    model = Model()
    if backend_of == "method":
        step = model.step
    else:
        step = cr.compile(lambda w, x: w + x, donate_argnames="w")
    for _ in range(calls_before):
        step(np.ones(3), np.ones(3))
    w = np.ones(3)
    found, place = line_of(lambda: step(w, w), DonationWarning), here()
    assert found == place


def test_a_promotion() -> None:
    def function(x: Any) -> Any:
        return x * np.float64(2)

    place = __file__, function.__code__.co_firstlineno + 1
    x = np.ones(3, np.float32)
    assert line_of(lambda: cr.compile(function)(x), cr.PromotionWarning) == place


def test_a_recompilation() -> None:
    compiled = cr.compile(lambda x: x + 1)
    for size in range(8):
        compiled(np.ones(size))
    found, place = line_of(lambda: compiled(np.ones(9)), cr.RecompilationWarning), here()
    assert found == place


def test_a_cache_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "programs"
    folder.write_text("no folder")
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(folder))
    compiled = cr.compile(lambda x: x + 1)
    found, place = line_of(lambda: compiled(np.ones(3)), cr.CacheWarning), here()
    assert found == place
