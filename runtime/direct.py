"""Calls of native programs without Python code: the usual call, and nothing else.

`direct_call` makes a function from a list of arrays to the list of results. It checks that each
leaf is exactly a ``numpy.ndarray`` of its argument's dtype, shape and (where donated) layout and
ownership, takes result memory and scratch from their pools, calls the entry without the
interpreter lock, and raises what a failed entry reported. Where anything is unusual it returns
None before anything happened; then `chainrule.runtime.executable` does the call in Python,
converts, copies, warns and complains.

The function is one piece of machine code for all programs (`chainrule.runtime.direct_ir`), made
a built-in function by Python's C interface as compilers of extension modules do. What differs
between programs is a table in a ``bytes`` object, which the function has for its ``self``.
"""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .blocks import AlignedMemory, Blocks
from .direct_ir import ARGUMENT, FIELDS, RESULT, direct_ir
from .kept import kept_module
from .layout import functions, layout
from .llvm import NativeModule
from .specs import ArraySpec, ResultSpec

Direct = Callable[[list[Any]], "list[NDArray[Any]] | None"]

MOST_WORDS = 8192
"""Words of the tables of one call, which lie on the stack; larger programs are called in Python."""

_ONE_ARGUMENT = 0x0008  # METH_O


@dataclass(frozen=True)
class Target:
    """What a direct call ends in.

    Attributes
    ----------
    entry, imports, interrupt : int
        Addresses, as the binary interface wants them.
    arenas : Blocks or None
        Scratch; None if the program needs none.
    blocks : sequence of Blocks or None
        Memory for each result, None for one with a donor.
    fail : callable
        Raises the exception for a unit and a code.
    """

    entry: int
    imports: int
    interrupt: int
    arenas: Blocks | None
    blocks: Sequence[Blocks | None]
    fail: Callable[[int, int], None]


def direct_call(
    arguments: Sequence[ArraySpec],
    results: Sequence[ResultSpec],
    target: Target,
    keepalive: tuple[object, ...],
) -> Direct | None:
    """The function from a list of arrays to results; None where it cannot be had.

    Parameters
    ----------
    arguments, results : sequence of ArraySpec, ResultSpec
        What the program takes and gives.
    target : Target
        Where a call goes; referred to by the function.
    keepalive : tuple
        Whatever owns the memory behind the target's addresses.
    """
    method, addresses = _method(), functions()
    donors = sum(result.donor is not None for result in results)
    slots = 1 << (2 * donors).bit_length()
    words = 2 * len(arguments) + len(results) + sum(len(s.shape) for s in arguments) + slots
    if method is None or addresses is None or words > MOST_WORDS:
        return None
    numbers = {"donors": donors, "mask": slots - 1}
    plan = _plan(arguments, results, target, {**numbers, **addresses})
    kept = (keepalive, target, tuple(arguments), tuple(results), method)
    return cast(Direct, _new_function()(method.record, plan, kept))


@dataclass(frozen=True)
class _Method:
    """The machine code and the ``PyMethodDef`` that describes it."""

    module: NativeModule
    name: Any
    fields: Any
    record: int


@cache
def _method() -> _Method | None:
    numbers = layout()
    if numbers is None:
        return None
    # Unoptimised: LLVM takes 4 ms instead of 36, a call of six arrays 0.18 us instead of 0.15.
    module = kept_module("call", direct_ir(numbers), opt=0)
    name = ctypes.create_string_buffer(b"direct")
    fields = (ctypes.c_int64 * 4)(
        ctypes.addressof(name), module.address("direct"), _ONE_ARGUMENT, 0
    )
    return _Method(module, name, fields, ctypes.addressof(fields))


@cache
def _new_function() -> Any:
    """``PyCFunction_NewEx``: the last argument, meant for a module, is what the function owns."""
    prototype = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.py_object
    )
    return prototype(("PyCFunction_NewEx", ctypes.pythonapi))


def _plan(
    arguments: Sequence[ArraySpec],
    results: Sequence[ResultSpec],
    target: Target,
    numbers: dict[str, int],
) -> bytes:
    """The table that the machine code reads."""
    donated = {result.donor for result in results}
    heads = len(FIELDS) + len(ARGUMENT) * len(arguments) + len(RESULT) * len(results)
    shapes = [*(spec.shape for spec in arguments), *(spec.shape for spec in results)]
    firsts = iter(_running_sum(map(len, shapes), heads))
    rows: list[int] = []
    for number, spec in enumerate(arguments):
        item = spec.dtype.itemsize
        rows += [id(spec.dtype), len(spec.shape), next(firsts), number in donated]
        rows += [item, item * math.prod(spec.shape)]
    for result, blocks in zip(results, target.blocks, strict=True):
        donor = -1 if result.donor is None else result.donor
        rows += [id(result.dtype), len(result.shape), next(firsts), donor, _id(blocks)]
    fields = {
        "arguments": len(arguments),
        "results": len(results),
        "extents": sum(len(spec.shape) for spec in arguments),
        "entry": target.entry,
        "imports": target.imports,
        "interrupt": target.interrupt,
        "arenas": _id(target.arenas),
        "fail": id(target.fail),
        "none": id(None),
        "list": id(list),
        "ndarray": id(np.ndarray),
        "memory": id(AlignedMemory),
        **numbers,
    }
    words = [*(fields[name] for name in FIELDS), *rows, *chain.from_iterable(shapes)]
    return struct.pack(f"<{len(words)}q", *words)


def _running_sum(lengths: Any, start: int) -> list[int]:
    starts = [start]
    for length in lengths:
        starts.append(starts[-1] + length)
    return starts


def _id(thing: object) -> int:
    """The address of an object, 0 for None."""
    return 0 if thing is None else id(thing)
