"""Writing a kernel's expressions into its loops: loads, stores, and what lies between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from ..dtypes import DType, bool_, int64
from ..graph import Unit
from ..scalar import Scalar, Word
from .function import Function
from .nest import Axis, address_of
from .place import Place
from .scalar_llvm import Words, literal, memory_type, register_type
from .terms import Terms


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


class Elements:
    """Values of expressions at one point of a loop nest.

    Parameters
    ----------
    function : Function
        Receives the instructions.
    terms : Terms
        Owns the expressions.
    pointers : Pointers
        Where the units lie.
    counters : dict of int to str
        The registers of the loops' counters, by axis; other indices are 0.
    """

    def __init__(
        self, function: Function, terms: Terms, pointers: Pointers, counters: dict[int, str]
    ) -> None:
        self.function = function
        self.terms = terms
        self.pointers = pointers
        self._counters = counters
        self._words = Words(function)
        self._known: dict[int, str] = {}

    def value(self, root: Scalar) -> str:
        """The register of an expression."""
        stack = [root]
        while stack:
            scalar = stack[-1]
            if id(scalar) in self._known:
                stack.pop()
                continue
            operands = self._operands(scalar)
            missing = [operand for operand in operands if id(operand) not in self._known]
            if missing:
                stack.extend(reversed(missing))
                continue
            self._known[id(scalar)] = self._write(scalar, operands)
        return self._known[id(root)]

    def _operands(self, scalar: Scalar) -> tuple[Scalar, ...]:
        if scalar.word is Word.LOAD:
            return (address_of(self.terms, scalar),)
        return scalar.operands

    def _write(self, scalar: Scalar, operands: Sequence[Scalar]) -> str:
        if scalar.word is Word.INPUT:
            return self._counters.get(scalar.detail, "0")
        registers = [self._known[id(operand)] for operand in operands]
        if scalar.word is Word.LOAD:
            pointer, align = self.pointers.of(scalar.detail)
            return load(self.function, pointer, registers[0], scalar.dtype, align)
        if scalar.dtype is int64 and "0" in registers:
            # Indices of joined axes: left to LLVM, equal kernels would differ as text.
            if scalar.word is Word.MULTIPLY:
                return "0"
            if scalar.word is Word.ADD:
                return registers[1] if registers[0] == "0" else registers[0]
        return self._words.apply(scalar, registers)

    def store(self, unit: Unit, address: Scalar, register: str) -> None:
        """Write a register to an element of a unit."""
        pointer, align = self.pointers.of(unit, written=True)
        index = self.value(address)
        store(self.function, pointer, index, unit.array_type.dtype, register, align)


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
def nested(function: Function, axes: Sequence[Axis]) -> Iterator[dict[int, str]]:
    """Loops over the axes, the first outermost; gives their counters by axis."""
    with ExitStack() as stack:
        yield {axis.number: stack.enter_context(function.loop(axis.extent)) for axis in axes}


def number(value: object, dtype: DType) -> str:
    """A typed literal operand."""
    return f"{register_type(dtype)} {literal(value, dtype)}"
