"""How the text form writes names, numbers, strings and arrays, so that reading gives the same bits.

Numbers are the shortest decimals that read back to the same bits; where no decimal does (a NaN
with a payload), and for larger arrays, the bytes stand in base64.
"""

from __future__ import annotations

import base64
import json
import re
import string
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

import numpy as np

from .attributes import FrozenArray, is_graph
from .dtypes import DType
from .errors import ArgumentError
from .types import ArrayType, TokenType, TupleType

LARGEST_INLINE = 16  # elements; more than a line can show

LABEL = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*|\[(?:\d+|'[^'\\\n]*')\])*")


def labels(taken: Container[str]) -> Iterator[str]:
    """a, b, ..., z, aa, ab, ... without those that are taken."""
    length = 1
    while True:
        for number in range(26**length):
            label = ""
            for _ in range(length):
                number, letter = divmod(number, 26)
                label = string.ascii_lowercase[letter] + label
            if label not in taken:
                yield label
        length += 1


def write_string(text: str) -> str:
    """A string in double quotes, everything outside ASCII escaped."""
    return json.dumps(text)


def write_number(number: Any) -> str:
    """A Python number; a float always shows that it is one."""
    if isinstance(number, bool):
        return str(number)
    if isinstance(number, int):
        return int.__repr__(number)
    if isinstance(number, float):
        return float.__repr__(number)
    return f"complex({write_number(number.real)}, {write_number(number.imag)})"


def write_array(array: FrozenArray) -> str:
    """The elements in nested brackets, or the bytes of what is large or has no decimal form."""
    if array.value.size <= LARGEST_INLINE:
        shortest = _nested(array.value, _write_shortest)
        if shortest is not None:
            return shortest
    return f"base64 {write_string(base64.b64encode(array.value.tobytes()).decode())}"


def _nested(value: np.ndarray, write: Callable[[Any], str | None]) -> str | None:
    if value.ndim == 0:
        return write(value[()])
    parts = [_nested(row, write) for row in value]
    return None if None in parts else f"[{', '.join(map(str, parts))}]"


def _write_shortest(element: np.generic) -> str | None:
    """The element's shortest decimal that reads back to its bits; None when there is none."""
    for decimal in (str, lambda part: repr(part.item())):
        number = _reread(element, decimal)
        if np.asarray(number, element.dtype).tobytes() == element.tobytes():
            return write_number(number)
    return None


def _reread(element: np.generic, decimal: Callable[[Any], str]) -> Any:
    """The Python number that a reader makes of the element's decimal."""
    if isinstance(element, np.complexfloating):
        return complex(float(decimal(element.real)), float(decimal(element.imag)))
    return float(decimal(element)) if isinstance(element, np.floating) else element.item()


class Literals:
    """Writes attributes.

    Parameters
    ----------
    titles : mapping of str to str
        What the graphs among the attributes are called, by fingerprint.
    """

    def __init__(self, titles: Mapping[str, str]) -> None:
        self.titles = titles

    def elements(self, array: FrozenArray) -> str:
        """What stands behind an array's type."""
        return write_array(array)

    def write(self, value: Any) -> str:
        """The literal that reads back as `value`.

        Raises
        ------
        ArgumentError
            For what cannot be an attribute.
        """
        if value is None or isinstance(value, DType):
            return str(value)
        if isinstance(value, (bool, int, float, complex)):
            return write_number(value)
        if isinstance(value, str):
            return write_string(value)
        if isinstance(value, tuple):
            inside = ", ".join(map(self.write, value))
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        if isinstance(value, TupleType):
            return f"type{value}"
        if isinstance(value, (ArrayType, TokenType)):
            return str(value)
        if isinstance(value, FrozenArray):
            return f"{value.type} {self.elements(value)}"
        if is_graph(value):
            return f"@{self.titles[value.fingerprint]}"
        raise ArgumentError(f"{value!r} cannot be a static attribute and has no text form")
