"""Where CPython and NumPy keep what native code reads of their objects, checked before use.

The fields of an array object are part of NumPy's binary interface (``PyArrayObject_fields``), the
numbers in its table of functions too; both hold for one version of that interface. Of Python
itself the header of every object and the bytes of a ``bytes`` object are read. Whatever is not as
expected makes `layout` return None, and calls take the way through Python.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

_HEADER = object.__basicsize__  # references, type
_LAYOUT = {
    "TYPE_AT": _HEADER - 8,
    "DATA_AT": _HEADER,
    "RANK_AT": _HEADER + 8,
    "SHAPE_AT": _HEADER + 16,
    "STRIDES_AT": _HEADER + 24,
    "BASE_AT": _HEADER + 32,
    "DESCR_AT": _HEADER + 40,
    "FLAGS_AT": _HEADER + 48,
    "BYTES_AT": bytes.__basicsize__ - 1,
    "OWNDATA": 0x4,
    "WRITEABLE_CONTIGUOUS": 0x400 | 0x1,
    "NEW_FLAGS": 0x400 | 0x100 | 0x1,  # writeable, aligned, C-contiguous
}
_NUMPY_INTERFACE = 0x02000000
_VERSION, _NEW_FROM_DESCR, _SET_BASE_OBJECT = 0, 94, 282  # in NumPy's table of functions

_PYTHON_FUNCTIONS = {
    "list_new": "PyList_New",
    "list_size": "PyList_Size",
    "list_get": "PyList_GetItem",
    "list_set": "PyList_SetItem",
    "take": "Py_IncRef",
    "drop": "Py_DecRef",
    "call_none": "PyObject_CallNoArgs",
    "call_format": "PyObject_CallFunction",
    "save_thread": "PyEval_SaveThread",
    "restore_thread": "PyEval_RestoreThread",
}


@cache
def layout() -> dict[str, int] | None:
    """Offsets and flags by the names that `chainrule.runtime.direct_ir` uses; None if unsure."""
    usual = (
        sys.implementation.name == "cpython"
        and sys.byteorder == "little"
        and ctypes.sizeof(ctypes.c_void_p) == 8
        and _HEADER == 16  # neither a build that traces references nor one without the lock
    )
    return _LAYOUT if usual and _fields_are_right() else None


@cache
def functions() -> dict[str, int] | None:
    """Addresses of the functions that native code calls; None for another NumPy interface."""
    try:
        numpy_module = import_module("numpy._core._multiarray_umath")
        table = _pointer_in_capsule(numpy_module._ARRAY_API)
    except (ImportError, AttributeError, ValueError):
        return None
    word = ctypes.sizeof(ctypes.c_void_p)
    entries = {
        number: ctypes.c_void_p.from_address(table + word * number).value or 0
        for number in (_VERSION, _NEW_FROM_DESCR, _SET_BASE_OBJECT)
    }
    if ctypes.CFUNCTYPE(ctypes.c_uint)(entries[_VERSION])() != _NUMPY_INTERFACE:
        return None
    found = {"new_array": entries[_NEW_FROM_DESCR], "set_base": entries[_SET_BASE_OBJECT]}
    for name, symbol in _PYTHON_FUNCTIONS.items():
        function = getattr(ctypes.pythonapi, symbol)
        found[name] = ctypes.cast(function, ctypes.c_void_p).value or 0
    return found


def _pointer_in_capsule(capsule: Any) -> int:
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    address: int = prototype(ctypes.cast(pointer, ctypes.c_void_p).value or 0)(capsule, None)
    return address


def _word(address: int, kind: Any = ctypes.c_int64) -> int:
    value: int = kind.from_address(address).value
    return value


def _fields_are_right() -> bool:
    """Whether arrays of many kinds read by their fields are what NumPy says."""
    whole = np.arange(24.0).reshape(4, 6).copy()
    frozen = whole.copy()
    frozen.flags.writeable = False
    views = whole[1:], whole[::-1, ::2], whole[2:2], whole.T, whole.reshape(2, 3, 2, 2)[0]
    others = np.array(1, np.int8), np.zeros((), bool), np.frombuffer(b"12345678", np.uint32)
    arrays_right = all(map(_array_is_right, (whole, frozen, *views, *others)))
    text = b"chainrule"
    text_right = ctypes.string_at(id(text) + _LAYOUT["BYTES_AT"], len(text)) == text
    return arrays_right and text_right and _references_are_right()


def _references_are_right() -> bool:
    """Whether an object's header counts what refers to it, and a list counts once."""
    things = [np.empty(0)]
    address = id(things[0])
    alone = _word(address, ctypes.c_int32)
    things *= 3
    return alone == 1 and _word(address, ctypes.c_int32) == 3


def _array_is_right(array: np.ndarray[Any, Any]) -> bool:
    at = {name: id(array) + offset for name, offset in _LAYOUT.items() if name.endswith("_AT")}
    flags = _word(at["FLAGS_AT"], ctypes.c_int32)
    extents, steps = _word(at["SHAPE_AT"]), _word(at["STRIDES_AT"])
    whole = array.flags.writeable and array.flags.c_contiguous
    return (
        _word(at["TYPE_AT"]) == id(np.ndarray)
        and _word(at["DATA_AT"]) == array.__array_interface__["data"][0]
        and _word(at["RANK_AT"], ctypes.c_int32) == array.ndim
        and tuple(_word(extents + 8 * axis) for axis in range(array.ndim)) == array.shape
        and tuple(_word(steps + 8 * axis) for axis in range(array.ndim)) == array.strides
        and _word(at["BASE_AT"]) == (0 if array.base is None else id(array.base))
        and _word(at["DESCR_AT"]) == id(array.dtype)
        and bool(flags & _LAYOUT["OWNDATA"]) == array.flags.owndata
        and (flags & _LAYOUT["WRITEABLE_CONTIGUOUS"] == _LAYOUT["WRITEABLE_CONTIGUOUS"]) == whole
    )
