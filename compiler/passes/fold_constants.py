"""Constant folding: what depends on constants alone is computed once, while compiling.

Correct because the reference computes it in the working dtype, as it would when the program runs.
Effects stay, since they have a token among their inputs. A broadcast stays symbolic, and so does
what is made from its position alone: they cost nothing in a fused loop and would fill memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..builder import Builder
from ..constants import number_of, value_of
from ..errors import OutOfBoundsError
from ..graph import Graph, Unit
from ..interpret import evaluate_unit
from ..kinds import Contraction, Elementwise
from ..notes import Notes
from ..op import array_types
from ..registry import registry
from ..rewrite import rebuild, same_unit
from ..roles import Role
from ..types import ArrayType

RULE = "constant"

# A result may be larger than what it is made of up to here: a page.
SMALL_BYTES = 4096

# Multiply-adds that may be spent on one contraction while compiling: about a tenth of a second.
MOST_PRODUCTS = 2**26


def fold_constants(graph: Graph, notes: Notes) -> Graph:
    """The graph with units of constant inputs replaced by constants."""

    def visit(builder: Builder, unit: Unit, inputs: tuple[Unit, ...]) -> Unit | None:
        if not inputs or unit.op.structural or unit.op.effect:
            return None
        if not isinstance(unit.type, ArrayType):
            return None
        now = same_unit(builder, unit, inputs)
        reason = _too_dear(now)
        if reason and all(value_of(operand) is not None for operand in inputs):
            notes.refused(RULE, unit, reason, origin=graph.origin(unit))
            return now
        after = _everywhere(builder, now) or _folded(builder, now)
        if after is not None:
            notes.applied(RULE, unit, after=after, origin=graph.origin(unit))
        return after or now

    return rebuild(graph, visit)


def _folded(builder: Builder, unit: Unit) -> Unit | None:
    """The unit as a constant, when its inputs are and the result is not too large."""
    whole = [value_of(operand) for operand in unit.inputs]
    arrays = [_spread(operand) for operand in unit.inputs]
    if unit.op.role is Role.BROADCAST or any(array is None for array in arrays):
        return None
    sizes = [array.nbytes for array in whole if array is not None]
    if not sizes or unit.array_type.nbytes > max(SMALL_BYTES, sum(sizes)):
        return None
    result = _value(unit, arrays)
    return None if result is None else builder.constant(result, unit.array_type.weak).unit


def _spread(unit: Unit) -> Any:
    """The array of a constant, or of a constant broadcast, which takes no memory here."""
    if unit.op.role is Role.BROADCAST:
        source = value_of(unit.inputs[0])
        return None if source is None else np.broadcast_to(source, unit.shape)
    return value_of(unit)


def _everywhere(builder: Builder, unit: Unit) -> Unit | None:
    """The unit as one number broadcast, when each input is one number everywhere."""
    if not unit.shape or unit.array_type.size == 0:
        return None
    numbers = [number_of(operand) for operand in unit.inputs]
    if any(number is None for number in numbers):
        return None
    if unit.op.role in (Role.RESHAPE, Role.TRANSPOSE):
        number = numbers[0]
    elif isinstance(unit.op, Elementwise):
        scalar = Unit(unit.op, unit.inputs, unit.attributes, unit.array_type.with_shape(()))
        number = _value(scalar, [np.asarray(number) for number in numbers])
    else:
        return None
    value = builder.constant(number, unit.array_type.weak)
    spread: Unit = registry.role(Role.BROADCAST)(value, shape=unit.shape).unit
    return spread


def _value(unit: Unit, arrays: Sequence[Any]) -> Any:
    """The unit's value; None when it has none, which the program will say when it runs."""
    try:
        with np.errstate(all="ignore"):
            return evaluate_unit(unit, list(arrays))
    except OutOfBoundsError:
        return None


def _too_dear(unit: Unit) -> str:
    """Why the unit is not worth computing while compiling; empty when it is."""
    if isinstance(unit.op, Contraction):
        x, y = array_types([operand.type for operand in unit.inputs])
        labels = unit.op.labels((x, y), unit.attributes)
        extents = dict(zip((*labels.x, *labels.y), (*x.shape, *y.shape), strict=True))
        products = math.prod(extents.values())
        if products > MOST_PRODUCTS:
            return f"{products / 1e6:.0f} million products are too many while compiling"
    return ""
