"""Values of expressions at one point of a loop nest, or at neighbouring points side by side.

Along the axis that runs across the lanes of a vector, each value is of one of three sorts:
*one* number for all lanes, a *line* (an index that grows by a known step from lane to lane), or
*wide* (a vector). Lines stay scalars for as long as they are only added up, so that the address of
contiguous elements is one register.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from ..dtypes import bool_, int64
from ..kernel.grammar import Array
from ..kernel.joining import address_of
from ..kernel.terms import Terms
from ..scalar import Scalar, Word
from .function import Function
from .memory_words import MemoryWords
from .scalar_llvm import Words


class Memory(Protocol):
    """Where a kernel's arrays lie."""

    def of(self, array: Array, *, written: bool = False) -> tuple[str, int]:
        """The register of an array's address, and the alignment that its elements have."""


class Value(NamedTuple):
    """What an expression is along the lanes.

    Attributes
    ----------
    sort : str
        ``one``, ``line`` or ``wide``; see the module.
    text : str
        The operand; of a line, its value in the first lane.
    step : int
        From lane to lane; of a line only.
    """

    sort: Literal["one", "line", "wide"]
    text: str
    step: int = 0


class Point:
    """Writes the values of expressions into a function, each once.

    Parameters
    ----------
    function : Function
        Receives the instructions.
    terms : Terms
        Owner of the expressions.
    memory : Memory
        Where arrays lie.
    counters : mapping of int to str
        The registers of the loops' counters, by axis; other indices are 0.
    axis : int, optional
        The axis that runs across the lanes.
    width : int
        How many lanes.
    mask : str
        Which lanes count, as an operand; all by default. Memory of others is left alone.
    """

    def __init__(
        self,
        function: Function,
        terms: Terms,
        memory: Memory,
        counters: Mapping[int, str],
        axis: int | None = None,
        width: int = 1,
        mask: str = "",
    ) -> None:
        self.function = function
        self.terms = terms
        self.memory = memory
        self.width = width
        self.mask = mask
        self.wide = Words(function, width)
        self._axis = axis if width > 1 else None
        self._counters = counters
        self._narrow = Words(function)
        self._access = MemoryWords(function, width, mask)
        self._known: dict[int, Value] = {}
        self._widened: dict[int, str] = {}

    def operand(self, root: Scalar) -> str:
        """The register of an expression, as a vector if there are lanes."""
        value = self.value(root)
        return value.text if self.width == 1 else self._broad(root, value)

    def value(self, root: Scalar) -> Value:
        """An expression's value; without recursion, as bodies may be deep."""
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

    def load(self, array: Array, address: Scalar) -> str:
        """The register of elements, as a vector if there are lanes."""
        value = self._load(array, self.value(address))
        return value.text if value.sort == "wide" or self.width == 1 else self._splat(value, array)

    def store(self, array: Array, address: Scalar, register: str) -> None:
        """Write a register (a vector if there are lanes) to neighbouring elements."""
        pointer, align = self.memory.of(array, written=True)
        place = self.value(address)
        assert self.width == 1 or (place.sort, place.step) == ("line", 1)
        self._access.store(pointer, place.text, array.dtype, register, align)

    # One expression.

    def _operands(self, scalar: Scalar) -> tuple[Scalar, ...]:
        if scalar.word is Word.LOAD:
            return (address_of(self.terms, scalar),)
        if scalar.word is Word.RARELY:
            condition, _, usual = scalar.operands
            return condition, usual
        return scalar.operands

    def _write(self, scalar: Scalar, operands: Sequence[Scalar]) -> Value:
        if scalar.word is Word.INPUT:
            counter = self._counters.get(scalar.detail, "0")
            return _line(counter, 1) if scalar.detail == self._axis else Value("one", counter)
        values = [self._known[id(operand)] for operand in operands]
        if scalar.word is Word.LOAD:
            return self._load(scalar.detail, values[0])
        if scalar.word is Word.RARELY:
            return self._rarely(scalar, *values)
        if all(value.sort == "one" for value in values):
            return Value("one", self._single(scalar, [value.text for value in values]))
        if scalar.dtype is int64 and all(value.sort != "wide" for value in values):
            line = self._straight(scalar, operands, values)
            if line is not None:
                return line
        texts = [self._broad(o, v) for o, v in zip(operands, values, strict=True)]
        return Value("wide", self.wide.apply(scalar, texts))

    def _single(self, scalar: Scalar, registers: Sequence[str]) -> str:
        if scalar.dtype is int64 and "0" in registers:
            # Indices of joined axes: left to LLVM, equal kernels would differ as text.
            if scalar.word is Word.MULTIPLY:
                return "0"
            if scalar.word is Word.ADD:
                return registers[1] if registers[0] == "0" else registers[0]
        return self._narrow.apply(scalar, registers)

    def _straight(
        self, scalar: Scalar, operands: Sequence[Scalar], values: Sequence[Value]
    ) -> Value | None:
        """The line of a sum of lines, or of a line times a number."""
        texts = [value.text for value in values]
        if scalar.word is Word.ADD:
            return _line(self._single(scalar, texts), values[0].step + values[1].step)
        if scalar.word is Word.MULTIPLY:
            for value, other in (values, reversed(values)):
                factor = operands[list(values).index(other)]
                if value.sort == "line" and factor.word is Word.LITERAL:
                    return _line(self._single(scalar, texts), value.step * factor.detail)
        return None

    def _rarely(self, scalar: Scalar, condition: Value, usual: Value) -> Value:
        """A branch round the rare case; what is written there is not known behind it."""
        test, rare, other = scalar.operands
        one = condition.sort == usual.sort == "one"
        words = self._narrow if one else self.wide
        bits = condition.text if one else self._broad(test, condition)
        before = usual.text if one else self._broad(other, usual)
        kind = words.type(scalar.dtype)

        def inside() -> str:
            known, widened = self._known, self._widened
            self._known, self._widened = dict(known), dict(widened)
            value = self.value(rare)
            assert not one or value.sort == "one"
            text = value.text if one else self._broad(rare, value)
            self._known, self._widened = known, widened
            return words.apply(scalar, [bits, text, before])

        counted = self.mask and not one
        met = self.function.do(f"and {words.type(bool_)} {bits}, {self.mask}") if counted else bits
        text = self.function.rarely(words.any(met), kind, before, inside)
        return Value("one" if one else "wide", text)

    def _load(self, array: Array, address: Value) -> Value:
        pointer, align = self.memory.of(array)
        if address.sort == "one":
            text = self._access.load_one(pointer, address.text, array.dtype, align)
            return Value("one", text)
        if (address.sort, address.step) == ("line", 1):
            return Value("wide", self._access.load(pointer, address.text, array.dtype, align))
        places = address.text if address.sort == "wide" else self._lanes_of(address)
        return Value("wide", self._access.gather(pointer, places, array.dtype, align))

    # Vectors of what is not one.

    def _broad(self, scalar: Scalar, value: Value) -> str:
        """The value as a vector, made once."""
        if value.sort == "wide":
            return value.text
        if id(scalar) not in self._widened:
            self._widened[id(scalar)] = self._made_broad(scalar, value)
        return self._widened[id(scalar)]

    def _made_broad(self, scalar: Scalar, value: Value) -> str:
        if scalar.word is Word.LITERAL:
            return self.wide.literal(scalar.detail, scalar.dtype)
        if value.sort == "line":
            return self._lanes_of(value)
        return self._access.splat(self._narrow.type(scalar.dtype), value.text)

    def _splat(self, value: Value, array: Array) -> str:
        return self._access.splat(self._narrow.type(array.dtype), value.text)

    def _lanes_of(self, line: Value) -> str:
        """The vector of a line's values."""
        first = self._access.splat("i64", line.text)
        steps = ", ".join(f"i64 {lane * line.step}" for lane in range(self.width))
        return self.function.do(f"add <{self.width} x i64> {first}, <{steps}>")


def _line(text: str, step: int) -> Value:
    return Value("line", text, step) if step else Value("one", text)
