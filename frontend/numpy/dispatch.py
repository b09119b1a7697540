"""NumPy's two protocols, looked up in the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...compiler.errors import TracerError, UnsupportedError
from ...compiler.value import Value
from .table import TABLE, name_of, nearest, refused_parameter, unsupported

# What ``ufunc.reduce`` is called as a function.
REDUCTIONS = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "max",
    "minimum": "min",
    "logical_and": "all",
    "logical_or": "any",
}


def ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    """The result of ``ufunc.method(*inputs, **given)`` with traced values among the inputs."""
    name = name_of(ufunc)
    if given.get("out") is not None:
        raise _written_in_place(name, given["out"])
    if method == "reduce":
        return _reduce(name, inputs, given)
    if method == "at":
        raise UnsupportedError(
            f"np.{name}.at writes into its argument", "Use x = x.at[indices].add(values)"
        )
    if method != "__call__":
        near = {"accumulate": "cumsum", "outer": "outer"}.get(method, name)
        raise UnsupportedError(f"np.{name}.{method} does not take traced values", nearest(near))
    if name not in TABLE:
        raise unsupported(name)
    return TABLE[name](*inputs, **given)


def function(function: Any, args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    """The result of a NumPy function with traced values among its arguments."""
    name = name_of(function)
    if name not in TABLE:
        raise unsupported(name)
    return TABLE[name](*args, **given)


def _reduce(name: str, inputs: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    if name not in REDUCTIONS:
        raise UnsupportedError(
            f"np.{name}.reduce does not take traced values",
            f"Those of {', '.join(f'np.{known}' for known in REDUCTIONS)} do",
        )
    options = {"axis": 0, **given}
    return TABLE[REDUCTIONS[name]](*inputs, **options)


def _written_in_place(name: str, out: tuple[Any, ...]) -> Exception:
    """The error for ``out=``, which is also what ``array += traced`` asks for."""
    if any(isinstance(array, Value) for array in out):
        return refused_parameter(name, "out")
    return TracerError(
        f"np.{name} would write a traced value into a NumPy array (`out=`, or += and the like)",
        "Use the result: a = a + x instead of a += x",
    )
