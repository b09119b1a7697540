"""Static attributes of units: what may stand there, and when two of them are the same.

Python says ``1 == True`` and ``0.0 == -0.0``; a graph must not. An attribute's key compares floats
by their bits and everything by its kind.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .dtypes import DType, as_dtype
from .errors import ArgumentError
from .types import ArrayType, TokenType, TupleType, type_of

if TYPE_CHECKING:
    from .graph import Graph

Attributes = Mapping[str, Any]


class FrozenArray:
    """A read-only private copy of an array, identified by the digest of its type and bytes.

    The copy is contiguous and in the machine's byte order, as its type promises.
    """

    __slots__ = ("digest", "value")

    def __init__(self, array: Any) -> None:
        value = np.array(array, order="C", copy=True)
        value = value.astype(value.dtype.newbyteorder("="), copy=False)
        value.flags.writeable = False
        self.value = value
        header = f"{value.dtype.str}{value.shape}".encode()
        self.digest = hashlib.blake2b(header + value.tobytes(), digest_size=16).hexdigest()

    @property
    def type(self) -> ArrayType:
        return type_of(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrozenArray) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"FrozenArray({self.type}, {self.digest})"


def attribute_key(value: Any) -> Hashable:
    """A hashable stand-in for `value` that is equal only for the same attribute."""
    if value is None or isinstance(value, (bool, int, str)):
        return type(value).__name__, value
    if isinstance(value, float):
        return "float", "nan" if value != value else struct.pack("<d", value)
    if isinstance(value, complex):
        return "complex", attribute_key(value.real), attribute_key(value.imag)
    if isinstance(value, tuple):
        return "tuple", tuple(map(attribute_key, value))
    if isinstance(value, (DType, ArrayType, TupleType, TokenType, FrozenArray)):
        return value
    if is_graph(value):
        return "graph", value.fingerprint
    raise ArgumentError(
        f"{value!r} cannot be a static attribute: use numbers, strings, tuples or dtypes"
    )


def freeze(value: Any) -> Any:
    """Lists become tuples and NumPy integers Python's, so that equal calls have equal keys."""
    if isinstance(value, (list, tuple)):
        return tuple(map(freeze, value))
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (np.dtype, type)):
        return as_dtype(value)
    return value


def attributes_key(attributes: Attributes) -> Hashable:
    """The key of a whole attribute mapping."""
    if not attributes:
        return ()
    return tuple((name, attribute_key(attributes[name])) for name in sorted(attributes))


def subgraphs(attributes: Attributes) -> tuple[Graph, ...]:
    """The graphs among the attributes (of calls and transforms), those in tuples too."""
    found: list[Graph] = []
    for value in attributes.values():
        _collect_graphs(value, found)
    return tuple(found)


def _collect_graphs(value: Any, found: list[Graph]) -> None:
    if isinstance(value, tuple):
        for item in value:
            _collect_graphs(item, found)
    elif is_graph(value):
        found.append(value)


def is_graph(value: Any) -> bool:
    """True for graphs (of whose module this one knows nothing), without taking the digest."""
    return hasattr(type(value), "fingerprint")
