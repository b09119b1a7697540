"""Common sub-expressions: what is computed twice is computed once.

Within one builder equal units are one unit already. This pass adds what the builder does not see:
equal units that were made apart (read from a text, joined from several builders), and calls of a
commutative op on the same inputs in the other order, which give the same bits. Of those the first
stays. Effects are never merged: each has a token of its own among its inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph import Graph, Unit, unit_key
from ..notes import Notes
from ..provenance import Origin
from ..structural import INPUT
from ..symmetry import is_symmetric

RULE = "computed once"


def common_subexpressions(graph: Graph, notes: Notes) -> Graph:
    """The graph with equal units merged; a merged unit has the origins of all."""
    units: dict[Any, Unit] = {}
    origins: dict[Unit, Origin] = {}
    new: dict[Unit, Unit] = {}
    for unit in graph.units:
        inputs = tuple(new[operand] for operand in unit.inputs)
        found = None if unit.op is INPUT else _known(units, unit, inputs)
        if found is None:
            kept = inputs == unit.inputs
            found = unit if kept else Unit(unit.op, inputs, unit.attributes, unit.type)
            units[found.key] = found
            origins[found] = graph.origin(unit)
        else:
            origins[found] |= graph.origin(unit)
            notes.applied(RULE, unit, after=found, origin=graph.origin(unit))
        new[unit] = found
    return Graph(graph.name, graph.inputs, [new[unit] for unit in graph.outputs], origins)


def _known(units: dict[Any, Unit], unit: Unit, inputs: Sequence[Unit]) -> Unit | None:
    """The unit met before that computes the same, if there is one."""
    found = units.get(unit_key(unit.op, tuple(inputs), unit.attributes, unit.type))
    if found is None and is_symmetric(unit):
        turned = tuple(reversed(inputs))
        found = units.get(unit_key(unit.op, turned, unit.attributes, unit.type))
    return found
