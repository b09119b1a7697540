"""A kernel's parameters and local memory, and single elements of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from ..dtypes import DType, bool_
from ..graph import Unit
from ..kernel.grammar import Array
from ..kernel.joining import Loop
from .function import Function
from .place import Place
from .scalar_llvm import literal, memory_type, register_type


@dataclass
class Pointers:
    """The arrays that a kernel is called with; arrays in one place are one parameter.

    Attributes
    ----------
    place : callable
        Where a unit lies.
    places : dict of Place to str
        The parameters in order.
    written : set of Place
        Those that the kernel writes to.
    """

    place: Callable[[Unit], Place]
    places: dict[Place, str] = field(default_factory=dict)
    written: set[Place] = field(default_factory=set)

    def name(self, place: Place, *, written: bool = False) -> str:
        """The parameter for a place."""
        if written:
            self.written.add(place)
        return self.places.setdefault(place, f"%p{len(self.places)}")

    def of(self, unit: Unit, *, written: bool = False) -> tuple[str, int]:
        """The parameter for a unit, and the alignment that its elements are sure to have."""
        place = self.place(unit)
        align = max(1, unit.array_type.dtype.itemsize) if place.aligned else 1
        return self.name(place, written=written), align


@dataclass
class KernelMemory:
    """Where one kernel's arrays lie: parameters, the stack, working memory.

    Attributes
    ----------
    function : Function
        Has the arrays on the stack.
    pointers : Pointers
        The kernel's parameters.
    working : dict of Array to Place
        The large local arrays.
    """

    function: Function
    pointers: Pointers
    working: dict[Array, Place]
    _stack: dict[Array, str] = field(default_factory=dict)

    def of(self, array: Array, *, written: bool = False) -> tuple[str, int]:
        """The register of the array's address, and the alignment that its elements have."""
        if array.owner is not None:
            return self.pointers.of(array.owner, written=written)
        align = max(1, array.dtype.itemsize)
        if array in self.working:
            return self.pointers.name(self.working[array], written=True), align
        if array not in self._stack:
            kind = memory_type(array.dtype)
            whole = kind if array.shape == () else f"[{array.size} x {kind}]"
            self._stack[array] = self.function.local(whole)
        return self._stack[array], align


def element(function: Function, pointer: str, index: str, dtype: DType) -> str:
    """The address of one element."""
    if index == "0":
        return pointer
    return function.do(f"getelementptr inbounds {memory_type(dtype)}, ptr {pointer}, i64 {index}")


def load(function: Function, pointer: str, index: str, dtype: DType, align: int) -> str:
    """The register of one element."""
    kind = memory_type(dtype)
    where = element(function, pointer, index, dtype)
    value = function.do(f"load {kind}, ptr {where}, align {align}")
    return function.do(f"icmp ne i8 {value}, 0") if dtype is bool_ else value


def store(
    function: Function, pointer: str, index: str, dtype: DType, register: str, align: int
) -> None:
    """Write one element."""
    if dtype is bool_:
        register = function.do(f"zext i1 {register} to i8")
    where = element(function, pointer, index, dtype)
    function.act(f"store {memory_type(dtype)} {register}, ptr {where}, align {align}")


@contextmanager
def nested(function: Function, axes: Sequence[Loop]) -> Iterator[dict[int, str]]:
    """Loops over the axes, the first outermost; gives their counters by axis."""
    with ExitStack() as stack:
        yield {axis.axis: stack.enter_context(function.loop(axis.extent)) for axis in axes}


def number(value: object, dtype: DType) -> str:
    """A typed literal operand."""
    return f"{register_type(dtype)} {literal(value, dtype)}"
