"""The BLAS found in the process computes products, and its threads can be limited."""

import ctypes
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.runtime import blas as blas_module
from chainrule.runtime.blas import (
    Blas,
    blas_threads,
    describe,
    find_blas,
    find_numpy_blas,
    find_scipy_blas,
)

ROW_MAJOR, NO_TRANSPOSE = 101, 111


def available(find: Callable[[], Blas | None]) -> Blas:
    blas = find()
    if blas is None:
        pytest.skip("this machine's NumPy or SciPy has no such BLAS")
    return blas


def product(blas: Blas, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b, of C-contiguous matrices, by the BLAS routine for their dtype."""
    (m, k), n = a.shape, b.shape[1]
    out = np.full((m, n), np.nan, a.dtype)
    real = ctypes.c_float if a.dtype == np.float32 else ctypes.c_double
    address = blas.sgemm if a.dtype == np.float32 else blas.dgemm
    integer = ctypes.c_int64 if blas.int_bits == 64 else ctypes.c_int32
    pointers = a.ctypes.data, b.ctypes.data, out.ctypes.data
    if blas.interface == "cblas":
        kinds = [ctypes.c_int] * 3 + [integer] * 3 + [real, ctypes.c_void_p, integer]
        kinds += [ctypes.c_void_p, integer, real, ctypes.c_void_p, integer]
        sgemm = ctypes.CFUNCTYPE(None, *kinds)(address)
        order = ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE
        sgemm(*order, m, n, k, 1.0, pointers[0], k, pointers[1], n, 0.0, pointers[2], n)
    else:
        # A row-major matrix read by columns is its transpose, and (ab)' = b'a'.
        by_reference = [ctypes.byref(integer(size)) for size in (n, m, k)]
        one, zero = ctypes.byref(real(1.0)), ctypes.byref(real(0.0))
        width_a, width_b = ctypes.byref(integer(k)), ctypes.byref(integer(n))
        gemm = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)(address)
        letters = [ctypes.c_char_p(b"N")] * 2
        operands = [pointers[1], width_b, pointers[0], width_a, zero, pointers[2], width_b]
        gemm(*letters, *by_reference, one, *operands)
    return out


@pytest.mark.parametrize("find", [find_numpy_blas, find_scipy_blas])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gemm_multiplies(
    find: Callable[[], Blas | None], dtype: type, rng: np.random.Generator
) -> None:
    a = rng.standard_normal((5, 7)).astype(dtype)
    b = rng.standard_normal((7, 3)).astype(dtype)
    np.testing.assert_allclose(product(available(find), a, b), a @ b, rtol=1e-5)


@pytest.mark.parametrize("find", [find_numpy_blas, find_scipy_blas])
def test_the_routines_have_addresses_of_their_own(find: Callable[[], Blas | None]) -> None:
    blas = available(find)
    assert len({0, blas.sgemm, blas.dgemm, blas.sgemv, blas.dgemv}) == 5


def test_the_blas_is_looked_for_once() -> None:
    assert find_blas() is find_blas()


def test_describe_names_the_library_and_its_integers() -> None:
    blas = available(find_blas)
    assert describe().startswith(blas.name)
    assert f"{blas.int_bits}-bit integers" in describe()


def test_blas_threads_restores_the_count() -> None:
    blas = available(find_blas)
    before = blas.get_num_threads()
    if before == 0:
        pytest.skip("this BLAS has no thread switch")
    with blas_threads(1):
        assert blas.get_num_threads() == 1
    assert blas.get_num_threads() == before


def test_blas_threads_restores_the_count_after_an_error() -> None:
    blas = available(find_blas)
    before = blas.get_num_threads()
    with pytest.raises(KeyError), blas_threads(1):
        raise KeyError
    assert blas.get_num_threads() == before


def test_blas_threads_refuses_zero() -> None:
    with pytest.raises(ValueError, match="at least one thread"), blas_threads(0):
        pass


def test_without_a_blas_everything_still_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas_module, "find_blas", lambda: None)
    assert describe().startswith("no BLAS found")
    with blas_threads(2):
        pass
