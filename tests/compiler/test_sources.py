"""Digests of code: whatever changes what a function computes changes its digest."""

from __future__ import annotations

import functools
import sys
import textwrap
import threading
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from chainrule import ops
from chainrule.compiler.algebra import Rule, RuleTable
from chainrule.compiler.patterns import variables
from chainrule.compiler.sources import UnreadableError, digest_of, is_own, op_digest, own_digest

PLUGIN = """
    import math
    from functools import cache
    import numpy as np
    from chainrule.compiler.plugin import elementwise, ordinary, select
    import digest_helpers
    from digest_helpers import scale

    FACTOR = 2.0
    TABLE = {"low": (0.5, 1.5)}
    WEIGHTS = np.array([1.0, 2.0])

    def made_with(power):
        def inner(x):
            return x * power
        return inner

    twice = made_with(2.0)

    def unrelated(x):
        return x * 17

    @elementwise(formula="f(x)", reference=lambda x: x * FACTOR)
    def f(x):
        '''Says what it does.'''
        rest = digest_helpers.deep(x) + float(WEIGHTS[0])
        return scale(twice(x)) * FACTOR + TABLE["low"][0] + rest

    @f.vjp
    def f_vjp(ct, x, out):
        return ct * 3.0

    f.samples(ordinary())
"""
HELPERS = """
    LIMIT = 4.0

    def inmost(x):
        return x * LIMIT

    def scale(x):
        return inmost(x) + 1.0

    def deep(x):
        return x * 0.25

    def unused(x):
        return x * 0.5
"""


def module(name: str, text: str) -> ModuleType:
    made = ModuleType(name)
    sys.modules[name] = made
    exec(compile(textwrap.dedent(text), f"{name}.py", "exec"), made.__dict__)
    return made


def digest(plugin: str = PLUGIN, helpers: str = HELPERS) -> str:
    """The digest of the op in the plugin's text, as a process that loads it anew sees it."""
    from chainrule.compiler.registry import registry

    try:
        module("digest_helpers", helpers)
        op = module("digest_plugin", plugin).f
        found = op_digest(op)
        registry.remove(op)
        return found
    finally:
        sys.modules.pop("digest_helpers", None)
        sys.modules.pop("digest_plugin", None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FACTOR = 2.0", "FACTOR = 2.5"),  # a global of the body
        ("scale(twice(x)) * FACTOR", "scale(twice(x)) - FACTOR"),  # the body
        ("(0.5, 1.5)", "(0.75, 1.5)"),  # inside a container
        ("np.array([1.0, 2.0])", "np.array([1.5, 2.0])"),
        ("made_with(2.0)", "made_with(3.0)"),  # a closure
        ("return x * power", "return x / power"),
        ("ct * 3.0", "ct * 3.5"),  # the gradient rule
        ("lambda x: x * FACTOR", "lambda x: x / FACTOR"),  # the reference, which folding runs
        ('formula="f(x)"', 'formula="f(x)", accepts="f"'),  # the record
    ],
)
def test_a_change_of_the_plugin_changes_the_digest(before: str, after: str) -> None:
    assert PLUGIN.count(before) == 1
    assert digest(PLUGIN.replace(before, after)) != digest()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("LIMIT = 4.0", "LIMIT = 5.0"),  # a helper's helper's global
        ("inmost(x) + 1.0", "inmost(x) + 2.0"),
        ("x * 0.25", "x * 0.125"),  # found through the module
    ],
)
def test_a_change_of_a_helper_changes_the_digest(before: str, after: str) -> None:
    assert HELPERS.count(before) == 1
    assert digest(helpers=HELPERS.replace(before, after)) != digest()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x * 17", "x * 18"),
        ('formula="f(x)"', 'formula="g(x)"'),
        ("    import math\n", "    import math\n\n\n    # A remark.\n"),
    ],
)
def test_what_no_program_depends_on_keeps_the_digest(before: str, after: str) -> None:
    assert digest(PLUGIN.replace(before, after)) == digest()


def test_what_a_helper_does_not_give_keeps_the_digest() -> None:
    assert digest(helpers=HELPERS.replace("x * 0.5", "x * 0.75")) == digest()


def test_the_digest_of_an_op_of_our_own_is_its_name() -> None:
    assert op_digest(ops.exp) == "exp"
    assert len(own_digest()) == 32


@pytest.mark.parametrize(
    ("module", "own"),
    [
        ("chainrule", True),
        ("chainrule.compiler.builder", True),
        ("chainrule.frontend.losses", True),
        ("chainrule_example_plugin", False),
        ("chainrule_example_plugin.ops", False),
        ("__main__", False),
        (__name__, False),
    ],
)
def test_own_modules_are_those_of_the_package(module: str, own: bool) -> None:
    assert is_own(module) is own


@dataclass(frozen=True)
class Point:
    x: float


class Holder:
    def __init__(self, value: float) -> None:
        self.value = value

    def run(self, x: float) -> float:
        return x + self.value


def holding(value: Any) -> Any:
    return lambda: value


@functools.cache
def cached_one(x: float) -> float:
    return x + 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ("1", b"1"),
        ((1, 2), [1, 2]),
        ((1, (2,)), ((1, 2),)),
        ({1, 2}, {1, 3}),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        (np.float32(1), np.float64(1)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.arange(3), np.arange(3)[::-1]),
        (np.dtype("f4"), np.dtype("f8")),
        (np.sin, np.cos),
        (np.sum, np.prod),
        (len, abs),
        (ops.exp, ops.log),
        (Point(1.0), Point(2.0)),
        (Holder(1.0), Holder(2.0)),
        (Holder(1.0).run, Holder(2.0).run),
        (functools.partial(holding, 1), functools.partial(holding, 2)),
        (cached_one, functools.cache(lambda x: x + 2)),
        (lambda x: x + 1, lambda x: x - 1),
        (lambda x, y=1: x, lambda x, y=2: x),
        (lambda x: [x + 1 for _ in "ab"], lambda x: [x + 2 for _ in "ab"]),
        (Point, Holder),
    ],
)
def test_different_values_have_different_digests(one: Any, other: Any) -> None:
    same, again, different = (digest_of([holding(value)]) for value in (one, one, other))
    assert same == again
    assert same != different


def test_sets_have_one_digest_in_any_order() -> None:
    one, other = {0, 8}, {8, 0}
    assert list(one) != list(other)  # both numbers want one place in the table
    assert digest_of([one]) == digest_of([other])


def test_functions_that_name_each_other_have_a_digest() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    assert digest_of([holding(cycle)]) == digest_of([holding(cycle)])


@pytest.mark.parametrize("value", [iter([]), threading.Lock(), np.array([object()])])
def test_what_has_no_content_is_refused(value: Any) -> None:
    with pytest.raises(UnreadableError):
        digest_of([holding(value)])


def test_changed_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chainrule.compiler import sources

    monkeypatch.setattr(sources, "LOADED_AT", 0)
    own_digest.cache_clear()
    with pytest.raises(UnreadableError, match="changed after chainrule was imported"):
        own_digest()


def test_a_rule_remembers_who_entered_it() -> None:
    (x,) = variables("x")
    rule = Rule(ops.neg(ops.neg(x)), x, "the sign comes back")
    table = RuleTable()
    table.add(rule)
    assert table.homes() == [(__name__, rule)]
