"""Arrays that are zero but for named rows: how they are made of rows, summed and added to others.

Such an array is a scatter that adds to zeros. What is linear in it is made of its rows alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .builder import Builder
from .constants import number_of
from .derivatives.rules import pull, zeros
from .graph import Unit
from .kinds import Scatter
from .linearity import is_surely_finite, linear_group, signs_of
from .registry import registry
from .roles import Role
from .structural import INPUT
from .types import ArrayType
from .value import Value


class UnfitError(Exception):
    """Why something is not made of rows."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What an array that is zero but for named rows is made of.

    Attributes
    ----------
    parts : tuple of (Unit, Unit)
        A scatter that names rows, and what is added there; in order.
    type : ArrayType
        Of the array whose rows are named. The unit may be a view of it under another shape.
    sources : frozenset of Unit
        The scatters into zeros that it comes from.
    """

    parts: tuple[tuple[Unit, Unit], ...]
    type: ArrayType
    sources: frozenset[Unit]

    @property
    def size(self) -> int:
        """How many elements are added."""
        return sum(rows.array_type.size for _, rows in self.parts)

    def onto(self, builder: Builder, base: Unit) -> Unit:
        """`base`, which may be a view of such an array too, with the rows added."""
        made = _shaped(builder, base, self.type.shape)
        for scatter, rows in self.parts:
            operands = map(builder.value, (made, rows, *scatter.inputs[2:]))
            made = scatter.op(*operands, **scatter.attributes).unit
        return _shaped(builder, made, base.shape)

    def whole(self, builder: Builder, shape: tuple[int, ...]) -> Unit:
        """The array with all its zeros, under a shape."""
        return _shaped(builder, self.onto(builder, zeros(builder, self.type).unit), shape)


def begins(unit: Unit) -> bool:
    """True for a scatter that adds floats to zeros."""
    if not isinstance(unit.op, Scatter) or not unit.array_type.dtype.is_float:
        return False
    return unit.op.adds and number_of(unit.inputs[0]) == 0


def sum_of(
    builder: Builder, unit: Unit, known: Mapping[Unit, Rows]
) -> tuple[Rows, Unit | None] | None:
    """The rows that a sum adds, and its other term if that is a whole array; None for no sum.

    Raises
    ------
    UnfitError
        When rows cannot be added to the other term.
    """
    signs = signs_of(unit)
    if signs is None:
        return None
    parts: list[tuple[Unit, Unit]] = []
    whole = None
    found = [known[term] for term in unit.inputs if term in known]
    if any(each.type != found[0].type for each in found):
        raise UnfitError(f"{unit.op.name} sums rows of arrays of different shapes")
    for term, sign in zip(unit.inputs, signs, strict=True):
        if term in known:
            parts += [
                (scatter, rows if sign > 0 else _negated(builder, unit, rows))
                for scatter, rows in known[term].parts
            ]
        elif number_of(term) != 0:
            whole = term
            if sign < 0:
                raise UnfitError(f"{unit.op.name} changes the sign of every row of its other term")
    sources = frozenset().union(*(each.sources for each in found))
    return Rows(tuple(parts), found[0].type, sources), whole


def _negated(builder: Builder, unit: Unit, rows: Unit) -> Unit:
    """What a difference makes of rows of its second term."""
    made: Unit = unit.op(zeros(builder, rows.array_type), builder.value(rows)).unit
    return made


def image(builder: Builder, unit: Unit, known: Mapping[Unit, Rows]) -> Rows:
    """What a linear unit makes of its one operand that is made of rows.

    Raises
    ------
    UnfitError
        When the unit is not linear in it, or a zero row may not give a zero row.
    """
    places = [i for i, operand in enumerate(unit.inputs) if operand in known]
    group = linear_group(unit, places[0])
    if len(places) > 1 or group is None:
        raise UnfitError(f"{unit.op.name} is not linear: rows named twice must be summed before")
    place, found = places[0], known[unit.inputs[places[0]]]
    for i, operand in enumerate(unit.inputs):
        if i in group and i != place and number_of(operand) != 0:
            raise UnfitError(f"{unit.op.name} takes {named(builder, operand)} for other rows")

    def part(scatter: Unit, rows: Unit) -> Unit:
        operands = [
            builder.value(rows)
            if i == place
            else zeros(builder, operand.array_type.with_shape(rows.shape))
            if i in group
            else _beside(builder, unit, operand, scatter, rows)
            for i, operand in enumerate(unit.inputs)
        ]
        made: Unit = unit.op(*operands, **unit.attributes).unit
        return made

    parts = tuple((scatter, part(scatter, rows)) for scatter, rows in found.parts)
    return Rows(parts, found.type.with_dtype(unit.array_type.dtype), found.sources)


def _beside(builder: Builder, unit: Unit, factor: Unit, scatter: Unit, rows: Unit) -> Value:
    """A factor's elements for the rows: the same number, or those that the scatter names."""
    number = _one_number(builder, factor)
    if number is not None:
        known = number_of(factor)
        if known is not None and not math.isfinite(known):
            raise UnfitError(f"{unit.op.name} by {known} makes NaN of rows that are zero")
        spread: Value = registry.role(Role.BROADCAST)(number, shape=rows.shape)
        return spread
    if not is_surely_finite(factor):
        reason = "may hold infinities, which make NaN of rows that are zero"
        raise UnfitError(f"the factor {named(builder, factor)} of {unit.op.name} {reason}")
    whole = builder.value(_shaped(builder, factor, scatter.shape))
    found = pull(builder, scatter, whole, {1})[1]
    assert found is not None, f"{scatter.op.name} has no cotangent for its updates"
    return found


def _one_number(builder: Builder, unit: Unit) -> Value | None:
    """The scalar that every element of `unit` is; None for more than one number."""
    while unit.op.role is Role.BROADCAST:
        (unit,) = unit.inputs
    return builder.value(_shaped(builder, unit, ())) if unit.array_type.size == 1 else None


def named(builder: Builder, unit: Unit) -> str:
    """What a reason calls a unit: an argument by its name, another by its op's."""
    names = builder.origins[unit].names if unit.op is INPUT else ()
    return min(names, default=unit.op.name)


def _shaped(builder: Builder, unit: Unit, shape: tuple[int, ...]) -> Unit:
    """The unit under another shape."""
    if unit.shape == shape:
        return unit
    made: Unit = registry.role(Role.RESHAPE)(builder.value(unit), shape=shape).unit
    return made
