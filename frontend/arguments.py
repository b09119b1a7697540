"""Arguments of traced functions: which are static, how leaves are named and typed."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compiler.dtypes import DType, as_dtype
from ..compiler.errors import ArgumentError, DTypeError
from ..compiler.types import ArrayType, type_of
from ..compiler.value import Value
from .pytree import Structure, flatten, leaf_names, unflatten


@dataclass(frozen=True, slots=True)
class ShapeDtype:
    """The shape and dtype of an array that need not exist.

    Examples
    --------
    >>> import chainrule as cr
    >>> cr.trace(lambda x: x * 2)(cr.ShapeDtype((3,), "float32")).output_types[0].dtype
    float32
    """

    shape: tuple[int, ...]
    dtype: DType

    def __init__(self, shape: int | Sequence[int], dtype: Any) -> None:
        extents = (shape,) if isinstance(shape, int) else tuple(shape)
        object.__setattr__(self, "shape", extents)
        object.__setattr__(self, "dtype", as_dtype(dtype))


def is_unlike_arrays(leaf: Any) -> bool:
    """True for subclasses of arrays in whose place a plain array gives other results."""
    if type(leaf) is np.ndarray or not isinstance(leaf, np.ndarray):
        return False
    # Naming np.ma imports it, which takes 10 ms; who has a masked array has done so.
    masked = sys.modules.get("numpy.ma")
    return isinstance(leaf, np.matrix) or (
        masked is not None and isinstance(leaf, masked.MaskedArray)
    )


def leaf_type(leaf: Any, name: str) -> ArrayType:
    """The type of one leaf of an argument; the error names the argument as the user wrote it."""
    if isinstance(leaf, Value):
        return leaf.type
    if isinstance(leaf, ShapeDtype):
        return ArrayType(leaf.shape, leaf.dtype)
    if isinstance(leaf, int) and not -(2**63) <= leaf < 2**63:
        raise DTypeError(f"the argument {name} is {leaf}, which does not fit int64")
    if is_unlike_arrays(leaf):
        raise ArgumentError(
            f"the argument {name} is a {type(leaf).__name__}, which computes by rules of its own",
            "Pass a plain array: np.asarray drops what the class adds",
        )
    if isinstance(leaf, (bool, int, float, complex, np.ndarray, np.generic)):
        return type_of(leaf)
    raise ArgumentError(
        f"the argument {name} is a {type(leaf).__name__}, wanted an array or a number",
        "Name it in static_argnames if it is a Python value that the program depends on",
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function, taken apart.

    Attributes
    ----------
    leaves : list
        Arrays and numbers of the traced arguments.
    structure : Structure
        Of ``(positional, keyword)`` without the static arguments.
    static : tuple of (str, object)
        Names and values of the static arguments.
    """

    leaves: list[Any]
    structure: Structure
    static: tuple[tuple[str, Any], ...]


class Parameters:
    """A function's signature, read once, and which of its arguments are static.

    Parameters
    ----------
    function : callable
        Any callable: functions, methods, partials, callable objects.
    static_argnames : str or sequence of str
        Arguments that are Python values: they key the program and are not traced.
    """

    def __init__(
        self, function: Callable[..., Any], static_argnames: str | Sequence[str] = ()
    ) -> None:
        self.function = function
        self.static = as_names(static_argnames)
        self.name = getattr(function, "__name__", type(function).__name__)
        try:
            self.signature: inspect.Signature | None = inspect.signature(function)
        except (TypeError, ValueError):
            self.signature = None
        check_names(self.signature, self.static, self.name)

    def take_apart(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """The call's leaves, structure and static values."""
        if not self.static:
            leaves, structure = flatten((args, kwargs))
            return Call(leaves, structure, ())
        static = []
        positional = list(args)
        for position, name in enumerate(self.names(len(args))):
            if name in self.static:
                static.append((name, args[position]))
                positional[position] = None
        named = {}
        for name, value in kwargs.items():
            if name in self.static:
                static.append((name, value))
            else:
                named[name] = value
        for name, value in static:
            check_hashable(name, value)
        leaves, structure = flatten((tuple(positional), named))
        return Call(leaves, structure, tuple(static))

    def call(self, structure: Structure, static: Sequence[tuple[str, Any]], leaves: Any) -> Any:
        """Call the function with these leaves in place of the arrays."""
        positional, named = unflatten(structure, leaves)
        positional = list(positional)
        names = self.names(len(positional))
        for name, value in static:
            if name in names:
                positional[names.index(name)] = value
            else:
                named[name] = value
        return self.function(*positional, **named)

    def names(self, count: int) -> list[str]:
        """The parameters that `count` positional arguments fall to; ``args[0]`` for variadic."""
        kinds = inspect.Parameter
        if self.signature is None:
            return [f"args[{i}]" for i in range(count)]
        parameters = self.signature.parameters.values()
        names = [
            p.name
            for p in parameters
            if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
        ]
        rest = next((p.name for p in parameters if p.kind is kinds.VAR_POSITIONAL), "args")
        return [*names[:count], *(f"{rest}[{i}]" for i in range(count - len(names)))]

    def leaf_names(self, call_structure: Structure) -> list[str]:
        """How the user would write each leaf."""
        return [name for _, name in self.owners(call_structure)]

    def owners(self, call_structure: Structure) -> list[tuple[str, str]]:
        """For each leaf the argument that it belongs to, and how the user would write it."""
        positional, named = call_structure.children()
        children = positional.children()
        keys = named.entries()
        roots = [*self.names(len(children)), *keys]
        owners: list[tuple[str, str]] = []
        for root, child in zip(roots, (*children, *named.children()), strict=True):
            owners += [(root, name) for name in leaf_names(child, root)]
        return owners


def as_names(names: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several, as a tuple."""
    return (names,) if isinstance(names, str) else tuple(names)


def check_names(signature: inspect.Signature | None, names: Sequence[str], function: str) -> None:
    """Refuse names that are no parameter of the function."""
    if signature is None:
        return
    parameters = signature.parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return
    for name in names:
        if name not in parameters:
            known = ", ".join(parameters)
            raise ArgumentError(f"{function} has no argument {name!r}; it has {known}")


def check_hashable(name: str, value: Any) -> None:
    """Refuse static values that cannot key a program."""
    if isinstance(value, Value):
        raise ArgumentError(f"the static argument {name} is a traced value of type {value.type}")
    try:
        hash(value)
    except TypeError:
        raise ArgumentError(
            f"the static argument {name} is a {type(value).__name__}, which has no hash",
            "Use a tuple for a list, or let it be traced",
        ) from None
