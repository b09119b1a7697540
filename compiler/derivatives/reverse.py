"""Reverse mode: cotangents flow from the outputs to the inputs that were asked for.

The engine does once what no rule should repeat: it visits only units between the wanted inputs
and the outputs, adds up fan-out, undoes broadcasting and casts, and drops what cannot have a
cotangent. A zero cotangent is None and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..builder import Builder
from ..graph import Unit, toposort
from ..provenance import Origin
from ..registry import registry
from ..roles import Role
from ..structural import ITEM
from ..types import TupleType
from ..value import Value
from .rules import pull

Cotangents = list[Value | None]


def cotangents(
    builder: Builder,
    outputs: Sequence[Unit],
    seeds: Sequence[Value | None],
    wanted: Sequence[Unit],
) -> Cotangents:
    """The cotangents of `wanted` for the outputs' cotangents `seeds`.

    Parameters
    ----------
    builder : Builder
        Holds the units and receives the new ones; it must be the active builder.
    outputs, seeds : sequences of equal length
        Outputs of the graph and their cotangents; None for zero.
    wanted : sequence of Unit
        Where cotangents are asked for.

    Returns
    -------
    list of Value or None
        One per wanted unit, of its type; None where it does not reach the outputs.
    """
    order = toposort(outputs)
    active = reached_from(wanted, order)
    sums = _Sums(builder)
    for unit, seed in zip(outputs, seeds, strict=True):
        if unit in active:
            sums.add(unit, seed)
    results = {}
    for unit in reversed(order):
        if unit not in active:
            continue
        origin = builder.origins.get(unit, Origin()).derived("backward")
        with builder.inherit(origin):
            total = sums.take(unit)
            if unit in wanted:
                results[unit] = total
            if total is None or not unit.inputs:
                continue
            if unit.op is ITEM and isinstance(total, Value):
                sums.add_item(unit.inputs[0], unit.attributes["index"], total)
                continue
            needed = {i for i, operand in enumerate(unit.inputs) if operand in active}
            for position, ct in enumerate(pull(builder, unit, total, needed)):
                if ct is not None and position in needed:
                    sums.add(unit.inputs[position], conform(builder, ct, unit.inputs[position]))
    return [results.get(unit) for unit in wanted]  # type: ignore[misc]


def reached_from(sources: Iterable[Unit], order: Sequence[Unit]) -> set[Unit]:
    """The units of `order` whose value depends differentiably on one of the sources."""
    active = {unit for unit in sources if unit.type.differentiable}
    for unit in order:
        if unit.type.differentiable and any(
            operand in active and (unit.op.structural or unit.op.is_differentiable(position))
            for position, operand in enumerate(unit.inputs)
        ):
            active.add(unit)
    return active


def conform(builder: Builder, ct: Value, like: Unit) -> Value:
    """The cotangent in the type of the input it belongs to: broadcasting and casts undone."""
    ct = builder.lift(ct)
    wanted = like.array_type
    extra = ct.ndim - wanted.ndim
    stretched = tuple(range(extra)) + tuple(
        extra + axis
        for axis, extent in enumerate(wanted.shape)
        if extra + axis >= 0 and extent == 1 and ct.shape[extra + axis] != 1
    )
    if stretched:
        ct = registry.role(Role.SUM)(ct, axis=stretched, keepdims=True)
    if extra > 0:
        ct = registry.role(Role.RESHAPE)(ct, shape=wanted.shape)
    if ct.shape != wanted.shape:
        ct = registry.role(Role.BROADCAST)(ct, shape=wanted.shape)
    if ct.type.dtype is not wanted.dtype or ct.type.weak:
        ct = registry.role(Role.CAST)(ct, dtype=wanted.dtype)
    return ct


class _Sums:
    """Cotangents collected so far, per unit and, for units with several results, per result."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.parts: dict[Unit, list[Value]] = {}
        self.items: dict[Unit, dict[int, Value]] = {}

    def add(self, unit: Unit, ct: Value | None) -> None:
        if ct is not None:
            self.parts.setdefault(unit, []).append(ct)

    def add_item(self, unit: Unit, index: int, ct: Value) -> None:
        self.items.setdefault(unit, {})[index] = ct

    def take(self, unit: Unit) -> Value | tuple[Value | None, ...] | None:
        """The unit's whole cotangent; a tuple for a unit with several results."""
        if isinstance(unit.type, TupleType):
            parts = self.items.pop(unit, {})
            return tuple(parts.get(i) for i in range(len(unit.type.items))) if parts else None
        cts = self.parts.pop(unit, [])
        if not cts:
            return None
        total = cts[0]
        for ct in cts[1:]:
            total = registry.role(Role.ADD)(total, ct)
        return total
