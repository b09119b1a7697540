"""Kernels of loops: the elements of units, each stored where it belongs."""

from __future__ import annotations

from .elements import Elements, Pointers, nested
from .function import Function
from .kernels import Loop
from .nest import Accesses, axes_of


def emit(kernel: Loop, pointers: Pointers) -> tuple[Function, tuple[int, ...]]:
    """The kernel's function, and the numbers that it is called with after its arrays.

    One loop over contiguous memory takes its length as a number, so that the same work on arrays
    of different sizes is one function.
    """
    terms = kernel.values.terms
    here = terms.flat(terms.indices, terms.extents)
    accesses = Accesses(terms, (value for _, value in kernel.stores), [here])
    axes = accesses.joined(axes_of(terms.extents))
    function = Function()
    if len(axes) == 1:
        with function.loop("%n0") as counter:
            _body(kernel, Elements(function, terms, pointers, {axes[0].number: counter}))
        return function, (axes[0].extent,)
    with nested(function, axes) as counters:
        _body(kernel, Elements(function, terms, pointers, counters))
    return function, ()


def _body(kernel: Loop, elements: Elements) -> None:
    terms = kernel.values.terms
    here = terms.flat(terms.indices, terms.extents)
    registers = [(unit, elements.value(value)) for unit, value in kernel.stores]
    for unit, register in registers:
        elements.store(unit, here, register)
