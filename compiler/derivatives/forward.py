"""Forward mode: tangents flow from the inputs along the units to the outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..builder import Builder
from ..graph import Unit, toposort
from ..provenance import Origin
from ..structural import ITEM
from ..types import TupleType
from ..value import Value
from .reverse import conform
from .rules import push

Tangent = Value | tuple[Value | None, ...] | None


def tangents(
    builder: Builder, outputs: Sequence[Unit], moving: Mapping[Unit, Value]
) -> list[Value | None]:
    """The tangents of `outputs` for the inputs' tangents; None for zero.

    Parameters
    ----------
    builder : Builder
        Holds the units and receives the new ones; it must be the active builder.
    moving : mapping of Unit to Value
        The inputs that move, and how.
    """
    known: dict[Unit, Tangent] = dict(moving)
    for unit in toposort(outputs):
        if unit in known or not unit.type.differentiable:
            continue
        parts = [known.get(operand) for operand in unit.inputs]
        if all(part is None for part in parts):
            continue
        with builder.inherit(builder.origins.get(unit, Origin()).derived()):
            if unit.op is ITEM:
                (whole,) = parts
                assert isinstance(whole, tuple)
                known[unit] = whole[unit.attributes["index"]]
                continue
            tangent = push(builder, unit, parts)
            if isinstance(tangent, Value) and not isinstance(unit.type, TupleType):
                tangent = conform(builder, tangent, unit)
            known[unit] = tangent
    return [known.get(unit) for unit in outputs]  # type: ignore[misc]
