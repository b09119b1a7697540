"""Element types: a small class of our own, and NumPy's promotion (NEP 50) over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from .errors import DTypeError


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DType:
    """One element type; instances are unique, so equality is identity.

    Attributes
    ----------
    name : str
        The name in error messages, in the text form and in NumPy (``"float32"``).
    kind : str
        ``"b"`` bool, ``"i"`` signed, ``"u"`` unsigned, ``"f"`` float, ``"c"`` complex.
    itemsize : int
        Bytes of one element.
    storage_only : bool
        True for types that are kept in memory and widened before arithmetic.
    """

    name: str
    kind: str
    itemsize: int
    storage_only: bool = False

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype of the same bytes."""
        if self is bfloat16:
            raise DTypeError("bfloat16 has no NumPy dtype: cast to float32 first")
        return np.dtype(self.name)

    @property
    def is_float(self) -> bool:
        return self.kind == "f"

    @property
    def is_inexact(self) -> bool:
        """True where a cotangent can exist: floats and complex numbers."""
        return self.kind in "fc"

    @property
    def is_integer(self) -> bool:
        return self.kind in "iu"

    @property
    def bits(self) -> int:
        return 8 * self.itemsize

    @property
    def integers(self) -> range:
        """The numbers that an integer type holds."""
        signed = self.kind == "i"
        half = 1 << (self.bits - signed)
        return range(-half if signed else 0, half)

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


bool_ = DType("bool", "b", 1)
int8 = DType("int8", "i", 1)
int16 = DType("int16", "i", 2)
int32 = DType("int32", "i", 4)
int64 = DType("int64", "i", 8)
uint8 = DType("uint8", "u", 1)
uint16 = DType("uint16", "u", 2)
uint32 = DType("uint32", "u", 4)
uint64 = DType("uint64", "u", 8)
float16 = DType("float16", "f", 2, storage_only=True)
bfloat16 = DType("bfloat16", "f", 2, storage_only=True)
float32 = DType("float32", "f", 4)
float64 = DType("float64", "f", 8)
complex64 = DType("complex64", "c", 8)
complex128 = DType("complex128", "c", 16)

ALL = (
    *(bool_, int8, int16, int32, int64, uint8, uint16, uint32, uint64),
    *(float16, bfloat16, float32, float64, complex64, complex128),
)
_BY_NAME = {dtype.name: dtype for dtype in ALL}


def as_dtype(like: Any) -> DType:
    """The `DType` that a name, a NumPy dtype, a Python type or a `DType` stands for."""
    if isinstance(like, DType):
        return like
    if isinstance(like, str) and like in _BY_NAME:
        return _BY_NAME[like]
    try:
        name = np.dtype(like).name
    except TypeError:
        raise DTypeError(f"{like!r} is no dtype") from None
    if name not in _BY_NAME:
        known = ", ".join(_BY_NAME)
        raise DTypeError(f"the dtype {name} is not supported; supported are {known}")
    return _BY_NAME[name]


def promote(operands: Iterable[tuple[DType, bool]]) -> tuple[DType, bool]:
    """The common dtype of `(dtype, weak)` operands after NEP 50, and whether it is weak.

    A weak operand (a Python scalar) gives way to any array or NumPy scalar of its category or a
    wider one: ``float32`` and a Python float make ``float32``, ``int32`` and a Python float
    ``float64``. Weak operands alone stay weak.
    """
    return _promoted(tuple(operands))


@cache
def _promoted(pairs: tuple[tuple[DType, bool], ...]) -> tuple[DType, bool]:
    if all(weak for _, weak in pairs):
        widest = max((dtype for dtype, _ in pairs), key=lambda d: "biufc".index(d.kind))
        return widest, True
    scalars: dict[str, Any] = {"b": False, "i": 0, "u": 0, "f": 0.0, "c": 0j}
    mixed = [scalars[dtype.kind] if weak else dtype.numpy for dtype, weak in pairs]
    return as_dtype(np.result_type(*mixed)), False


def float_of(dtype: DType) -> DType:
    """The dtype in which a function of real numbers of `dtype` computes.

    NumPy's choice, but float32 where NumPy takes float16 (a storage type here).
    """
    if dtype.is_inexact:
        return dtype
    return float32 if dtype.itemsize <= 2 else float64
