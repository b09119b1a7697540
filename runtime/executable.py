"""A native program as a Python callable, and the binary interface between the two.

The interface
-------------
A program is one function::

    int64 entry(void** arguments, int64* strides, void** results,
                void* arena, void** imports, Status* status)

    struct Status { int64 unit; int64 code; int32* interrupt; }

All integers are signed, in the machine's byte order; all tables are read-only to the entry.

``arguments[i]``
    The address of the element with index (0, ..., 0) of argument i. Any alignment: the entry
    loads with alignment 1, or looks first. The entry must not write there, except through a
    result that takes the argument's memory.
``strides``
    The strides of all arguments in bytes, one after the other, those of argument i from the sum
    of the ranks before it on. They may be zero, negative, or no multiple of the element's size.
    An array that NumPy would lay out itself has the strides NumPy would give it; everything else
    is the slow path, and the entry packs it or walks it by its strides. The stride of an axis of
    length 1, and all strides of an array without elements, mean nothing.
``results[j]``
    C-contiguous memory for result j, its contents undefined, that outlives the call and belongs
    to the caller. It is 64-byte aligned, unless result j has a donor: then it is the memory of
    that argument (``results[j] == arguments[donor]``), aligned as the argument is, and still
    holds the argument's values. No other argument or result overlaps it.
``arena``
    Scratch of the size that the program asked for, 64-byte aligned, contents undefined, used by
    no other call at the same time; null if the program asked for none.
``imports``
    Addresses of functions outside the program (BLAS, LAPACK, callbacks), in the order the
    program declared. Object code holds none itself.
``status``
    For a failure: the unit's index and a code, whose meanings the program's owner knows.
    ``interrupt`` points to a word that long loops may poll; it is zero, and non-zero will mean:
    return early. It is reserved, never null.
returned value
    0 for success. Anything else says that ``unit`` and ``code`` were written; then results,
    donated arguments among them, hold undefined values.

The pointer to an array without elements may be read from a table but not through. The entry
may be called from any thread, several times at once, and runs without the interpreter lock; a
callback in the import table takes the lock itself.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .blocks import Blocks
from .buffers import address_of, array_in, copy_aligned, donation_faults
from .direct import Target, direct_call
from .errors import DonationWarning, MismatchError
from .frames import warn
from .specs import ArraySpec, ResultSpec


class Status(ctypes.Structure):
    """What an entry reports; see the module's text."""

    _fields_ = (
        ("unit", ctypes.c_int64),
        ("code", ctypes.c_int64),
        ("interrupt", ctypes.c_void_p),
    )


RESULTS_KEPT = 2
"""Blocks kept for each result: the last result often lives while the next is computed."""

# One word for all programs, as Ctrl-C is one event for the process.
_interrupt = ctypes.c_int32(0)

_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 6)


class Executable:
    """Calls a native entry with NumPy arrays.

    Parameters
    ----------
    address : int
        Where the entry lies.
    arguments : tuple of ArraySpec
        What the entry reads.
    results : tuple of ResultSpec
        What the entry writes.
    arena_bytes : int
        Scratch that each call needs.
    imports : tuple of int
        The addresses for the import table.
    keepalive : tuple
        Whatever owns the memory behind `address` and `imports`.
    on_status : callable
        Turns a failed call's unit and code into the exception to raise.

    Attributes
    ----------
    direct : callable or None
        From a list of arrays to the list of results, or to None before anything happened if the
        call is unusual (see `chainrule.runtime.direct`); the executable itself takes every call.
        None on an interpreter that it does not know.

    Notes
    -----
    May be called from several threads at once. The memory of a result is used again only when
    the result and all views of it are gone; a result with a donor is the donated array itself,
    and views of that array see the new values. An array that cannot be donated (see
    `donation_faults`) is copied with a `DonationWarning` and left as it was.
    """

    def __init__(
        self,
        address: int,
        arguments: tuple[ArraySpec, ...],
        results: tuple[ResultSpec, ...],
        *,
        arena_bytes: int = 0,
        imports: tuple[int, ...] = (),
        keepalive: tuple[object, ...] = (),
        on_status: Callable[[int, int], Exception],
    ) -> None:
        _check_donors(arguments, results)
        self.arguments = arguments
        self.results = results
        self.arena_bytes = arena_bytes
        self._donors = [result.donor for result in results if result.donor is not None]
        self._imports = (ctypes.c_void_p * len(imports))(*imports)
        self._arenas = Blocks(arena_bytes) if arena_bytes else None
        self._blocks = [_blocks_for(result) for result in results]
        self._entry = _ENTRY(address)
        self._keepalive = (*keepalive, self._imports)

        def fail(unit: int, code: int) -> NoReturn:
            raise on_status(unit, code)

        self._fail = fail
        target = Target(
            address,
            ctypes.addressof(self._imports),
            ctypes.addressof(_interrupt),
            self._arenas,
            self._blocks,
            fail,
        )
        self.direct = direct_call(arguments, results, target, self._keepalive)

    def __call__(self, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run the program once.

        Parameters
        ----------
        arrays : sequence of ndarray
            One for each of `arguments`, with its shape and dtype; any strides.

        Returns
        -------
        list of ndarray
            One for each of `results`.

        Raises
        ------
        MismatchError
            If the arrays are not those that the program was compiled for.
        """
        leaves = [*arrays]  # a list of our own: nobody changes it while the entry runs
        if self.direct is not None:
            outputs = self.direct(leaves)
            if outputs is not None:
                return outputs
        return self._in_python(leaves)

    def _in_python(self, leaves: list[Any]) -> list[NDArray[Any]]:
        """Any call: with conversions, copies, warnings and complaints."""
        arrays = self._checked(leaves)
        if self._donors:
            arrays = self._donatable(arrays)
        outputs = [
            arrays[spec.donor or 0]
            if blocks is None
            else array_in(blocks.borrow(), spec.shape, spec.dtype)
            for spec, blocks in zip(self.results, self._blocks, strict=True)
        ]
        strides = [*chain.from_iterable(array.strides for array in arrays)]
        arena = self._arenas.borrow() if self._arenas is not None else None
        status = Status(0, 0, ctypes.addressof(_interrupt))
        failed = self._entry(
            (ctypes.c_void_p * len(arrays))(*map(address_of, arrays)),
            (ctypes.c_int64 * len(strides))(*strides),
            (ctypes.c_void_p * len(outputs))(*map(address_of, outputs)),
            None if arena is None else address_of(array_in(arena, (0,), arena.dtype)),
            self._imports,
            ctypes.addressof(status),
        )
        if failed:
            self._fail(status.unit, status.code)
        return outputs

    def _checked(self, leaves: list[Any]) -> list[NDArray[Any]]:
        """The leaves as arrays, if they are what the program was compiled for."""
        if len(leaves) != len(self.arguments):
            wanted = len(self.arguments)
            raise MismatchError(f"The program takes {wanted} arrays, and {len(leaves)} were given.")
        # A NumPy scalar is an array without axes in all but its memory.
        arrays = [np.asarray(x) if isinstance(x, np.generic) else x for x in leaves]
        for array, spec in zip(arrays, self.arguments, strict=True):
            if not isinstance(array, np.ndarray):
                got = f"a {type(array).__name__}"
            elif (array.shape, array.dtype) != (spec.shape, spec.dtype):
                got = str(ArraySpec(array.shape, array.dtype, spec.name))
            else:
                continue
            message = (
                f"The argument `{spec.name}` is {got}, and the program was compiled for {spec}."
            )
            raise MismatchError(message)
        return arrays

    def _donatable(self, arrays: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """The arrays, with a copy in the place of each donated one that must not be written."""
        ready = list(arrays)
        for donor, fault in donation_faults(arrays, self._donors):
            name = self.arguments[donor].name
            message = f"argument `{name}` {fault}: its memory is not reused, it is copied"
            warn(message, DonationWarning)
            ready[donor] = copy_aligned(arrays[donor])
        return ready


def _blocks_for(result: ResultSpec) -> Blocks | None:
    """The pool of a result's memory, if it has no donor."""
    if result.donor is not None:
        return None
    return Blocks(math.prod(result.shape) * result.dtype.itemsize, RESULTS_KEPT)


def _check_donors(arguments: tuple[ArraySpec, ...], results: tuple[ResultSpec, ...]) -> None:
    """Refuse a plan in which a result does not fit its donor, or two results share one."""
    taken: set[int] = set()
    for index, result in enumerate(results):
        if result.donor is None:
            continue
        donor = arguments[result.donor]
        if (donor.shape, donor.dtype) != (result.shape, result.dtype):
            raise ValueError(f"Result {index} differs in type from its donor `{donor.name}`.")
        if result.donor in taken:
            raise ValueError(f"Two results take the memory of argument `{donor.name}`.")
        taken.add(result.donor)
