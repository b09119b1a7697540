"""The rows of the theory, kept as data: a file in ``rows/`` for each family."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

FAMILIES = (
    *("lin", "ridge", "pwl", "act", "loss", "ad", "mat", "opt", "norm", "reg", "conv", "nlp"),
    *("rnn", "ae", "gen", "prob", "pass"),
)
"""In the order of the theory; the last holds what the theory asks of the compiler."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation, system, theorem or pass.

    Attributes
    ----------
    id : str
        Such as ``"pwl-01"``.
    family : str
        One of `FAMILIES`.
    name : str
        What the field calls it.
    kind : str
        Such as ``"op"`` or ``"analysis + model"``.
    formula : str
        In LaTeX or plain text.
    check : str
        What its tests show.
    by : tuple of str
        The ops that carry an identity which has no plugin of its own.
    """

    id: str
    family: str
    name: str
    kind: str
    formula: str
    check: str
    by: tuple[str, ...] = ()


@cache
def rows() -> dict[str, Row]:
    """All rows by id, family after family."""
    found = {}
    for family in FAMILIES:
        for entry in _read(family)["row"]:
            row = Row(family=family, **{**entry, "by": tuple(entry.get("by", ()))})
            found[row.id] = row
    return found


@cache
def title(family: str) -> str:
    """What a family is about, as the title of its page."""
    name: str = _read(family)["title"]
    return name


def _read(family: str) -> dict[str, Any]:
    text = (files(__package__) / "rows" / f"{family}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
