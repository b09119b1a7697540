"""How messages call a traced array, and the arguments that it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from ..compiler.graph import Unit
from ..compiler.structural import INPUT
from ..compiler.types import ArrayType
from ..compiler.value import Value


def called(value: Value) -> str:
    """``the traced array x, float32[3]``, with its name where it is an argument."""
    origin = value.builder.origins.get(value.unit)
    name = f" {min(origin.names)}" if origin and origin.names else ""
    return f"the traced array{name} of type {ArrayType(value.shape, value.type.dtype)}"


def static_form(value: Value) -> str:
    """``static_argnames=("n",)`` for the scalar arguments that a value comes from, if they are
    few."""
    names = sorted({name for name in _arguments(value) if name.isidentifier()})
    if not names or len(names) > 3:
        return "static_argnames"
    listed = ", ".join(f'"{name}"' for name in names)
    return f"static_argnames=({listed}{',' if len(names) == 1 else ''})"


def _arguments(value: Value) -> Iterator[str]:
    """Names of the scalar arguments that the value was computed from."""
    stack, seen = [value.unit], set[Unit]()
    while stack:
        unit = stack.pop()
        if unit in seen:
            continue
        seen.add(unit)
        stack.extend(unit.inputs)
        if unit.op is INPUT and unit.array_type.shape == ():
            origin = value.builder.origins.get(unit)
            yield from origin.names if origin else ()
