"""Aligned memory, who owns it, and pools."""

from collections.abc import Callable

import numpy as np
import pytest

from chainrule.runtime.buffers import (
    ALIGNMENT,
    _address_by_interface,
    address_of,
    copy_aligned,
    donation_faults,
    empty_aligned,
    owns_memory,
)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5), (2, 0, 4)])
@pytest.mark.parametrize("dtype", [np.bool_, np.int64, np.float32, np.complex128])
def test_empty_aligned(shape: tuple[int, ...], dtype: type) -> None:
    array = empty_aligned(shape, np.dtype(dtype))
    assert type(array) is np.ndarray
    assert (array.shape, array.dtype) == (shape, dtype)
    assert array.ctypes.data % ALIGNMENT == 0
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert owns_memory(array)


@pytest.mark.parametrize("length", [4096, 5000, 2**20])
def test_large_arrays_begin_in_the_middle_of_a_page(length: int) -> None:
    """Far from where NumPy's begin: loads and stores of the same element never seem to overlap."""
    array = empty_aligned((length,), np.dtype(np.float32))
    array[:] = 1
    assert array.ctypes.data % 4096 == 2112
    assert owns_memory(array)
    view = array[3:]
    del array
    np.testing.assert_array_equal(view, np.ones(length - 3, np.float32))


def test_address_of_is_numpys() -> None:
    whole = np.arange(24.0).reshape(2, 3, 4)
    for array in (whole, whole[1:, ::-1], whole.T, np.empty(0), empty_aligned((3,), whole.dtype)):
        assert address_of(array) == array.ctypes.data == _address_by_interface(array)


def test_copy_aligned_straightens_the_layout() -> None:
    array = np.arange(12.0).reshape(3, 4)[::-1, ::2]
    copy = copy_aligned(array)
    np.testing.assert_array_equal(copy, array)
    assert copy.flags.c_contiguous
    assert copy.ctypes.data % ALIGNMENT == 0


@pytest.mark.parametrize("make", [np.zeros, lambda n: empty_aligned((n,), np.dtype(np.float64))])
def test_views_do_not_own_memory(make: Callable[[int], np.ndarray]) -> None:
    array = make(8)
    assert owns_memory(array)
    for view in (array[:], array.reshape(2, 4), array.view(np.int64), array[:0]):
        assert not owns_memory(view)
        assert not owns_memory(view[:])


def test_an_own_writable_contiguous_array_can_be_donated() -> None:
    batch = np.zeros((4, 4))
    arrays = [np.zeros(3), empty_aligned((2,), np.dtype(np.float32)), batch[1:], batch[:2].T]
    assert donation_faults(arrays, [0, 1]) == []


def read_only() -> np.ndarray:
    array = np.zeros(3)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("array", "fault"),
    [
        (read_only(), "is read-only"),
        (np.asfortranarray(np.zeros((2, 3))), "is not contiguous"),
        (np.zeros(3)[:], "is a view of memory that something else owns"),
        (np.frombuffer(bytearray(8)), "is a view of memory that something else owns"),
    ],
)
def test_what_cannot_be_donated(array: np.ndarray, fault: str) -> None:
    assert donation_faults([np.zeros(3), array], [0, 1]) == [(1, fault)]


@pytest.mark.parametrize("make", [np.zeros, lambda n: empty_aligned((n,), np.dtype(np.float64))])
def test_shared_memory_is_found(make: Callable[[int], np.ndarray]) -> None:
    array = make(6)
    shared = "shares its memory with another argument"
    assert donation_faults([array, array], [0]) == [(0, "is passed twice")]
    assert donation_faults([array, array[2:]], [0]) == [(0, shared)]
    assert donation_faults([array[2:].reshape(2, 2), make(6), array], [1, 2]) == [(2, shared)]
    assert donation_faults([array, np.frombuffer(memoryview(array))], [0]) == [(0, shared)]


def test_undonated_arrays_may_share() -> None:
    array = np.zeros(3)
    assert donation_faults([array, array, np.zeros(3)], [2]) == []
