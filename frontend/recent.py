"""Calls like an earlier one: a Python function written for one signature.

`Compiled` looks a program up by the structure and the types of all arguments. For a signature
that comes again, the function made here does the same without building anything: it unpacks the
arguments by their structure, hands the leaves to the native call, which checks the arrays
(`chainrule.runtime.direct`), and builds the result. Wherever a call is not exactly like the one
that it was written for it returns `MISS` before anything happened, and the call is looked up.

Such a function accepts fewer calls than the lookup: containers of exactly the same type, static
values that are the same object or equal ones of a plain type. So it never answers a call that
the lookup would give another program.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from types import FunctionType
from typing import Any

import numpy as np
import optree

from .arguments import Call, Parameters
from .pytree import Structure, module_fields, unflatten

MISS = object()
"""What a recent call returns for a call that is not like it."""

Recent = Callable[[tuple[Any, ...], dict[str, Any]], Any]
Leaves = tuple[Sequence[Any], Mapping[int, range]]
Direct = Callable[[list[Any]], "list[Any] | None"]

_KINDS = optree.PyTreeKind
_NUMBERS = (bool, int, float, complex)
_PLAIN = (bool, int, str, bytes, type(None))


class _NoRecentError(Exception):
    """The signature holds something that the function cannot be written for."""


def recent_call(
    parameters: Parameters,
    arguments: tuple[tuple[Any, ...], dict[str, Any]],
    call: Call,
    leaves: Leaves,
    direct: Direct,
    output: Structure,
    result: Any,
) -> Recent | None:
    """The function for calls like this one; None for pytrees that optree alone knows.

    Parameters
    ----------
    parameters : Parameters
        Of the compiled function.
    arguments : (tuple, dict)
        Of the call.
    call : Call
        The same, taken apart.
    leaves : (sequence of dtype or None, mapping of int to range)
        What the leaves are converted to before they reach the program, and where the Python
        integers among them must lie.
    direct : callable
        The program, for a list of arrays.
    output : Structure
        Of the results.
    result : pytree
        What the call returned.
    """
    writer = _Writer()
    try:
        writer.arguments(parameters, arguments, call)
        return writer.function(call, leaves, direct, output, result)
    except _NoRecentError:
        return None


class _Writer:
    """Writes the function's lines; objects stand in its globals under names of their own."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.globals: dict[str, Any] = {"MISS": MISS, "asarray": np.asarray, "new": object.__new__}
        self.leaves: list[str] = []
        self._numbers = count()

    def function(
        self,
        call: Call,
        wanted: Leaves,
        direct: Direct,
        output: Structure,
        result: Any,
    ) -> Recent:
        """The function, after `arguments`."""
        conversions, fits = wanted
        pairs = zip(self.leaves, call.leaves, conversions, strict=True)
        leaves = [self._leaf(*pair) for pair in pairs]
        for position, each in fits.items():
            self._unless(f"not {each.start} <= {self.leaves[position]} < {each.stop}")
        self.globals["direct"] = direct
        taking, self.lines = self.lines, []
        results = [f"r{n}" for n in range(output.num_leaves)]
        built = self._build(output, result, results)
        body = [
            "try:",
            *(f"    {line}" for line in taking),
            # An attribute or a key that is missing: not the structure that was.
            "except (AttributeError, KeyError):",
            "    return MISS",
            "try:",
            f"    results = direct([{', '.join(leaves)}])",
            # A Python integer beyond the dtype: the lookup refuses it.
            "except OverflowError:",
            "    return MISS",
            "if results is None:",
            "    return MISS",
            *([f"{', '.join(results)}, = results"] if results else []),
            *self.lines,
            f"return {built}",
        ]
        text = "\n    ".join(["def recent(args, kwargs):", *body])
        exec(compile(text, "<recent call>", "exec"), self.globals)
        recent: Recent = self.globals["recent"]
        return recent

    def _name(self, thing: Any) -> str:
        """A name in the function's globals for an object."""
        name = f"g{next(self._numbers)}"
        self.globals[name] = thing
        return name

    def _local(self) -> str:
        return f"v{next(self._numbers)}"

    def _unless(self, condition: str) -> None:
        self.lines += [f"if {condition}:", "    return MISS"]

    def arguments(
        self,
        parameters: Parameters,
        arguments: tuple[tuple[Any, ...], dict[str, Any]],
        call: Call,
    ) -> None:
        """The lines that take the arguments apart, as `Parameters.take_apart` does."""
        args, kwargs = arguments
        static = parameters.static
        positional, named = call.structure.children()
        self._unless(f"len(args) != {len(args)} or len(kwargs) != {len(kwargs)}")
        values = [self._local() for _ in args]
        if values:
            self.lines.append(f"{', '.join(values)}, = args")
        names = parameters.names(len(args))
        children = zip(names, values, args, positional.children(), strict=True)
        for name, value, given, structure in children:
            if name in static:
                self._static(value, given)
            else:
                self._take(value, given, structure)
        structures = dict(zip(named.entries(), named.children(), strict=True))
        for name in (*structures, *(name for name in kwargs if name in static)):
            value = self._local()
            self.lines.append(f"{value} = kwargs[{name!r}]")
            if name in static:
                self._static(value, kwargs[name])
            else:
                self._take(value, kwargs[name], structures[name])

    def _static(self, value: str, given: Any) -> None:
        """A Python value: the same object, or an equal one where equality is plain."""
        if not _is_fixed(given):
            raise _NoRecentError  # it may compare otherwise later
        seen = self._name(given)
        same = f"{value} is not {seen}"
        if type(given) in _PLAIN:
            same += f" and (type({value}) is not {self._name(type(given))} or {value} != {seen})"
        self._unless(same)

    def _take(self, value: str, given: Any, structure: Structure) -> None:
        """Lines that check a pytree's structure and name its leaves."""
        kind, children = structure.kind, structure.children()
        if kind == _KINDS.LEAF:
            self.leaves.append(value)
        elif kind == _KINDS.NONE:
            self._unless(f"{value} is not None")
        elif kind in (_KINDS.TUPLE, _KINDS.LIST, _KINDS.NAMEDTUPLE):
            self._of_type(value, structure.type, f" or len({value}) != {len(children)}")
            parts = [self._local() for _ in children]
            if parts:
                self.lines.append(f"{', '.join(parts)}, = {value}")
            for part, item, child in zip(parts, given, children, strict=True):
                self._take(part, item, child)
        elif kind == _KINDS.DICT:
            self._of_type(value, dict, f" or len({value}) != {len(children)}")
            for key, child in zip(structure.entries(), children, strict=True):
                part = self._local()
                self.lines.append(f"{part} = {value}[{self._name(key)}]")
                self._take(part, given[key], child)
        elif (fields := module_fields(structure.type)) is not None:
            self._of_type(value, structure.type, "")
            for name in fields.fixed:
                seen = self._name(getattr(given, name))
                self._unless(f"{_attribute(value, name)} is not {seen}")
            for name, child in zip(fields.names, children, strict=True):
                part = self._local()
                self.lines.append(f"{part} = {_attribute(value, name)}")
                self._take(part, getattr(given, name), child)
        else:
            raise _NoRecentError

    def _of_type(self, value: str, type: Any, more: str) -> None:
        self._unless(f"type({value}) is not {self._name(type)}{more}")

    def _leaf(self, value: str, leaf: Any, dtype: Any) -> str:
        """A leaf for the native call: an array as it is, a number as the array that it becomes."""
        if type(leaf) is np.ndarray:
            return value  # the native call checks it
        if type(leaf) not in _NUMBERS and not isinstance(leaf, np.generic):
            raise _NoRecentError
        self._of_type(value, type(leaf), "")
        return f"asarray({value}, {self._name(dtype)})"

    def _build(self, structure: Structure, example: Any, results: list[str]) -> str:
        """An expression for the pytree of these results, after lines that it needs."""
        kind = structure.kind
        if kind == _KINDS.LEAF:
            return results[0]
        if kind == _KINDS.NONE:
            return "None"
        parts = self._parts(structure, example, results)
        if parts is None:
            leaves = ", ".join(results)
            return f"{self._name(unflatten)}({self._name(structure)}, [{leaves}])"
        if kind == _KINDS.LIST:
            return f"[{', '.join(parts.values())}]"
        if kind == _KINDS.TUPLE:
            return f"({''.join(f'{part}, ' for part in parts.values())})"
        if kind == _KINDS.NAMEDTUPLE:
            return f"{self._name(structure.type)}({', '.join(parts.values())})"
        if kind == _KINDS.DICT:
            items = (f"{self._name(key)}: {parts[key]}" for key in example)
            return f"{{{', '.join(items)}}}"
        return self._module(structure.type, example, parts)

    def _parts(
        self, structure: Structure, example: Any, results: list[str]
    ) -> dict[Any, str] | None:
        """Expressions for the children by index, key or field; None for other people's nodes."""
        kind = structure.kind
        children: dict[Any, Any]
        if kind in (_KINDS.TUPLE, _KINDS.LIST, _KINDS.NAMEDTUPLE):
            children = dict(enumerate(example))
        elif kind == _KINDS.DICT:
            children = {key: example[key] for key in structure.entries()}
        elif (fields := module_fields(structure.type)) is not None:
            children = {name: getattr(example, name) for name in fields.names}
        else:
            return None
        rest = iter(results)
        return {
            key: self._build(child, children[key], [next(rest) for _ in range(child.num_leaves)])
            for key, child in zip(children, structure.children(), strict=True)
        }

    def _module(self, cls: Any, example: Any, parts: dict[str, str]) -> str:
        """Lines that make an instance as `module` puts it together."""
        fields = module_fields(cls)
        assert fields is not None
        made, values = self._local(), self._local()
        fixed = {name: self._name(getattr(example, name)) for name in fields.fixed}
        self.lines += [f"{made} = new({self._name(cls)})", f"{values} = {made}.__dict__"]
        self.lines += [f"{values}[{name!r}] = {part}" for name, part in {**parts, **fixed}.items()]
        return made


def _attribute(value: str, name: str) -> str:
    """Reads an attribute, whatever its name: dataclasses made at run time may have any."""
    if name.isidentifier() and not keyword.iskeyword(name):
        return f"{value}.{name}"
    return f"getattr({value}, {name!r})"


def _is_fixed(value: Any) -> bool:
    """Whether a static value can never become unequal to what it was."""
    if isinstance(value, tuple):
        return type(value) is tuple and all(map(_is_fixed, value))
    return isinstance(value, type) or type(value) in (*_PLAIN, float, complex, FunctionType)
