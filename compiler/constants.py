"""What the compiler knows of constant units."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import DType
from .graph import Unit
from .roles import Role
from .structural import CONSTANT


def value_of(unit: Unit) -> Any:
    """The array of a constant unit; None for any other unit."""
    return unit.attributes["value"].value if unit.op is CONSTANT else None


def number_of(unit: Unit) -> Any:
    """The one number that every element of `unit` is, as a NumPy scalar; None when not known.

    Sees a constant of one element, and such a constant broadcast: what a literal in the user's
    code has become when it reaches an elementwise unit.
    """
    while unit.op.role is Role.BROADCAST:
        (unit,) = unit.inputs
    array = value_of(unit)
    return array.reshape(())[()] if array is not None and array.size == 1 else None


def same_bits(number: Any, wanted: complex, dtype: DType) -> bool:
    """True when the NumPy scalar is the Python number `wanted` in `dtype`; tells 0.0 from -0.0."""
    if isinstance(wanted, bool) != (dtype.kind == "b"):
        return False
    if isinstance(wanted, float) and not dtype.is_inexact:
        return False
    try:
        expected = dtype.numpy.type(wanted)
    except OverflowError:
        return False
    return bool(np.asarray(number).tobytes() == np.asarray(expected).tobytes())
