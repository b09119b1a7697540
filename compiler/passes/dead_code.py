"""Dead code: results that nobody reads are not computed.

A graph is walked from its outputs, so a unit that nothing reads is in no graph to begin with.
What is left to remove lies in sub-graphs: results of a call or of a derivative that no `item`
picks, and the arguments that only those needed. Correct because units are pure; an effect stays,
since the token it gives is a result that the next effect, or the graph, reads.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..builder import Builder
from ..graph import Graph, Unit, flat_types
from ..notes import Notes
from ..rewrite import same_unit
from ..structural import CALL, ITEM, JVP, VJP
from ..types import TOKEN

RULE = "result that nobody reads"


def dead_code(graph: Graph, notes: Notes) -> Graph:
    """The graph with calls and derivatives that give only what is read."""
    if not any(unit.op in _PRUNED for unit in graph.units):
        return graph
    read = _items_read(graph)
    builder = Builder.seeded(graph)
    new: dict[Unit, Unit] = {}
    position: dict[Unit, dict[int, int]] = {}
    with builder.activate():
        for unit in graph.units:
            inputs = [new[operand] for operand in unit.inputs]
            with builder.inherit(graph.origin(unit)):
                if unit.op is ITEM and unit.inputs[0] in position:
                    index = position[unit.inputs[0]][unit.attributes["index"]]
                    new[unit] = builder.item(inputs[0], index)
                elif unit.op in _PRUNED and unit in read:
                    new[unit], position[unit] = _pruned(builder, unit, inputs, read[unit], notes)
                else:
                    new[unit] = same_unit(builder, unit, inputs)
    outputs = [new[unit] for unit in graph.outputs]
    return Graph(graph.name, graph.inputs, outputs, builder.origins)


def _items_read(graph: Graph) -> dict[Unit, set[int]]:
    """Which results of each unit are read; units whose tuple is read whole are left out."""
    read: dict[Unit, set[int]] = {}
    whole = set(graph.outputs)
    for unit in graph.units:
        for operand in unit.inputs:
            if unit.op is ITEM:
                read.setdefault(operand, set()).add(unit.attributes["index"])
            else:
                whole.add(operand)
    return {unit: items for unit, items in read.items() if unit not in whole}


def _pruned(
    builder: Builder, unit: Unit, inputs: Sequence[Unit], read: set[int], notes: Notes
) -> tuple[Unit, dict[int, int]]:
    """The unit without the results that are not read, and where each one left is now."""
    body: Graph = unit.attributes["graph"]
    attributes = dict(unit.attributes)
    count = len(body.outputs)
    moved = [i for i, end in enumerate(body.outputs) if end.type.differentiable]
    if unit.op is VJP:
        needed = read | set(attributes["seeds"])
    elif unit.op is JVP:
        needed = read | {i for n, i in enumerate(moved) if count + n in read}
    else:
        needed = read
    kept = [i for i, end in enumerate(body.outputs) if i in needed or end.type is TOKEN]
    left = list(kept)
    if unit.op is VJP:
        wanted = [n for n in range(len(attributes["wanted"])) if count + n in read]
        attributes["wanted"] = tuple(attributes["wanted"][n] for n in wanted)
        attributes["seeds"] = tuple(kept.index(i) for i in attributes["seeds"])
        left += [count + n for n in wanted]
    elif unit.op is JVP:
        left += [count + n for n, i in enumerate(moved) if i in kept]
    if len(left) == len(flat_types(unit.type)):
        now = same_unit(builder, unit, inputs)
    else:
        ends = [body.outputs[i] for i in kept]
        attributes["graph"] = Graph(body.name, body.inputs, ends, body.origins)
        type = unit.op.infer([operand.type for operand in inputs], attributes)
        now = builder.unit(unit.op, inputs, attributes, type)
        notes.applied(
            RULE,
            unit,
            f"{len(flat_types(unit.type)) - len(left)} of {body.name}",
            after=now,
            origin=builder.origins[now],
        )
    return now, {result: index for index, result in enumerate(left)}


_PRUNED = frozenset({CALL, VJP, JVP})
