"""Python integers as arguments: they must fit the dtypes that the program gives them.

A traced integer gives way to the arrays beside it, as in NumPy. Whether it fits their dtype is
known when it is given; the cast in the program would keep its low bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..compiler.attributes import subgraphs
from ..compiler.dtypes import DType
from ..compiler.errors import DTypeError
from ..compiler.graph import Graph, Unit
from ..compiler.roles import Role
from ..compiler.types import ArrayType


def integer_casts(graph: Graph) -> dict[int, list[DType]]:
    """The dtypes that each input which is a Python integer is cast to, in sub-graphs too."""
    found: dict[int, list[DType]] = {}
    known = {unit: i for i, unit in enumerate(graph.inputs) if _is_python_integer(unit)}
    waiting = [(graph, known)] if known else []
    while waiting:
        each, positions = waiting.pop()
        for unit in each.units:
            if unit.op.role is Role.CAST and unit.inputs[0] in positions:
                found.setdefault(positions[unit.inputs[0]], []).append(unit.array_type.dtype)
            for inner in subgraphs(unit.attributes):
                pairs = zip(inner.inputs, unit.inputs, strict=False)  # seeds follow the inputs
                inside = {unit: positions[outer] for unit, outer in pairs if outer in positions}
                if inside:
                    waiting.append((inner, inside))
    integers = {i: [each for each in found[i] if each.is_integer] for i in found}
    return {i: dtypes for i, dtypes in integers.items() if dtypes}


def _is_python_integer(unit: Unit) -> bool:
    return isinstance(unit.type, ArrayType) and unit.type.weak and unit.type.dtype.is_integer


def common_range(dtypes: Sequence[DType]) -> range:
    """The integers that all of them hold."""
    ranges = [dtype.integers for dtype in dtypes]
    return range(max(each.start for each in ranges), min(each.stop for each in ranges))


def check_integers(
    casts: Mapping[int, Sequence[DType]], leaves: Sequence[Any], names: Sequence[str]
) -> None:
    """Refuse a Python integer that does not fit.

    Raises
    ------
    DTypeError
        Naming the argument, its value and the dtype.
    """
    for position, dtypes in casts.items():
        leaf = leaves[position]
        for dtype in dtypes:
            if isinstance(leaf, int) and leaf not in dtype.integers:
                name = names[position]
                raise DTypeError(f"the argument {name} is {leaf}, which does not fit {dtype}")
