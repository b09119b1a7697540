"""Where a row stands: its plugins, its tests, its worked example."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...compiler.algebra import table
from ...compiler.catalogue import catalogue
from ...compiler.op import Op
from ...compiler.pipeline import DEFAULT_PASSES
from ...compiler.registry import registry
from .rows import Row, rows

ROOT = Path(__file__).resolve().parents[2]
"""The repository, where tests and examples are; an installed package has neither."""

PUBLIC = ("", "ops", "analysis", "distributions", "models", "losses", "nn", "optim")
"""Where users find things: chainrule itself, and its modules."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a row.

    Attributes
    ----------
    row : Row
        Which.
    plugins : tuple of str
        Files of ops, tools, models and rewrites, by module.
    api : tuple of str
        Names under which users find them.
    tests : tuple of str
        Files and names.
    example : Path or None
        The worked example.
    """

    row: Row
    plugins: tuple[str, ...]
    api: tuple[str, ...]
    tests: tuple[str, ...]
    example: Path | None

    @property
    def works(self) -> bool:
        """True where a plugin states the row and tests hold it."""
        return bool(self.plugins and self.tests)


@cache
def standing(id: str) -> Standing:
    """Where the row of that id stands.

    Raises
    ------
    KeyError
        If there is no such row.
    """
    row = rows()[id]
    found = [*_stated().get(id, ()), *_carrying(row)]
    modules = dict.fromkeys(module for module, _ in found)
    api = dict.fromkeys(name for _, function in found for name in _names(function))
    example = ROOT / "docs" / "theory" / "examples" / f"{id}.txt"
    return Standing(
        row, tuple(modules), tuple(api), _tests(row), example if example.exists() else None
    )


def _carrying(row: Row) -> list[tuple[str, Any]]:
    """The ops that a row names: they carry an identity."""
    return [(registry[name].__module__, registry[name]) for name in row.by if name in registry]


@cache
def _stated() -> dict[str, list[tuple[str, Any]]]:
    """What states each row, behind its module: ops, plugins that are no ops, rules and passes."""
    for module in ("analysis", "distributions", "models", "optim", "nn", "losses"):
        importlib.import_module(f"..{module}", __package__)
    ops = [(op.theory.split(), op.__module__, op) for op in registry]
    plugins = [
        (each.theory, each.function.__module__, each.function) for each in catalogue.values()
    ]
    rules = [(rule.theory.split(), home, rule) for home, rule in table.homes()]
    passes = [(each.theory.split(), each.run.__module__, each) for each in DEFAULT_PASSES]
    stated: dict[str, list[tuple[str, Any]]] = {}
    for ids, module, function in (*ops, *plugins, *rules, *passes):
        for id in ids:
            stated.setdefault(id, []).append((module, function))
    return stated


def _names(function: Any) -> Iterator[str]:
    """The public names of a function or op."""
    name = function.name if isinstance(function, Op) else getattr(function, "__name__", "")
    package = importlib.import_module(__name__.partition(".")[0])
    for place in PUBLIC:
        home = getattr(package, place) if place else package
        if getattr(home, name, None) is function:
            yield f"cr.{place}.{name}" if place else f"cr.{name}"


def _tests(row: Row) -> tuple[str, ...]:
    """The tests that are named after the row, where the repository is at hand."""
    begins = f"test_{row.id.replace('-', '_').lower()}_"
    path = ROOT / "tests" / "theory" / f"test_{row.family}.py"
    if not path.exists():
        return ()
    place = path.relative_to(ROOT).as_posix()
    return tuple(f"{place}::{name}" for name in _functions(path) if name.startswith(begins))


@cache
def _functions(path: Path) -> tuple[str, ...]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
