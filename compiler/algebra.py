"""The table of rewrite rules: what may stand for what, and why it is the same number.

The rules themselves name ops and stand beside them; here is what a rule is and how it is tried.
A rule must hold for NaN, infinities and signed zeros (the sign and payload of a NaN aside) and for
derivatives of every order, because rules run before differentiation too; and it must leave less to
do, so that applying rules ends.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .builder import Builder
from .errors import PluginError
from .graph import Unit
from .op import Op
from .patterns import Pattern, Term
from .value import Value

Made = Callable[..., Any]


class Rule:
    """One rewrite: a pattern, what stands for it, and why.

    Parameters
    ----------
    pattern : Term
        What to look for.
    result : Pattern or callable
        What to put there. A callable takes values and attributes by the names of the pattern's
        variables, and `whole` for the matched value; it may return None to leave it.
    because : str
        Why the result is the same for NaN, infinities and signed zeros.
    when : callable, optional
        A condition, called in the same way.
    name : str
        How the rule reads in reports; the pattern and the result when not given.
    theory : str
        The rows of the theory that state it, with spaces between.
    """

    def __init__(
        self,
        pattern: Term,
        result: Pattern | Made,
        because: str,
        *,
        when: Made | None = None,
        name: str = "",
        theory: str = "",
    ) -> None:
        if not because:
            raise PluginError(f"rule {name or pattern}: say why it holds for NaN, inf and -0.0")
        if not name and not isinstance(result, Pattern):
            raise PluginError(f"rule {pattern}: a computed result needs a name to be reported by")
        self.pattern = pattern
        self.because = because
        self.name = name or f"{pattern} -> {result}"
        self.theory = theory
        self._result = result.build if isinstance(result, Pattern) else _by_name(result)
        self._when = None if when is None else _by_name(when)

    def apply(self, builder: Builder, unit: Unit) -> Unit | None:
        """The unit that stands for `unit` by this rule; None when it does not apply.

        Raises
        ------
        PluginError
            When the rule makes something of another type than it replaces.
        """
        for bound in self.pattern.matches(unit, {}):
            given = {
                name: builder.value(found) if isinstance(found, Unit) else found
                for name, found in bound.items()
            }
            given["whole"] = builder.value(unit)
            if self._when is not None and not self._when(given):
                continue
            made = self._result(given)
            if made is None:
                continue
            after = builder.lift(made).unit
            if after.type != unit.type:
                raise PluginError(f"rule {self.name}: makes {after.type} of {unit.type}")
            return after
        return None

    def __repr__(self) -> str:
        return f"<Rule {self.name}>"


class RuleTable:
    """Rules by the op at their root, in the order they were added."""

    def __init__(self) -> None:
        self._by_op: dict[Op, dict[str, Rule]] = {}
        self._homes: dict[Rule, str] = {}

    def add(self, *rules: Rule) -> None:
        """Enter rules; one of the same name takes the older one's place."""
        home = sys._getframe(1).f_globals.get("__name__", "")
        for rule in rules:
            self._homes[rule] = home
            self._by_op.setdefault(rule.pattern.op, {})[rule.name] = rule

    def of(self, op: Op) -> tuple[Rule, ...]:
        """The rules whose pattern is a call of `op`."""
        return tuple(self._by_op.get(op, {}).values())

    def homes(self) -> list[tuple[str, Rule]]:
        """The rules in use, each behind the name of the module that entered it."""
        return [(self._homes[rule], rule) for rule in self]

    def __iter__(self) -> Iterator[Rule]:
        return (rule for rules in self._by_op.values() for rule in rules.values())

    def __getitem__(self, name: str) -> Rule:
        return next(rule for rule in self if rule.name == name)


table = RuleTable()


def _by_name(function: Made) -> Callable[[Mapping[str, Any]], Any]:
    """`function` called with those of the bindings that its parameters name."""
    names = tuple(inspect.signature(function).parameters)
    return lambda bound: function(*(bound[name] for name in names))


__all__ = ["Rule", "RuleTable", "Value", "table"]
