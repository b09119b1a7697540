"""The plain meaning of kernels: a body as a Python function over NumPy scalars, one at a time.

Slow and plain: what compiled kernels are held to. Memory is a list of scalars per array, row-major;
what a local array has not been given is None, and computing with it is an error.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..dtypes import int64
from ..errors import OutOfBoundsError
from ..scalar import Scalar, Word
from ..scalar.numpy_meaning import MEANING
from .grammar import Array, Body, Combine
from .grammar import outside as arrays_outside
from .terms import postorder
from .writing import LEAVES, Writer

LONGEST = 400  # characters of an expression without a name: parsers limit the nesting

Ndarray = np.ndarray[Any, Any]

_INFIX = {
    Word.ADD: "+",
    Word.SUBTRACT: "-",
    Word.MULTIPLY: "*",
    Word.DIVIDE: "/",
    Word.LESS: "<",
    Word.LESS_EQUAL: "<=",
    Word.EQUAL: "==",
    Word.NOT_EQUAL: "!=",
    Word.AND: "&",
    Word.OR: "|",
    Word.XOR: "^",
}
_PREFIX = {Word.NEGATE: "-", Word.NOT: "~"}

# Words of index arithmetic whose ranges are known: Python's integers are exact and fast.
_WHOLE = {
    Word.ADD: "+",
    Word.SUBTRACT: "-",
    Word.MULTIPLY: "*",
    Word.TRUNCATED_DIVIDE: "//",
    Word.TRUNCATED_REMAINDER: "%",
}


def run(body: Body, arrays: Mapping[Array, Ndarray]) -> None:
    """Do what a body says to the arrays, in place.

    Parameters
    ----------
    body : Body
        A sound one; see `verify`.
    arrays : mapping of Array to ndarray
        The memory of each array from outside, of its dtype and shape.
    """
    Plain(body)(arrays)


class Plain:
    """A body as a Python function.

    Attributes
    ----------
    source : str
        The function's text.
    """

    def __init__(self, body: Body) -> None:
        writer = _Source(body)
        written = writer.write()
        self.outside = writer.outside
        self.writes = {id(array) for array in arrays_outside(body.statements)[1]}
        names = [writer.array(array) for array in self.outside]
        self.source = "\n".join(
            [
                *writer.combiners,
                f"def kernel({', '.join(names)}):",
                *("    " * (line.depth + 1) + line.text for line in written),
                "    return",
            ]
        )
        namespace = {**_HELPERS, **writer.constants}
        exec(compile(self.source, "<kernel>", "exec"), namespace)
        self._function: Callable[..., None] = namespace["kernel"]

    def __call__(self, arrays: Mapping[Array, Ndarray]) -> None:
        """Run over the memory of the arrays from outside."""
        for array in self.outside:
            given = arrays[array]
            wanted = array.dtype.numpy, array.shape
            assert (given.dtype, given.shape) == wanted, (array, given.dtype, given.shape, wanted)
        memory = [list(arrays[array].ravel()) for array in self.outside]
        with np.errstate(all="ignore"):
            self._function(*memory)
        for array, values in zip(self.outside, memory, strict=True):
            if id(array) in self.writes:
                assert all(value is not None for value in values), f"{array} holds nothing"
                arrays[array][...] = np.array(values, array.dtype.numpy).reshape(array.shape)


class _Source(Writer):
    """The Python text of one body.

    Index arithmetic of known range is written with Python's integers ("whole" expressions), all
    else with NumPy's scalars.
    """

    def __init__(self, body: Body) -> None:
        super().__init__(body, _HELPERS)
        self.constants: dict[str, Any] = {}
        self.combiners: list[str] = []
        self._known: dict[Any, str] = {}

    def text(self, scalar: Scalar, parts: Sequence[str]) -> str:
        if scalar.word is Word.INPUT:
            return self.indices[scalar.detail]
        if self._whole(scalar):
            if scalar.word is Word.LITERAL:
                return repr(scalar.detail)
            if scalar.word is Word.NEGATE:
                return f"(-{parts[0]})"
            return f"({parts[0]} {_WHOLE[scalar.word]} {parts[1]})"
        if scalar.word is Word.LOAD:
            return self.place(scalar.detail, scalar.operands, parts)
        values = [self.value(*each) for each in zip(scalar.operands, parts, strict=True)]
        return self._word(scalar, values)

    def value(self, scalar: Scalar, text: str) -> str:
        if not self._whole(scalar):
            return text
        return self._literal(scalar) if scalar.word is Word.LITERAL else f"int64({text})"

    def name(self, scalar: Scalar, uses: int, length: int) -> tuple[str, str] | None:
        if scalar.word in LEAVES or self._whole(scalar):
            return None
        return ("", "") if uses > 1 or length > LONGEST else None

    def place(self, array: Array, where: Sequence[Scalar], parts: Sequence[str]) -> str:
        address = ""
        for index, extent, part in zip(where, array.shape, parts, strict=True):
            if self.body.terms.range(index) is None:
                part = f"inside({part}, {extent})"
            address = f"({address}) * {extent} + {part}" if address else part
        return f"{self.array(array)}[{address or '0'}]"

    def declared(self, array: Array) -> tuple[str, str]:
        return f"[None] * {array.size}", ""

    def combined(self, statement: Combine, places: Sequence[str], values: Sequence[str]) -> str:
        call = f"{self._combiner(statement)}({', '.join([*places, *values])})"
        return f"{', '.join(places)} = {call}"

    def _whole(self, scalar: Scalar) -> bool:
        """True for index arithmetic that is written with Python's integers."""
        if scalar.dtype is not int64 or self.body.terms.range(scalar) is None:
            return False
        return scalar.word in _WHOLE or scalar.word in (Word.INPUT, Word.LITERAL, Word.NEGATE)

    def _word(self, scalar: Scalar, values: Sequence[str]) -> str:
        """A word of NumPy's scalars."""
        word = scalar.word
        if word is Word.LITERAL:
            return self._literal(scalar)
        if word in _INFIX:
            return f"({values[0]} {_INFIX[word]} {values[1]})"
        if word in _PREFIX:
            return f"({_PREFIX[word]}{values[0]})"
        if word in (Word.SELECT, Word.RARELY):
            return f"({values[1]} if {values[0]} else {values[2]})"
        if word is Word.FMA and scalar.dtype.itemsize == 4:
            return f"fma32({', '.join(values)})"
        if word is Word.ABS:
            return f"magnitude({values[0]})"
        if word is Word.ISNAN:
            return f"({values[0]} != {values[0]})"
        if word is Word.BITCAST:
            return f"{values[0]}.view({scalar.dtype})"
        if word is Word.CAST and not _saturates(scalar):
            return f"{values[0]}.astype({scalar.dtype})"
        return f"{self._meaning(scalar)}({', '.join(values)})"

    def _literal(self, scalar: Scalar) -> str:
        key = scalar.dtype, repr(scalar.detail)
        if key not in self._known:
            self._known[key] = self.fresh(f"c{len(self.constants)}")
            self.constants[self._known[key]] = scalar.dtype.numpy.type(scalar.detail)
        return self._known[key]

    def _meaning(self, scalar: Scalar) -> str:
        """The word's function of the table, for one scalar."""
        key = scalar.word, scalar.dtype
        if key not in self._known:
            self._known[key] = self.fresh(scalar.word.name.lower())
            self.constants[self._known[key]] = _of_scalars(scalar)
        return self._known[key]

    def _combiner(self, statement: Combine) -> str:
        """The name of a function that merges two states."""
        key = tuple(map(id, statement.combine))
        if key in self._known:
            return self._known[key]
        name = self._known[key] = self.fresh(statement.name)
        count = 2 * len(statement.arrays)
        texts: dict[int, str] = {}
        self.combiners.append(f"def {name}({', '.join(f'a{n}' for n in range(count))}):")
        for number, scalar in enumerate(postorder(statement.combine)):
            if scalar.word is Word.INPUT:
                texts[id(scalar)] = f"a{scalar.detail}"
                continue
            text = self._word(scalar, [texts[id(operand)] for operand in scalar.operands])
            self.combiners.append(f"    v{number} = {text}")
            texts[id(scalar)] = f"v{number}"
        merged = ", ".join(texts[id(part)] for part in statement.combine)
        self.combiners.append(f"    return {merged}")
        return name


def _saturates(scalar: Scalar) -> bool:
    return scalar.operands[0].dtype.is_float and scalar.dtype.is_integer


def _of_scalars(scalar: Scalar) -> Callable[..., Any]:
    meaning, kind = MEANING[scalar.word], scalar.dtype.numpy.type
    return lambda *values: kind(meaning(scalar, *map(np.asarray, values))[()])


def _fma32(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of float32, rounded once: the sum in float64 is rounded to odd."""
    product, other = float(a) * float(b), float(c)
    total = product + other
    if math.isfinite(total):
        shift = total - product
        error = (product - (total - shift)) + (other - shift)
        if error and not struct.pack("<d", total)[0] & 1:
            total = math.nextafter(total, math.copysign(math.inf, error))
    return np.float32(total)


def _inside(index: Any, extent: int) -> int:
    if not 0 <= index < extent:
        raise OutOfBoundsError(f"the index {index} is outside an axis of length {extent}")
    return int(index)


def _dtypes() -> dict[str, Any]:
    """NumPy's types by the names that sources use."""
    names = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64"
    return {name: np.dtype(name).type for name in names.split()}


_HELPERS: dict[str, Any] = {
    **_dtypes(),
    "magnitude": abs,
    "fma32": _fma32,
    "inside": _inside,
    "kernel": None,
    "range": range,
}
