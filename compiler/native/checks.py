"""Checks of index arrays, which go before scatters and gathers."""

from __future__ import annotations

from ..dtypes import bool_
from ..kernel.grammar import Array, Body, Combine, Local, Store
from ..kernel.schedule import schedule
from ..kernel.terms import Terms
from ..scalar import Scalar, Word
from ..scalar.trace import inputs
from .arrays import nest
from .elements import KernelMemory, Pointers, load
from .function import Function
from .kernels import Check
from .nests import Nests
from .scalar_llvm import register_type


def emit(kernel: Check, pointers: Pointers) -> Function:
    """The check's function: true if an element lies outside the axis, which it then writes down.

    The first pass only finds out whether there is one, so that it runs in vectors.
    """
    function = Function()
    found = Array("outside", bool_, ())
    memory = KernelMemory(function, pointers, {})
    body = _body(kernel, found)
    Nests(body, schedule(body), memory, function).write(body.statements)
    wrong = load(function, memory.of(found)[0], "0", bool_, 1)
    function.act(f"br i1 {wrong}, label %search, label %fine")
    function.label("search")
    pointer, align = pointers.of(kernel.indices)
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


def _body(kernel: Check, found: Array) -> Body:
    """Whether some element lies outside."""
    size, dtype = kernel.indices.array_type.size, kernel.indices.array_type.dtype
    terms = Terms([size])
    array = Array("indices", dtype, (size,), kernel.indices)
    index = terms.make(Word.LOAD, (terms.indices[0],), dtype, array)
    outside = _any(terms, terms.literal(False, bool_), *_faults(kernel, terms, index))
    both = inputs([bool_, bool_])
    start = terms.literal(False, bool_)
    either = Scalar(Word.OR, both, bool_)
    step = Combine((found,), (), (outside,), (start,), (either,), "or")
    return Body(terms, (Local((found,), (Store(found, (), start), *nest(terms, [0], [step]))),))


def _faults(kernel: Check, terms: Terms, index: Scalar) -> list[Scalar]:
    """What is true of an index outside; a bound that its dtype cannot pass is none."""
    dtype, extent = index.dtype, kernel.bound.extent
    faults = []
    if dtype.kind == "i":
        faults.append(terms.make(Word.LESS, (index, terms.literal(0, dtype)), bool_))
    if extent < 2 ** (dtype.bits - (dtype.kind == "i")):
        faults.append(terms.make(Word.LESS_EQUAL, (terms.literal(extent, dtype), index), bool_))
    return faults


def _any(terms: Terms, first: Scalar, *others: Scalar) -> Scalar:
    for other in others:
        first = terms.make(Word.OR, (first, other), bool_)
    return first


def _compared(
    kernel: Check, function: Function, pointer: str, counter: str, align: int
) -> tuple[str, str]:
    """An index as 64 bits, and whether it lies outside: as unsigned numbers, negative ones do."""
    dtype = kernel.indices.array_type.dtype
    index = load(function, pointer, counter, dtype, align)
    if dtype.itemsize < 8:
        extend = "sext" if dtype.kind == "i" else "zext"
        index = function.do(f"{extend} {register_type(dtype)} {index} to i64")
    return index, function.do(f"icmp uge i64 {index}, {kernel.bound.extent}")
