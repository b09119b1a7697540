"""What a function takes from around it: closures, globals, defaults, bound objects.

A captured NumPy array is a constant of the program, frozen when captured. When a name that the
function reads is bound to something else later, the program that was traced is no longer the
function's; the fingerprint here tells.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
from collections.abc import Callable, Iterator, Sequence
from operator import call, is_
from sys import intern
from typing import Any

import numpy as np

from ..compiler.attributes import FrozenArray
from ..compiler.provenance import is_library
from ..compiler.value import Value

Read = Callable[[], Any]

_MISSING = object()


class Captures:
    """The names around a function that are worth watching, and what they were bound to.

    Arrays, plain Python values, containers of them and functions are watched; a look at an
    unchanged function compares identities alone.

    Attributes
    ----------
    key : tuple
        What was captured, by value: arrays by digest, the rest as it is.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._reads: list[Read] = []
        self._seen: list[Any] = []
        visited: set[int] = set()
        self._watch(function, visited)
        self.key = tuple(map(_key_of, self._seen))

    def unchanged(self) -> bool:
        """True while every watched name is bound to the very object that it was."""
        # Runs in every call: without a generator it takes a third of the time.
        return all(map(is_, map(call, self._reads), self._seen))

    def _watch(self, thing: Any, visited: set[int]) -> None:
        if id(thing) in visited:
            return
        visited.add(id(thing))
        for read in _reads_of(thing):
            value = read()
            if (
                isinstance(value, _VALUES)
                or callable(value)
                or _holds_values(value)
                or _has_attributes(value)
            ):
                self._reads.append(read)
                self._seen.append(value)
            if _is_user_code(value) or _holds_values(value):
                self._watch(value, visited)


_VALUES = (bool, int, float, complex, str, np.ndarray, np.generic)


def _reads_of(thing: Any) -> Iterator[Read]:
    """Ways to read again what `thing` takes from around it."""
    if isinstance(thing, functools.partial):
        yield lambda: thing.func
        for i in range(len(thing.args)):
            yield functools.partial(thing.args.__getitem__, i)
        for name in thing.keywords:
            yield functools.partial(thing.keywords.get, name)
    elif isinstance(thing, types.MethodType):
        yield lambda: thing.__func__
        for name in getattr(thing.__self__, "__dict__", {}):
            yield functools.partial(getattr, thing.__self__, name, _MISSING)
        if isinstance(thing.__func__, types.FunctionType):
            names = _names_looked_up(thing.__func__.__code__)
            yield from _reads_of_attributes(thing.__self__, names, set())
    elif isinstance(thing, types.FunctionType):
        yield from _reads_of_function(thing)
    elif isinstance(thing, (list, tuple)):
        yield functools.partial(_length, thing)
        for i in range(len(thing)):
            yield functools.partial(_element, thing, i)
    elif isinstance(thing, dict):
        yield functools.partial(_length, thing)
        for name in thing:
            yield functools.partial(thing.get, name, _MISSING)
    elif hasattr(thing, "__wrapped__"):
        yield lambda: thing.__wrapped__
    elif not isinstance(thing, type):
        for name in getattr(thing, "__dict__", {}):
            yield functools.partial(getattr, thing, name, _MISSING)


def _reads_of_function(function: types.FunctionType) -> Iterator[Read]:
    known = function.__globals__
    names = _names_looked_up(function.__code__)
    around = [functools.partial(_cell_value, cell) for cell in function.__closure__ or ()]
    around += [functools.partial(known.get, name, _MISSING) for name in names if name in known]
    visited: set[int] = set()
    for read in around:
        yield read
        yield from _reads_of_attributes(read(), names, visited)
    for i in range(len(function.__defaults__ or ())):
        yield functools.partial(_default, function, i)
    for name in function.__kwdefaults__ or {}:
        yield functools.partial(_keyword_default, function, name)
    wrapped = inspect.unwrap(function)
    if wrapped is not function:
        yield lambda: wrapped


def _reads_of_attributes(thing: Any, names: set[str], visited: set[int]) -> Iterator[Read]:
    """Ways to read again the attributes of an object or a module that code with `names` reads."""
    if not _has_attributes(thing) or id(thing) in visited:
        return
    visited.add(id(thing))
    for name in sorted(names & vars(thing).keys()):
        read = functools.partial(getattr, thing, name, _MISSING)
        yield read
        yield from _reads_of_attributes(read(), names, visited)
    for name in sorted(names & vars(type(thing)).keys()):
        method = vars(type(thing))[name]
        if isinstance(method, types.FunctionType) and _is_user_code(method):
            bound = types.MethodType(method, thing)
            yield functools.partial(lambda bound: bound, bound)


def _names_looked_up(code: types.CodeType) -> set[str]:
    """Globals and attributes that a function and the functions inside it look up."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_looked_up(constant)
    return names


def _has_attributes(value: Any) -> bool:
    """True for modules and plain objects whose attributes a user may set."""
    if isinstance(value, types.ModuleType):
        return not is_library(value.__name__)
    if isinstance(value, (type, Value, *_VALUES)) or callable(value):
        return False
    return hasattr(value, "__dict__") and not is_library(type(value).__module__)


def _cell_value(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _MISSING


def _length(container: Any) -> str:
    """The length as an object that is the same each time, which a large int is not."""
    return intern(str(len(container)))


def _element(sequence: Sequence[Any], position: int) -> Any:
    return sequence[position] if position < len(sequence) else _MISSING


def _default(function: types.FunctionType, position: int) -> Any:
    return _element(function.__defaults__ or (), position)


def _keyword_default(function: types.FunctionType, name: str) -> Any:
    return (function.__kwdefaults__ or {}).get(name, _MISSING)


def _is_user_code(value: Any) -> bool:
    if isinstance(value, (functools.partial, types.MethodType)):
        return True
    if not isinstance(value, types.FunctionType):
        return callable(value) and hasattr(value, "__wrapped__")  # a compiled function
    return not is_library(value.__module__ or "")


def _holds_values(value: Any) -> bool:
    """True for the containers that parameters and settings are kept in.

    A list of numbers alone is not watched: it is as likely a log that the function appends to.
    """
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, np.ndarray) or _holds_values(item) for item in value)
    return isinstance(value, dict) or dataclasses.is_dataclass(value)


def _key_of(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return FrozenArray(value)
    if isinstance(value, float) and value != value:
        return "nan"
    if isinstance(value, _VALUES):
        return type(value), value
    if isinstance(value, (types.FunctionType, types.MethodType)):
        return getattr(value, "__code__", None)  # a method is made anew at each look
    return id(value) if callable(value) else None
