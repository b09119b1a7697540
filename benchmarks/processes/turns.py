"""Contestants in turns where each figure needs a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from ..runner.workload import Skip

T = TypeVar("T")

ENOUGH_SECONDS = 30.0
"""A contestant that took so long already has no further turn."""


def in_turns(
    names: Iterable[str], rounds: int, measure: Callable[[str], T]
) -> tuple[dict[str, list[T]], dict[str, str]]:
    """What `measure` found for each contestant, once a round, and why some found nothing."""
    found: dict[str, list[T]] = {name: [] for name in names}
    spent = dict.fromkeys(found, 0.0)
    skipped: dict[str, str] = {}
    for _ in range(rounds):
        for name, figures in found.items():
            if name in skipped or spent[name] > ENOUGH_SECONDS:
                continue
            started = time.monotonic()
            try:
                figures.append(measure(name))
            except Skip as reason:
                skipped[name] = str(reason)
            spent[name] += time.monotonic() - started
    return {name: figures for name, figures in found.items() if figures}, skipped
