"""Every row that has begun is whole: a plugin, tests, an example; pages say what is."""

from __future__ import annotations

import doctest
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from chainrule.compiler.registry import registry
from chainrule.frontend.cli import main
from chainrule.frontend.theory import FAMILIES, rows, standing
from chainrule.frontend.theory.pages import page

ROOT = Path(__file__).parents[2]
THEORY = ROOT / "docs" / "theory"

STATED = ("lin", "act", "loss", "ad", "mat", "nlp", "norm", "prob", "P18")
"""Families of which every row is stated, and rows of others; the rest is listed as missing."""

LATER = ("mat-03", "mat-04")
"""Rows of these families that wait for ops."""


def test_the_list_is_whole() -> None:
    assert len([id for id in rows() if not id.startswith("P")]) == 156
    assert len([id for id in rows() if id.startswith("P")]) == 26
    for row in rows().values():
        assert re.fullmatch(r"[a-z]+-\d\d|P\d\d", row.id)
        assert row.name
        assert row.formula
        assert row.check
        assert all(name in registry for name in row.by), row.id


def test_a_stated_row_has_a_plugin_tests_and_an_example() -> None:
    missing = []
    for row in rows().values():
        if row.id in LATER or not {row.id, row.family} & set(STATED):
            continue
        found = standing(row.id)
        parts = {"plugin": found.plugins, "test": found.tests}
        if row.kind != "pass":  # a rewrite is shown by what it rewrites
            parts["example"] = found.example
        missing += [f"{row.id} has no {name}" for name, part in parts.items() if not part]
    assert missing == []


@pytest.mark.parametrize("family", FAMILIES)
def test_examples_print_what_they_say(family: str) -> None:
    for path in sorted((THEORY / "examples").glob(f"{family}-*.txt")):
        assert path.stem in rows()
        result = doctest.testfile(str(path), module_relative=False)
        assert result.attempted > 0, path
        assert result.failed == 0, path


@pytest.mark.parametrize("family", FAMILIES)
def test_pages_are_up_to_date(family: str) -> None:
    """`chainrule theory --pages docs/theory` writes them."""
    path = THEORY / f"{family}.md"
    assert page(family, THEORY) == (path.read_text(encoding="utf-8") if path.exists() else None)


def test_the_command_line_lists_all_rows() -> None:
    listing = CliRunner().invoke(main, ["theory"]).stdout
    assert all(re.search(rf"^  {id} ", listing, re.MULTILINE) for id in rows())
    found = json.loads(CliRunner().invoke(main, ["theory", "pwl-01", "--json"]).stdout)
    assert found["plugins"] == ["chainrule.ops.pwl.relu"]
    assert found["api"] == ["cr.ops.relu"]
    assert "missing" in CliRunner().invoke(main, ["theory", "conv-01"]).stdout


def test_a_row_that_is_none() -> None:
    result = CliRunner().invoke(main, ["theory", "pwl-99"])
    assert result.exit_code == 2
    assert "no row is named 'pwl-99'; the nearest are" in result.stderr
