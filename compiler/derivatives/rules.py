"""Calling an op's gradient rules, and deriving one direction from the other.

A plugin gives one rule; linearity gives the rest. Elementwise: the Jacobian is diagonal, so the
reverse rule applied to a tangent is the forward rule. Linear inputs: the op itself carries
tangents. Otherwise a rule is linear in its (co)tangent, and the transpose of a linear function is
its own reverse mode: run the given rule on a placeholder and pull back through what it built.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

from ..builder import Builder
from ..errors import GradientError
from ..graph import Unit, toposort
from ..kinds import Composite
from ..op import Op, Rule
from ..registry import registry
from ..rewrite import splice
from ..roles import Role
from ..structural import INPUT
from ..types import ArrayType
from ..value import Value

_placeholders = itertools.count(1)


def pull(builder: Builder, unit: Unit, ct: Any, needed: set[int]) -> list[Value | None]:
    """The cotangents of the unit's inputs at the positions `needed`."""
    op = unit.op
    if op.vjp_rule is not None:
        return _apply_vjp(builder, unit, ct, needed)
    if op.jvp_rule is not None:
        return _transpose_jvp(builder, unit, ct, needed)
    if isinstance(op, Composite):
        return _pull_inside(builder, unit, op, ct, needed)
    raise missing_rule(op)


def push(builder: Builder, unit: Unit, tangents: Sequence[Any]) -> Any:
    """The tangent of the unit's output for its inputs' tangents."""
    op = unit.op
    moving = {i for i, t in enumerate(tangents) if t is not None and op.is_differentiable(i)}
    if not moving:
        return None
    if op.jvp_rule is not None:
        given = tuple(t if i in moving else None for i, t in enumerate(tangents))
        return op.jvp_rule(given, *_values(builder, unit), **unit.attributes)
    if op.vjp_rule is None and isinstance(op, Composite):
        return _push_inside(builder, unit, op, tangents, moving)
    if op.vjp_rule is None:
        raise missing_rule(op)
    if op.kind == "elementwise":
        return _diagonal_jvp(builder, unit, tangents, moving)
    groups = [{i for i in range(len(unit.inputs)) if op.input_name(i) in g} for g in op.linear_in]
    if all(any(i in group for group in groups) for i in moving):
        return _linear_jvp(builder, unit, tangents, groups)
    return _transpose_vjp(builder, unit, tangents, moving)


def _pull_inside(
    builder: Builder, unit: Unit, op: Composite, ct: Any, needed: set[int]
) -> list[Value | None]:
    """A composite that a rule built, and that `inline` has not seen, is pulled through its body."""
    from .transforms import pulled_back

    body = op.subgraph([operand.type for operand in unit.inputs], unit.attributes)
    cts = ct if isinstance(ct, tuple) else (ct,)
    seeds = [i for i, part in enumerate(cts) if part is not None]
    wanted = sorted(needed)
    pulled = pulled_back(body, wanted, seeds)
    given = [*unit.inputs, *(cts[i].unit for i in seeds)]
    results = splice(builder, pulled, given, op.name, builder.origins.get(unit))
    found = dict(zip(wanted, results[len(body.outputs) :], strict=True))
    return [builder.value(found[i]) if i in found else None for i in range(len(unit.inputs))]


def _push_inside(
    builder: Builder, unit: Unit, op: Composite, tangents: Sequence[Any], moving: set[int]
) -> Any:
    """The tangents of a composite's results, through its body."""
    from .transforms import linearised

    body = op.subgraph([operand.type for operand in unit.inputs], unit.attributes)
    order = sorted(moving)
    given = [*unit.inputs, *(tangents[i].unit for i in order)]
    linear = linearised(body, order)
    results = splice(builder, linear, given, op.name, builder.origins.get(unit))
    rest = iter(results[len(body.outputs) :])
    pushed = [
        builder.value(next(rest)) if output.type.differentiable else None for output in body.outputs
    ]
    return pushed[0] if len(pushed) == 1 else tuple(pushed)


def missing_rule(op: Op) -> GradientError:
    """The error for an op that has no derivative rule."""
    return GradientError(f"{op.name} has no gradient rule", "Attach one with @op.vjp")


def _values(builder: Builder, unit: Unit) -> list[Any]:
    """The rule's view of a unit: its inputs, then its output."""
    return [*(builder.value(operand) for operand in unit.inputs), builder.results(unit)]


def _apply_vjp(builder: Builder, unit: Unit, ct: Any, needed: set[int]) -> list[Value | None]:
    rule = unit.op.vjp_rule
    assert rule is not None
    attributes = dict(unit.attributes)
    if _asks_what_is_wanted(rule):
        attributes["wanted"] = needed
    result = rule(ct, *_values(builder, unit), **attributes)
    parts = list(result) if isinstance(result, tuple) else [result]
    if len(parts) != len(unit.inputs):
        raise GradientError(
            f"the vjp rule of {unit.op.name} gives {len(parts)} cotangents for "
            f"{len(unit.inputs)} inputs"
        )
    return [None if part is None else builder.lift(part) for part in parts]


@cache
def _asks_what_is_wanted(rule: Rule) -> bool:
    return "wanted" in inspect.signature(rule).parameters


def _diagonal_jvp(builder: Builder, unit: Unit, tangents: Sequence[Any], moving: set[int]) -> Any:
    total = None
    for position in sorted(moving):
        part = _apply_vjp(builder, unit, tangents[position], {position})[position]
        total = _added(total, part)
    return total


def _linear_jvp(
    builder: Builder, unit: Unit, tangents: Sequence[Any], groups: Sequence[set[int]]
) -> Any:
    total = None
    for group in groups:
        if all(tangents[i] is None for i in group):
            continue
        operands = [
            (tangents[i] if tangents[i] is not None else zeros(builder, operand.array_type))
            if i in group
            else builder.value(operand)
            for i, operand in enumerate(unit.inputs)
        ]
        total = _added(total, unit.op(*operands, **unit.attributes))
    return total


def _transpose_vjp(builder: Builder, unit: Unit, tangents: Sequence[Any], moving: set[int]) -> Any:
    from .reverse import cotangents

    ct = _placeholder(builder, unit.array_type)
    parts = _apply_vjp(builder, unit, ct, moving)
    ends = [
        (part.unit, tangents[i]) for i, part in enumerate(parts) if part is not None and i in moving
    ]
    (total,) = cotangents(builder, [e for e, _ in ends], [t for _, t in ends], [ct.unit])
    return _free_of(ct.unit, total, unit.op)


def _transpose_jvp(builder: Builder, unit: Unit, ct: Any, needed: set[int]) -> list[Value | None]:
    from .reverse import cotangents

    rule = unit.op.jvp_rule
    assert rule is not None
    moving = {i: _placeholder(builder, unit.inputs[i].array_type) for i in sorted(needed)}
    given = tuple(moving.get(i) for i in range(len(unit.inputs)))
    pushed = rule(given, *_values(builder, unit), **unit.attributes)
    units = [value.unit for value in moving.values()]
    parts: dict[int, Value | None] = {}
    if pushed is not None:
        found = cotangents(builder, [builder.lift(pushed).unit], [ct], units)
        parts = dict(zip(moving, found, strict=True))
    for i, part in parts.items():
        _free_of(moving[i].unit, part, unit.op)
    return [parts.get(i) for i in range(len(unit.inputs))]


def _placeholder(builder: Builder, type: ArrayType) -> Value:
    """A unit that stands for any (co)tangent while a linear rule is transposed."""
    strong = ArrayType(type.shape, type.dtype)
    attributes = {"index": -next(_placeholders), "type": strong}
    return builder.value(builder.unit(INPUT, (), attributes, strong))


def _free_of(placeholder: Unit, total: Value | None, op: Op) -> Value | None:
    if total is not None and placeholder in toposort([total.unit]):
        raise GradientError(f"the gradient rule of {op.name} is not linear in its cotangent")
    return total


def _added(total: Any, part: Any) -> Any:
    if total is None or part is None:
        return part if total is None else total
    return registry.role(Role.ADD)(total, part)


def zeros(builder: Builder, type: ArrayType) -> Value:
    """Zeros of the type: one literal, broadcast."""
    zero = builder.constant(type.dtype.numpy.type(0))
    return zero if not type.shape else registry.role(Role.BROADCAST)(zero, shape=type.shape)
