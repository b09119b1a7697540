"""Safe masks: a branch that a mask throws away gets inputs inside its ops' domains.

The derivative of ``where(x > 0, sqrt(x) * log(x), 0)`` at -1 would be 0 times NaN. So the branch is
computed on ``where(mask, x, safe)`` at each op with a domain, the mask being where the branch is
chosen. Correct because values at chosen positions stay the same bits, and those at the others are
thrown away. What is also read outside the mask is kept beside, as it was.

The mask goes from the choice down through elementwise ops and movements, which keep track of
positions. A reduction, a product or a gather mixes them: the pass notes that it stops there.
A unit has two forms at most, one for readers outside all masks and one for all masked readers,
whose mask is the disjunction of theirs; so the work stays linear in the size of the graph.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..builder import Builder
from ..constants import number_of, value_of
from ..derivatives.rules import pull
from ..domains import Domain
from ..dtypes import bool_, float32
from ..graph import Graph, Unit
from ..kinds import Elementwise, Movement
from ..notes import Notes
from ..registry import registry
from ..rewrite import same_unit
from ..roles import Role
from ..types import ArrayType
from ..value import Value

RULE = "safe input under a mask"


def safe_masks(graph: Graph, notes: Notes) -> Graph:
    """The graph, soon to be differentiated, with finite derivatives where a branch is dropped."""
    survey = _Survey(graph)
    if not any(_is_choice(unit) and survey.concerns & set(unit.inputs) for unit in graph.units):
        return graph
    builder = Builder.seeded(graph)
    with builder.activate():
        demand = _Demand(builder, graph, survey)
        for unit in demand.stopped:
            reason = f"{unit.op.name} stands between the mask and {survey.below[unit]}: not covered"
            notes.refused(RULE, unit, reason, origin=graph.origin(unit))
        outputs = _rebuilt(builder, graph, demand, notes)
    return Graph(graph.name, graph.inputs, outputs, builder.origins)


class _Survey:
    """What there is below each unit.

    Attributes
    ----------
    below : dict of Unit to str
        A unit's own op with a domain, or one that it depends on, by name.
    concerns : set of Unit
        Units to which a mask must be brought: a domain lies below, or what hides one.
    """

    def __init__(self, graph: Graph) -> None:
        self.below: dict[Unit, str] = {}
        self.concerns: set[Unit] = set()
        for unit in graph.units:
            moving = [unit.inputs[i] for i in _moving(unit)]
            named = [self.below[operand] for operand in moving if operand in self.below]
            own = any(True for _ in _domains(unit))
            if own:
                self.below[unit] = unit.op.name
            elif named:
                self.below[unit] = named[0]
            open = _keeps_positions(unit) and self.concerns.intersection(moving)
            if own or open or (unit in self.below and not _keeps_positions(unit)):
                self.concerns.add(unit)


class _Demand:
    """Who reads what under which mask, found from the outputs down.

    Attributes
    ----------
    plain : set of Unit
        Units read outside all masks.
    masks : dict of Unit to Value
        Units read under masks, and where any of them needs the value.
    choices, inside : dicts of Unit to set of int
        Which inputs of a choice outside all masks, of a unit under a mask, are read under one.
    stopped : list of Unit
        Units at which a mask cannot go on.
    """

    def __init__(self, builder: Builder, graph: Graph, survey: _Survey) -> None:
        self.builder = builder
        self.concerns = survey.concerns
        self.plain = {*graph.outputs, *graph.inputs}
        self.masks: dict[Unit, Value] = {}
        self.choices: dict[Unit, set[int]] = {}
        self.inside: dict[Unit, set[int]] = {}
        self.stopped: list[Unit] = []
        for unit in reversed(graph.units):
            with builder.inherit(graph.origin(unit)):
                self._visit(unit)

    def _visit(self, unit: Unit) -> None:
        if unit in self.masks:
            if _keeps_positions(unit):
                self.inside[unit] = self._pass_on(unit, self._below(unit, self.masks[unit]))
            else:
                self.stopped.append(unit)
                self.plain.add(unit)
        if unit in self.plain:
            self.choices[unit] = self._pass_on(unit, self._below(unit, None))

    def _pass_on(self, unit: Unit, masks: dict[int, Value]) -> set[int]:
        """Demand the inputs of `unit`, some of them under masks; returns which."""
        for i, operand in enumerate(unit.inputs):
            if i not in masks:
                self.plain.add(operand)
            elif operand not in self.masks:
                self.masks[operand] = masks[i]
            elif self.masks[operand].unit is not masks[i].unit:
                self.masks[operand] = registry.role(Role.ADD)(self.masks[operand], masks[i])
        return set(masks)

    def _below(self, unit: Unit, mask: Value | None) -> dict[int, Value]:
        """The masks of the inputs of a unit that is read under `mask`."""
        moving = {i for i in _moving(unit) if unit.inputs[i] in self.concerns}
        if not moving:
            return {}
        if _is_choice(unit) and unit.inputs[1] is not unit.inputs[2]:
            condition = self.builder.value(unit.inputs[0])
            sides = {1: condition, 2: registry.role(Role.SELECT)(condition, False, True)}
            if mask is not None:
                sides = {i: registry.role(Role.MULTIPLY)(mask, side) for i, side in sides.items()}
            return {i: sides[i] for i in moving}
        if mask is None:
            return {}
        if isinstance(unit.op, Elementwise):
            return dict.fromkeys(moving, mask)
        return _moved_back(self.builder, unit, mask, moving)


def _rebuilt(builder: Builder, graph: Graph, demand: _Demand, notes: Notes) -> list[Unit]:
    """The outputs, on masked forms where they are demanded."""
    plain: dict[Unit, Unit] = {}
    masked: dict[Unit, Unit] = {}

    def operands(unit: Unit, under: set[int]) -> list[Unit]:
        return [masked[x] if i in under else plain[x] for i, x in enumerate(unit.inputs)]

    for unit in graph.units:
        with builder.inherit(graph.origin(unit)):
            if unit in demand.plain:
                plain[unit] = same_unit(builder, unit, operands(unit, demand.choices[unit]))
            if unit in demand.inside:
                inputs = operands(unit, demand.inside[unit])
                for i, domain in _domains(unit):
                    value = builder.value(inputs[i])
                    value = registry.role(Role.SELECT)(demand.masks[unit], value, domain.safe)
                    inputs[i] = value.unit
                    detail = f"{unit.op.name} wants {domain.text}"
                    notes.applied(RULE, unit, detail, after=value.unit, origin=graph.origin(unit))
                masked[unit] = same_unit(builder, unit, inputs)
            elif unit in demand.masks:
                masked[unit] = plain[unit]
    return [plain[unit] for unit in graph.outputs]


def _moved_back(builder: Builder, unit: Unit, mask: Value, wanted: set[int]) -> dict[int, Value]:
    """Which elements of a movement's inputs the chosen positions of its output come from.

    They are those with a cotangent when each chosen position has the cotangent 1: counts of
    readers, which never cancel.
    """
    cast = registry.role(Role.CAST)
    found = pull(builder, unit, cast(mask, dtype=float32), wanted)
    return {
        i: cast(ct, dtype=bool_) for i, ct in enumerate(found) if i in wanted and ct is not None
    }


def _is_choice(unit: Unit) -> bool:
    """True for a choice that is not made yet."""
    return unit.op.role is Role.SELECT and number_of(unit.inputs[0]) is None


def _keeps_positions(unit: Unit) -> bool:
    """True when each output element comes from known positions of the inputs."""
    if isinstance(unit.op, Movement):
        return all(operand.type.differentiable for operand in unit.inputs)
    return isinstance(unit.op, Elementwise)


def _moving(unit: Unit) -> list[int]:
    """The positions of inputs through which derivatives flow."""
    if not unit.type.differentiable:
        return []
    return [
        i
        for i, operand in enumerate(unit.inputs)
        if operand.type.differentiable and (unit.op.structural or unit.op.is_differentiable(i))
    ]


def _domains(unit: Unit) -> Iterator[tuple[int, Domain]]:
    """The inputs that must lie in a domain and are not constants inside it."""
    if not unit.op.domain or not isinstance(unit.type, ArrayType):
        return
    for i in _moving(unit):
        domain = unit.op.domain.get(unit.op.input_name(i))
        if domain is None:
            continue
        number = number_of(unit.inputs[i])
        known = value_of(unit.inputs[i]) if number is None else number
        if known is None or not np.all(domain.contains(known)):
            yield i, domain
