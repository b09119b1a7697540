"""What can be read from units about linearity: sums, linear inputs, factors that are finite."""

from __future__ import annotations

import numpy as np

from .constants import value_of
from .graph import Unit
from .kinds import Elementwise, Movement
from .roles import Role
from .scalar import Word

_SIGNS = {Word.ADD: (1, 1), Word.SUBTRACT: (1, -1)}


def signs_of(unit: Unit) -> tuple[int, int] | None:
    """The signs of the two terms of a sum; None for a unit that is no sum.

    Read from the body, so that no plugin has to promise it.
    """
    if not isinstance(unit.op, Elementwise) or len(unit.inputs) != 2 or unit.op.effect:
        return None
    body = unit.op.body([operand.array_type for operand in unit.inputs], unit.attributes)
    taken = [operand.detail for operand in body.operands if operand.word is Word.INPUT]
    return _SIGNS.get(body.word) if taken == [0, 1] else None


def linear_group(unit: Unit, position: int) -> frozenset[int] | None:
    """The inputs, `position` among them, in which an elementwise unit is jointly linear.

    A conversion is linear only where it rounds nothing: from a float to a wider one.
    """
    if not isinstance(unit.op, Elementwise) or unit.op.effect:
        return None
    if unit.op.role is Role.CAST and not _widens(unit):
        return None
    name = unit.op.input_name(position)
    for group in unit.op.linear_in:
        if name in group:
            positions = range(len(unit.inputs))
            return frozenset(i for i in positions if unit.op.input_name(i) in group)
    return None


def _widens(unit: Unit) -> bool:
    before, after = unit.inputs[0].array_type.dtype, unit.array_type.dtype
    wider = before is after or after.itemsize > before.itemsize
    return before.is_float and after.is_float and wider


def is_surely_finite(unit: Unit) -> bool:
    """True when no element can be infinite or NaN.

    Known of integers, of constants, and of what is moved or converted from them.
    """
    while True:
        if not unit.array_type.dtype.is_inexact:
            return True
        value = value_of(unit)
        if value is not None:
            return bool(np.isfinite(value).all())
        moved = isinstance(unit.op, Movement) and len(unit.inputs) == 1
        if not moved and unit.op.role is not Role.CAST:
            return False
        unit = unit.inputs[0]
