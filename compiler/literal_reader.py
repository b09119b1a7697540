"""Reading what stands inside statements: types, arrays, attributes."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .attributes import FrozenArray
from .dtypes import ALL, DType, as_dtype
from .graph import Graph
from .literals import LABEL
from .scanner import Scanner
from .types import TOKEN, ArrayType, Layout, TupleType, Type

_DTYPE = re.compile(rf"(?:{'|'.join(dtype.name for dtype in ALL)})\b")
_TOKEN = re.compile(r"token\b")
_TYPE = re.compile(r"type(?=\s*\()")
_ROWS = re.compile(r"rows\b(?!\s*=)")
_EXTENT = re.compile(r"\d+")
_INTEGER = re.compile(r"[-+]?\d+(?![\w.])")
_FLOAT = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf\b|nan\b)")
_WORD = re.compile(r"(?:None|True|False)\b")
_WORDS = {"None": None, "True": True, "False": False}
_COMPLEX = re.compile(r"complex(?=\s*\()")
_BYTES = re.compile(r'base64(?=\s*")')
_OPENS = re.compile(r"\[")
_STARTS_ARRAY = re.compile(r'[-+\d.\[]|(?:inf|nan|True|False)\b|complex\s*\(|base64\s*"')


class LiteralReader:
    """Reads literals from a scanner; `graphs` are those that ``@name`` may mean."""

    def __init__(self, scanner: Scanner, graphs: Mapping[str, Graph]) -> None:
        self.scanner = scanner
        self.graphs = graphs

    # Types.

    def type(self, wanted: str = "a type") -> Type:
        """``float32[2, 3]`` with its marks, ``token``, or a tuple of types in parentheses."""
        if self.scanner.take(_TOKEN):
            return TOKEN
        if self.scanner.accept("("):
            return self._tuple_type()
        name = self.scanner.need(_DTYPE, wanted)
        return self._array_type(as_dtype(name))

    def _tuple_type(self) -> TupleType:
        items: list[Type] = []
        while not self.scanner.accept(")"):
            if items:
                self.scanner.expect(",")
            items.append(self.type())
        return TupleType(tuple(items))

    def _array_type(self, dtype: DType) -> ArrayType:
        self.scanner.expect("[")
        shape: list[int] = []
        while not self.scanner.accept("]"):
            if shape:
                self.scanner.expect(",")
            shape.append(int(self.scanner.need(_EXTENT, "an extent")))
        weak = self.scanner.accept("~")
        layout = Layout.ROW_SPARSE if self.scanner.take(_ROWS) else Layout.DENSE
        return ArrayType(tuple(shape), dtype, weak, layout)

    # Arrays.

    def array(self, type: ArrayType) -> FrozenArray:
        """The elements of an array of that type: nested brackets, or bytes in base64."""
        dtype = type.dtype.numpy
        start = self.scanner.position
        if self.scanner.take(_BYTES):
            return FrozenArray(np.frombuffer(self._bytes(type), dtype).reshape(type.shape))
        elements = self._elements(type.shape, type.dtype)
        try:
            with np.errstate(over="ignore"):
                return FrozenArray(np.array(elements, dtype).reshape(type.shape))
        except OverflowError:
            self.scanner.fail(f"integers that fit {type.dtype}", start)

    def _bytes(self, type: ArrayType) -> bytes:
        start = self.scanner.position
        wanted = math.prod(type.shape) * type.dtype.itemsize
        try:
            data = base64.b64decode(self.scanner.string() or "", validate=True)
        except binascii.Error:
            data = b""
        if len(data) != wanted:
            self.scanner.fail(f"{wanted} bytes in base64", start)
        return data

    def _elements(self, shape: tuple[int, ...], dtype: DType) -> Any:
        if not shape:
            return self._element(dtype)
        self.scanner.expect("[")
        rows = []
        for number in range(shape[0]):
            if number:
                self.scanner.expect(",")
            rows.append(self._elements(shape[1:], dtype))
        self.scanner.accept(",")
        if not self.scanner.accept("]"):
            self.scanner.fail(f"']' after {shape[0]} elements")
        return rows

    def _element(self, dtype: DType) -> Any:
        start = self.scanner.position
        if dtype.kind == "b":
            number: Any = _WORDS.get(self.scanner.take(_WORD))
            return number if number is not None else self.scanner.fail("True or False", start)
        if dtype.kind == "c" and self.scanner.take(_COMPLEX):
            return self._complex()
        number = self._number()
        if number is None or (dtype.is_integer and isinstance(number, float)):
            self.scanner.fail(f"a number for {dtype}", start)
        return number

    def _number(self) -> int | float | None:
        integer = self.scanner.take(_INTEGER)
        if integer:
            return int(integer)
        number = self.scanner.take(_FLOAT)
        return float(number) if number else None

    def _complex(self) -> complex:
        self.scanner.expect("(")
        start = self.scanner.position
        real = self._number()
        self.scanner.expect(",")
        imaginary = self._number()
        if real is None or imaginary is None:
            self.scanner.fail("two numbers", start)
        self.scanner.expect(")")
        return complex(real, imaginary)

    # Attributes.

    def attribute(self) -> Any:
        """The value of an attribute."""
        for read in (self._word, self._type, self.scanner.string, self._number):
            start = self.scanner.position
            value = read()
            if self.scanner.position != start:
                return value
        if self.scanner.take(_COMPLEX):
            return self._complex()
        if self.scanner.accept("@"):
            return self._graph()
        if self.scanner.accept("("):
            return self._tuple()
        return self.scanner.fail("the value of an attribute")

    def _word(self) -> Any:
        return _WORDS.get(self.scanner.take(_WORD))

    def _type(self) -> Any:
        """A dtype, a type, or an array behind its type."""
        if self.scanner.peek(_TOKEN):
            return self.type()
        if self.scanner.take(_TYPE):
            return self.type()
        name = self.scanner.take(_DTYPE)
        if not name:
            return None
        dtype = as_dtype(name)
        if not self.scanner.peek(_OPENS):
            return dtype
        type = self._array_type(dtype)
        return self.array(type) if self.scanner.peek(_STARTS_ARRAY) else type

    def _tuple(self) -> tuple[Any, ...]:
        items: list[Any] = []
        while not self.scanner.accept(")"):
            if items:
                self.scanner.expect(",")
                if self.scanner.accept(")"):
                    break
            items.append(self.attribute())
        return tuple(items)

    def _graph(self) -> Graph:
        start = self.scanner.position
        title = self.scanner.need(LABEL, "a graph's name")
        if title not in self.graphs:
            self.scanner.fail("a graph stated above", start)
        return self.graphs[title]


def parse_type(text: str) -> Type:
    """The type that its `str` states.

    Raises
    ------
    ParseError
        With what was expected.
    """
    scanner = Scanner(text)
    type = LiteralReader(scanner, {}).type()
    if not scanner.at_end:
        scanner.fail("the end of the type")
    return type
