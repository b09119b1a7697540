"""What a function takes from around it: closures, globals, defaults, bound objects.

A captured NumPy array is a constant of the program, frozen when captured. When a name that the
function reads is bound to something else later, or the list or set behind it has other elements,
the program that was traced is no longer the function's; the fingerprint here tells.
"""

from __future__ import annotations

import dataclasses
import dis
import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from operator import call, is_
from sys import intern
from typing import Any

import numpy as np

from ..compiler.attributes import FrozenArray
from ..compiler.value import Value
from ..runtime.frames import is_library

Read = Callable[[], Any]

_MISSING = object()


class Captures:
    """The names around a function that are worth watching, and what they were bound to.

    Arrays, plain Python values, containers of them and functions are watched; a look at an
    unchanged function compares identities alone.

    Parameters
    ----------
    function : callable
        Whose captures they are.
    written : sequence of lists and sets
        Those that the function itself changes when it is traced: logs, which are not watched.

    Attributes
    ----------
    key : tuple
        What was captured, by value: arrays by digest, the rest as it is.
    """

    def __init__(self, function: Callable[..., Any], written: Sequence[Any] = ()) -> None:
        self._reads: list[Read] = []
        self._seen: list[Any] = []
        self._contents: dict[int, Any] = {}  # the lists and sets, by their place in the others
        visited: set[Any] = {*map(id, written)}
        self._watch(function, visited)
        self.key = tuple(map(_key_of, self._seen))

    def unchanged(self) -> bool:
        """True while every watched name is bound to the very object that it was."""
        # Runs in every call: without a generator it takes a third of the time.
        return all(map(is_, map(call, self._reads), self._seen))

    def written(self) -> list[Any]:
        """The lists and sets that have other elements now."""
        return [held for i, held in self._contents.items() if self._reads[i]() is not self._seen[i]]

    def without(self, written: Sequence[Any]) -> Captures:
        """The same captures, but for the content of these lists and sets."""
        known = {*map(id, written)}
        kept = [i for i in range(len(self.key)) if id(self._contents.get(i)) not in known]
        others = copy(self)
        others._reads = [self._reads[i] for i in kept]
        others._seen = [self._seen[i] for i in kept]
        others._contents = {n: self._contents[i] for n, i in enumerate(kept) if i in self._contents}
        others.key = tuple(self.key[i] for i in kept)
        return others

    def _watch(self, function: Callable[..., Any], visited: set[Any]) -> None:
        waiting: list[tuple[Any, bool]] = [(function, True)]
        while waiting:
            thing, named = waiting.pop()
            place = (id(thing.__self__), id(thing.__func__)) if _is_bound(thing) else id(thing)
            if place in visited:
                continue
            visited.add(place)
            if isinstance(thing, tuple):  # its elements stay; what they hold may not
                waiting += [
                    (e, named) for e in thing if _is_user_code(e) or _holds_values(e, named)
                ]
                continue
            for read in _reads_of(thing):
                value, known = read(), named and not isinstance(read, _Unnamed)
                holds = _holds_values(value, known)
                if isinstance(value, _VALUES) or callable(value) or holds or _has_attributes(value):
                    if isinstance(value, _Content):
                        self._contents[len(self._reads)] = thing
                    self._reads.append(read)
                    self._seen.append(value)
                if _is_user_code(value) or holds:
                    waiting.append((value, known))


class _Content(tuple[Any, ...]):
    """The elements of a list when it was looked at."""

    __slots__ = ()


class _Members(_Content):
    """Those of a set, in any order."""

    __slots__ = ()


class _Unnamed(functools.partial[Any]):
    """A read of an attribute that the code may never look up."""


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
        if isinstance(thing.__func__, types.FunctionType):
            names = _names_looked_up(thing.__func__.__code__)
            yield from _reads_of_named(thing.__self__, names, set())
        for name in getattr(thing.__self__, "__dict__", {}):
            yield _Unnamed(getattr, thing.__self__, name, _MISSING)
    elif isinstance(thing, types.FunctionType):
        yield from _reads_of_function(thing)
    elif isinstance(thing, list):
        elements = _Content(thing)
        yield lambda: elements if _has_elements(thing, elements) else _Content(thing)
    elif isinstance(thing, set):
        members = _Members(thing)
        yield lambda: members if _has_members(thing, members) else _Members(thing)
    elif isinstance(thing, dict):
        yield functools.partial(_length, thing)
        for name in thing:
            yield functools.partial(thing.get, name, _MISSING)
    elif hasattr(thing, "__wrapped__"):
        yield lambda: thing.__wrapped__
    elif not isinstance(thing, type):
        if _is_callable_object(thing):
            yield from _reads_of(types.MethodType(type(thing).__call__, thing))
        else:
            for name in getattr(thing, "__dict__", {}):
                yield _Unnamed(getattr, thing, name, _MISSING)


def _reads_of_function(function: types.FunctionType) -> Iterator[Read]:
    known = function.__globals__
    names = _names_looked_up(function.__code__)
    around = [functools.partial(_cell_value, cell) for cell in function.__closure__ or ()]
    own = sorted(_globals_read(function.__code__) & known.keys())
    around += [functools.partial(known.get, name, _MISSING) for name in own]
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
    yield from _reads_of_named(thing, names, visited)


def _reads_of_named(thing: Any, names: set[str], visited: set[int]) -> Iterator[Read]:
    own = getattr(thing, "__dict__", {})
    for name in sorted(names):
        shared = inspect.getattr_static(thing.__class__, name, _MISSING)
        if name not in own and isinstance(shared, types.FunctionType) and _is_user_code(shared):
            bound = types.MethodType(shared, thing)
            yield functools.partial(lambda bound: bound, bound)
        elif name in own or isinstance(shared, (dict, list, set, tuple, *_VALUES)):
            read = functools.partial(getattr, thing, name, _MISSING)
            yield read
            yield from _reads_of_attributes(read(), names, visited)


def _names_looked_up(code: types.CodeType) -> set[str]:
    """Globals and attributes that a function and the functions inside it look up."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_looked_up(constant)
    return names


@functools.lru_cache(maxsize=1024)
def _globals_read(code: types.CodeType) -> frozenset[str]:
    """Globals alone: an attribute ``losses`` is not the list of that name in somebody's script."""
    names = {step.argval for step in dis.get_instructions(code) if step.opname in _LOADS}
    inner = (each for each in code.co_consts if isinstance(each, types.CodeType))
    return frozenset(names.union(*map(_globals_read, inner)))


_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")


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


def _has_elements(held: list[Any], content: _Content) -> bool:
    return len(held) == len(content) and all(map(is_, held, content))


def _has_members(held: set[Any], content: _Members) -> bool:
    """By type too: 1, 1.0 and True are equal, and programs differ."""
    return {(type(each), each) for each in held} == {(type(each), each) for each in content}


def _element(sequence: Sequence[Any], position: int) -> Any:
    return sequence[position] if position < len(sequence) else _MISSING


def _default(function: types.FunctionType, position: int) -> Any:
    return _element(function.__defaults__ or (), position)


def _keyword_default(function: types.FunctionType, name: str) -> Any:
    return (function.__kwdefaults__ or {}).get(name, _MISSING)


def _is_bound(value: Any) -> bool:
    return isinstance(value, types.MethodType)


def _is_user_code(value: Any) -> bool:
    if isinstance(value, functools.partial):
        return True
    if _is_bound(value):
        return _is_user_code(value.__func__)
    if isinstance(value, types.FunctionType):
        return _is_users(value.__module__ or "")
    if _is_callable_object(value) and _is_users(type(value).__module__):
        return True
    return callable(value) and hasattr(value, "__wrapped__")  # a compiled function


def _is_callable_object(value: Any) -> bool:
    return callable(value) and isinstance(type(value).__call__, types.FunctionType)


def _is_users(module: str) -> bool:
    known = module.partition(".")[0] in sys.stdlib_module_names and module != "__main__"
    return not known and not is_library(module)


def _holds_values(value: Any, named: bool) -> bool:
    """True for the containers that parameters and settings are kept in.

    A list or a set of plain values is watched where the code names it: in an attribute that it does
    not, it is as likely a log that somebody appends to after each call.
    """
    if isinstance(value, (list, set, tuple)):
        return named or any(isinstance(e, np.ndarray) or _holds_values(e, False) for e in value)
    return isinstance(value, dict) or dataclasses.is_dataclass(value)


def _key_of(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return FrozenArray(value)
    if isinstance(value, float) and value != value:
        return "nan"
    if isinstance(value, _VALUES):
        return type(value), value
    if isinstance(value, _Members):
        return frozenset(map(_key_of, value))
    if isinstance(value, tuple):
        return tuple(map(_key_of, value))
    if isinstance(value, (types.FunctionType, types.MethodType)):
        return getattr(value, "__code__", None)  # a method is made anew at each look
    return id(value) if callable(value) else None
