"""Digests of code: of chainrule itself, and of the functions of plugins from outside.

chainrule's own modules count as one, by their files. What others wrote is read from the loaded
functions: bytecode, constants, defaults, closures and every global that the code names, helpers and
their helpers among them. A helper of an installed package that states its version counts as that
version; an object with no content that could be read ends in `UnreadableError`.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from . import LOADED_AT
from .attributes import is_graph
from .op import Op

PACKAGE = __name__.partition(".")[0]
FOLDERS = ("compiler", "frontend", "ops", "runtime")  # all that a plugin may call

# Fields of an op that no program depends on: what it tells people, and what it has worked out.
_TOLD = {"accepted", "category", "formula", "kink", "refused", "sealed", "theory", "ulp"}
_WORKED_OUT = {"_bodies", "_folds", "_graphs", "__doc__", "__module__", "__name__"}
_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), np.dtype)


class UnreadableError(Exception):
    """Something that a program may depend on has no content to take a digest of."""


@cache
def own_digest() -> str:
    """The digest of chainrule's own sources.

    Raises
    ------
    UnreadableError
        When a file changed after chainrule was loaded, or there are no files: the digest would
        not be that of the code that runs.
    """
    digest = hashlib.blake2b(digest_size=16)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder in FOLDERS:
        for path in sorted(_sources(os.path.join(root, folder))):
            with open(path, "rb") as file:
                found = os.fstat(file.fileno())
                if max(found.st_mtime_ns, found.st_ctime_ns) > LOADED_AT:
                    raise UnreadableError(f"{path} changed after chainrule was imported")
                content = file.read()
            digest.update(f"{path[len(root) :]} {len(content)} ".encode())
            digest.update(content)
    return digest.hexdigest()


def _sources(folder: str) -> list[str]:
    """Every Python file below a folder; `os.walk` takes a fifth of the time of `Path.rglob`."""
    found = [
        os.path.join(place, name)
        for place, _, names in os.walk(folder)
        for name in names
        if name.endswith(".py")
    ]
    if not found:
        raise UnreadableError(f"the sources in {folder} are not at hand")
    return found


_known: WeakKeyDictionary[Op, str] = WeakKeyDictionary()


def op_digest(op: Op) -> str:
    """The digest of an op: its name for chainrule's own, else the content of its plugin."""
    if is_own(op.__module__):
        return op.name
    if op not in _known or not op.sealed:
        _known[op] = digest_of([op], op.__module__)
    return _known[op]


def digest_of(values: Iterable[Any], home: str = "") -> str:
    """The digest of functions, ops and what they are made of.

    Parameters
    ----------
    home : str
        A module whose whole package is read even where it is installed with a version.
    """
    reader = _Reader(home.partition(".")[0])
    for value in values:
        reader.read(value)
    return reader.digest.hexdigest()


class _Reader:
    """Feeds a digest with everything that a value's meaning hangs on."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.digest = hashlib.blake2b(digest_size=16)
        self.seen: dict[int, int] = {}

    def read(self, value: Any) -> None:
        """Feed one value; what was fed before is named by its number, so cycles end."""
        if isinstance(value, _PLAIN):
            self._say(type(value).__name__, repr(value))
        elif id(value) in self.seen:
            self._say("again", self.seen[id(value)])
        else:
            self.seen[id(value)] = len(self.seen)
            self._content(value)

    def _say(self, *words: Any) -> None:
        self.digest.update(repr(words).encode())

    def _content(self, value: Any) -> None:
        if isinstance(value, (tuple, list)):
            self._say(type(value).__name__, len(value))
            self._each(value)
        elif isinstance(value, (set, frozenset)):
            self._say("set", sorted(digest_of([item], self.home) for item in value))
        elif isinstance(value, Mapping):
            self._say("mapping", len(value))
            self._each(part for pair in value.items() for part in pair)
        elif isinstance(value, (np.ndarray, np.generic)):
            self._array(np.asarray(value))
        elif isinstance(value, enum.Enum):
            self._say("enum", str(value))
        elif is_graph(value):
            self._say("graph", value.fingerprint)
        elif isinstance(value, (ModuleType, type, FunctionType)) or _is_named(value):
            self._named(value)
        else:
            self._object(value)

    def _each(self, values: Iterable[Any]) -> None:
        for value in values:
            self.read(value)

    def _array(self, array: np.ndarray) -> None:
        if array.dtype.hasobject:
            raise UnreadableError(f"an array of {array.dtype} has no bytes to compare")
        self._say("array", array.dtype.str, array.shape)
        self.digest.update(array.tobytes())

    def _named(self, value: Any) -> None:
        """Modules, classes and functions: by name where the name says it all."""
        name = getattr(value, "__qualname__", value.__name__)
        module = value.__name__ if isinstance(value, ModuleType) else _module(value)
        self._say(type(value).__name__, module, name)
        if is_own(module):
            self._closure(value)
            return
        if self._is_settled(module):
            return
        if isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._each(value.__mro__[1:-1])
            self._each(part for pair in _members(value) for part in pair)
        elif hasattr(value, "__wrapped__"):  # functools.cache and its like
            self.read(value.__wrapped__)
        elif not isinstance(value, ModuleType):  # a module is read name by name by who uses it
            raise UnreadableError(f"{module}.{name} is compiled code without a version")

    def _is_settled(self, module: str) -> bool:
        """Whether the module's name and its package's version tell its content."""
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names and top != "__main__":
            return True
        version = getattr(sys.modules.get(top), "__version__", None)
        if top == self.home or version is None or not _is_installed(top):
            return False
        self._say(top, str(version))
        return True

    def _function(self, function: FunctionType) -> None:
        self._code(function.__code__)
        self._each([function.__defaults__, function.__kwdefaults__])
        self._closure(function)
        names = sorted(_names(function.__code__))
        for name in names:
            if name in function.__globals__:
                self._say("global", name)
                self._global(function.__globals__[name], names)

    def _closure(self, function: Any) -> None:
        """What a function holds from where it was made: a plugin's function inside one of ours."""
        for cell in getattr(function, "__closure__", None) or ():
            try:
                content = cell.cell_contents
            except ValueError:  # not filled yet
                continue
            self.read(content)

    def _global(self, value: Any, names: list[str]) -> None:
        """A global; of a module, what the code may take from it by one of its names."""
        self.read(value)
        if not isinstance(value, ModuleType) or is_own(value.__name__):
            return
        if self._is_settled(value.__name__):
            return
        for name in names:
            part = vars(value).get(name, value)
            if part is not value and id(part) not in self.seen:
                self._say("attribute", name)
                self._global(part, names)

    def _code(self, code: CodeType) -> None:
        self._say(code.co_name, code.co_argcount, code.co_kwonlyargcount, code.co_flags)
        self._say(code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        self.digest.update(code.co_code)
        self.digest.update(code.co_exceptiontable)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant)
            else:
                self.read(constant)

    def _object(self, value: Any) -> None:
        """Anything else, by its class and its fields."""
        if isinstance(value, Op) and is_own(value.__module__):
            self._say("op", value.name)
            return
        self.read(type(value))
        if isinstance(value, Op):
            fields = {n: v for n, v in vars(value).items() if n not in _TOLD | _WORKED_OUT}
        elif isinstance(value, partial):
            fields = {"f": value.func, "args": value.args, "keywords": value.keywords}
        elif isinstance(value, MethodType):
            fields = {"f": value.__func__, "self": value.__self__}
        elif isinstance(value, (staticmethod, classmethod)):
            fields = {"f": value.__func__}
        elif isinstance(value, property):
            fields = {"get": value.fget, "set": value.fset}
        elif dataclasses.is_dataclass(value):
            fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        elif hasattr(value, "__wrapped__"):
            fields = {"f": value.__wrapped__}
        elif hasattr(value, "__dict__"):
            fields = vars(value)
        else:
            raise UnreadableError(f"{value!r} has no content that could be read")
        for name in sorted(fields):
            self._say("field", name)
            self.read(fields[name])


def _module(value: Any) -> str:
    """The module that a class or function is found in; NumPy's ufuncs do not say."""
    return np.__name__ if isinstance(value, np.ufunc) else str(value.__module__)


def _is_named(value: Any) -> bool:
    """True for compiled functions that their module knows by their own name."""
    if isinstance(value, Op) or not callable(value) or not hasattr(value, "__name__"):
        return False
    module = sys.modules.get(_module(value) if hasattr(value, "__module__") else "")
    return getattr(module, value.__name__, None) is value


def _members(owner: type) -> list[tuple[str, Any]]:
    """What a class of Python code defines, without what the interpreter adds."""
    return sorted(
        (name, part)
        for name, part in vars(owner).items()
        if isinstance(part, (FunctionType, staticmethod, classmethod, property, *_PLAIN))
        and name not in ("__doc__", "__module__")
    )


def _names(code: CodeType) -> set[str]:
    """The global names and attributes in a code object and those inside it."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


def is_own(module: str) -> bool:
    """Whether a module's file counts in `own_digest`."""
    parts = module.split(".")
    return parts[0] == PACKAGE and (len(parts) == 1 or parts[1] in FOLDERS)


@cache
def _is_installed(top: str) -> bool:
    file = getattr(sys.modules.get(top), "__file__", None) or ""
    return any(place in Path(file).parts for place in ("site-packages", "dist-packages"))
