"""Checks of index arrays, which go before scatters and gathers."""

from __future__ import annotations

from .elements import Pointers, load
from .function import Function
from .kernels import Check
from .scalar_llvm import register_type


def emit(kernel: Check, pointers: Pointers) -> Function:
    """The check's function: true if an element lies outside the axis, which it then writes down.

    Compared as unsigned numbers, negative ones lie outside too. The first pass only finds out
    whether there is one, so that it runs in vectors.
    """
    function = Function()
    pointer, align = pointers.of(kernel.indices)
    found = function.local("i8", 1)
    function.act(f"store i8 0, ptr {found}")
    with function.loop(kernel.indices.array_type.size) as counter:
        _, outside = _compared(kernel, function, pointer, counter, align)
        before = function.do(f"load i8, ptr {found}")
        mark = function.do(f"zext i1 {outside} to i8")
        after = function.do(f"or i8 {before}, {mark}")
        function.act(f"store i8 {after}, ptr {found}")
    any_outside = function.do(f"load i8, ptr {found}")
    wrong = function.do(f"icmp ne i8 {any_outside}, 0")
    function.act(f"br i1 {wrong}, label %search, label %fine")
    function.label("search")
    with function.loop(kernel.indices.array_type.size) as counter:
        index, outside = _compared(kernel, function, pointer, counter, align)
        function.act(f"br i1 {outside}, label %report, label %inside")
        function.label("report")
        function.act(f"store i64 {index}, ptr %code")
        function.act("ret i1 true")
        function.label("inside")
    function.act("br label %fine")
    function.label("fine")
    return function


def _compared(
    kernel: Check, function: Function, pointer: str, counter: str, align: int
) -> tuple[str, str]:
    """An index as 64 bits, and whether it lies outside."""
    dtype = kernel.indices.array_type.dtype
    index = load(function, pointer, counter, dtype, align)
    if dtype.itemsize < 8:
        extend = "sext" if dtype.kind == "i" else "zext"
        index = function.do(f"{extend} {register_type(dtype)} {index} to i64")
    return index, function.do(f"icmp uge i64 {index}, {kernel.bound.extent}")
