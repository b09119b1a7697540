"""Applying an op: to values it adds a unit, to arrays it computes, to scalars it inlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .builder import Builder, current, leaked
from .errors import LocatedError
from .patterns import Pattern, term
from .scalar import Scalar
from .types import TupleType, type_of
from .value import Value, describe_operand

if TYPE_CHECKING:
    from .op import Op


def apply(op: Op, args: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """The result of calling `op`.

    Inside a trace the result is a value. Outside, arrays in give arrays out, computed by the
    reference. Inside another op's scalar body the op's own body is inlined. On the variables of a
    rewrite rule the result is a pattern.
    """
    for arg in args:
        if isinstance(arg, Scalar):
            return op.function(*args, **attributes)
        if isinstance(arg, Pattern):
            return term(op, tuple(args), attributes)
    builder = current()
    if builder is not None:
        return apply_in(builder, op, args, attributes)
    for arg in args:
        if isinstance(arg, Value):
            raise leaked(arg).within(op.name, [])
    return apply_to_arrays(op, args, attributes)


def apply_in(builder: Builder, op: Op, args: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """Add a unit of `op` to `builder`; errors gain the op's name, operands and user's line."""
    values: Sequence[Any] = args
    try:
        args, complete = op.bind(args, attributes)
        values = lifted = [builder.lift(arg) for arg in args]
        prepared, complete = op.prepare(builder, lifted, complete)
        type = op.infer([value.unit.type for value in prepared], complete)
    except LocatedError as error:
        lines = [describe_operand(op.input_name(i), value) for i, value in enumerate(values)]
        raise error.within(op.name, lines) from error.__cause__
    inputs = [value.unit for value in prepared]
    if not op.effect:
        return builder.results(builder.unit(op, inputs, complete, type))
    unit = builder.unit(op, [builder.next_token(), *inputs], complete, type)
    builder.token = unit if not isinstance(type, TupleType) else builder.item(unit, 0)
    return None if unit is builder.token else builder.results(unit)[1:]


def apply_to_arrays(op: Op, args: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """The op's value on arrays and Python numbers, by the reference interpreter."""
    from .interpret import evaluate

    builder = Builder()
    arrays: list[Any] = []

    def enter(arg: Any) -> Any:
        if not isinstance(arg, np.ndarray) or not arg.shape:
            return arg
        arrays.append(arg)
        return builder.value(builder.input(type_of(arg)))

    with builder.activate():
        results = apply_in(builder, op, [enter(arg) for arg in args], attributes)
    several = isinstance(results, tuple)
    units = [value.unit for value in (results if several else (results,))]
    outputs = [output[()] for output in evaluate(builder.graph(op.name, units), arrays)]
    return tuple(outputs) if several else outputs[0]
