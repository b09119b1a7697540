"""Kernels of scatters, and the checks of index arrays that go before them and before gathers."""

from __future__ import annotations

from ..kinds import Scatter
from .elements import Elements, Pointers, load, nested
from .function import Function
from .kernels import Check, Scattering
from .nest import Accesses, axes_of
from .scalar_llvm import Words, register_type
from .terms import postorder


def emit(kernel: Scattering, pointers: Pointers) -> Function:
    """The kernel's function: copy the operand unless it lies there already, then the updates.

    The updates run in order, so that equal targets combine as the op says.
    """
    function = Function()
    copied = kernel.copied
    if copied is None or pointers.place(copied) != pointers.place(kernel.unit):
        _copy(kernel, function, pointers)
    if 0 not in kernel.values.terms.extents:
        _updates(kernel, function, pointers)
    return function


def _copy(kernel: Scattering, function: Function, pointers: Pointers) -> None:
    values, base = kernel.base
    terms = values.terms
    here = terms.flat(terms.indices, terms.extents)
    axes = Accesses(terms, [base], [here]).joined(axes_of(terms.extents))
    with nested(function, axes) as counters:
        elements = Elements(function, terms, pointers, counters)
        elements.store(kernel.unit, here, elements.value(base))


def _updates(kernel: Scattering, function: Function, pointers: Pointers) -> None:
    terms = kernel.values.terms
    target = terms.flat(kernel.target, kernel.unit.shape)
    axes = Accesses(terms, [kernel.update], [target]).joined(axes_of(terms.extents))
    op, dtype = kernel.unit.op, kernel.unit.array_type.dtype
    assert isinstance(op, Scatter)
    with nested(function, axes) as counters:
        elements = Elements(function, terms, pointers, counters)
        update = elements.value(kernel.update)
        pointer, align = pointers.of(kernel.unit, written=True)
        old = load(function, pointer, elements.value(target), dtype, align)
        merged = Words(function).evaluate(postorder([op.merged(dtype)]), (old, update))
        elements.store(kernel.unit, target, merged)


def emit_check(kernel: Check, pointers: Pointers) -> Function:
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
