"""Memory for native code: aligned arrays, their addresses, and who owns them."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import ALIGNMENT, AlignedMemory, new_block

_read_pointer = ctypes.c_uint64.from_address

# NumPy's C interface fixes the array object's layout: the address of the data follows the
# header that every Python object begins with.
_DATA_FIELD = object.__basicsize__


def _address_by_field(array: NDArray[Any]) -> int:
    return _read_pointer(id(array) + _DATA_FIELD).value


def _address_by_interface(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _field_is_right() -> bool:
    """Whether the field gives what NumPy says, for arrays that begin at different places."""
    whole = np.arange(24.0).reshape(4, 6)
    views = (whole, whole[1:], whole[::-1, ::2], whole[2:2])
    return all(_address_by_field(view) == _address_by_interface(view) for view in views)


# NumPy's own ways to the address take eight times as long, and every argument of every call
# needs one.
address_of: Callable[[NDArray[Any]], int] = (
    _address_by_field if _field_is_right() else _address_by_interface
)
"""The address of an array's first element."""


def empty_aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """A C-contiguous array at a multiple of `ALIGNMENT`; its contents are undefined."""
    return array_in(new_block(math.prod(shape) * dtype.itemsize), shape, dtype)


def array_in(block: AlignedMemory, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The C-contiguous array that begins at a block's first aligned address."""
    return np.ndarray(shape, dtype, block, -address_of(block) % ALIGNMENT)


def copy_aligned(array: NDArray[Any]) -> NDArray[Any]:
    """A copy that is C-contiguous, aligned, writable and owns its memory."""
    copy = empty_aligned(array.shape, array.dtype)
    np.copyto(copy, array)
    return copy


def owns_memory(array: NDArray[Any]) -> bool:
    """Whether no other array (or bytes, or file) is the owner of this array's memory."""
    return array.flags.owndata or type(array.base) is AlignedMemory


def donation_faults(arrays: Sequence[NDArray[Any]], donors: Sequence[int]) -> list[tuple[int, str]]:
    """Which arrays of a call cannot give their memory to a result, and why.

    Parameters
    ----------
    arrays : sequence of ndarray
        All arguments of the call.
    donors : sequence of int
        Those whose memory is wanted.

    Returns
    -------
    list of (int, str)
        A donor and what is wrong with it, to be read after "argument x".

    Notes
    -----
    Owners never overlap each other. So an array shares memory with another argument only if it
    is passed twice, or if the other one is a view; most calls have few views, or none.
    """
    views = [array for array in arrays if array.base is not None and not owns_memory(array)]
    bases = {id(view.base) for view in views}
    foreign = [view for view in views if not _shows_its_owner(view)]
    repeated = len(set(map(id, arrays))) < len(arrays)
    faults = []
    for donor in donors:
        array = arrays[donor]
        fault = _unfit(array)
        if fault is None and repeated and sum(other is array for other in arrays) > 1:
            fault = "is passed twice"
        if fault is None and (
            id(array) in bases or any(np.may_share_memory(array, view) for view in foreign)
        ):
            fault = "shares its memory with another argument"
        if fault is not None:
            faults.append((donor, fault))
    return faults


def _shows_its_owner(view: NDArray[Any]) -> bool:
    """Whether a view's base is the array that owns the memory; else it may be a longer chain."""
    return isinstance(view.base, np.ndarray) and owns_memory(view.base)


def _unfit(array: NDArray[Any]) -> str | None:
    """What forbids writing into an array as a whole, whatever else is passed with it."""
    flags = array.flags
    if not flags.writeable:
        return "is read-only"
    if not flags.c_contiguous:
        return "is not contiguous"
    return None if owns_memory(array) else "is a view of memory that something else owns"
