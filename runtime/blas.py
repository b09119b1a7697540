"""The BLAS that is already in the process: NumPy's, else SciPy's, as addresses for native code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np

ROUTINES = ("sgemm", "dgemm", "sgemv", "dgemv")


@dataclass(frozen=True)
class Blas:
    """Where the routines of one BLAS lie, and how to call them.

    Attributes
    ----------
    name : str
        The library and where it comes from.
    interface : {"cblas", "fortran"}
        CBLAS takes the order first and numbers by value; Fortran takes column-major matrices
        and a pointer to each number, and transpositions as characters.
    int_bits : {32, 64}
        Width of every dimension, leading dimension and increment.
    sgemm, dgemm, sgemv, dgemv : int
        Addresses; the library stays loaded as long as the process.
    set_num_threads, get_num_threads : callable
        The library's own thread count, for the whole process. Where it has no such switch,
        setting does nothing and getting returns 0.
    """

    name: str
    interface: Literal["cblas", "fortran"]
    int_bits: Literal[32, 64]
    sgemm: int
    dgemm: int
    sgemv: int
    dgemv: int
    set_num_threads: Callable[[int], None]
    get_num_threads: Callable[[], int]


@dataclass(frozen=True)
class _Naming:
    """How one family of builds decorates the names of BLAS and OpenBLAS functions."""

    prefix: str
    suffix: str
    int_bits: Literal[32, 64]

    def cblas(self, routine: str) -> str:
        return f"{self.prefix}cblas_{routine}{self.suffix}"

    def openblas(self, function: str) -> str:
        return f"{self.prefix}openblas_{function}{self.suffix}"


_NAMINGS = (
    _Naming("scipy_", "64_", 64),  # the wheels of NumPy
    _Naming("scipy_", "", 32),  # the wheels of SciPy
    _Naming("", "64_", 64),  # Linux distributions' OpenBLAS with 64-bit integers
    _Naming("", "", 32),  # everything else: OpenBLAS, MKL, BLIS, Accelerate
)


@cache
def find_blas() -> Blas | None:
    """The BLAS of NumPy, else of SciPy, else None; looked for once per process.

    Examples
    --------
    >>> blas = find_blas()
    >>> blas is None or blas.interface in ("cblas", "fortran")
    True
    """
    return find_numpy_blas() or find_scipy_blas()


def describe() -> str:
    """One line about the BLAS in use."""
    blas = find_blas()
    if blas is None:
        return "no BLAS found: matrix products use generated code only"
    threads = blas.get_num_threads()
    count = f"{threads} threads" if threads else "threads not adjustable"
    return f"{blas.name}, {blas.interface} interface, {blas.int_bits}-bit integers, {count}"


@contextmanager
def blas_threads(n: int) -> Iterator[None]:
    """Let BLAS use at most `n` threads inside the block, and as many as before after it.

    The count belongs to the process: blocks in several threads at once see each other's.
    """
    if n < 1:
        raise ValueError(f"BLAS needs at least one thread, not {n}.")
    blas = find_blas()
    if blas is None:
        yield
        return
    before = blas.get_num_threads()
    blas.set_num_threads(n)
    try:
        yield
    finally:
        blas.set_num_threads(before)


def find_numpy_blas() -> Blas | None:
    """The BLAS that NumPy's own products call."""
    if "ilp64" in _numpy_blas_name():
        # MKL gives both widths the same names: taking one for the other corrupts memory.
        namings = tuple(naming for naming in _NAMINGS if naming.int_bits == 64)
    else:
        namings = _NAMINGS
    for library in _numpy_libraries():
        for naming in namings:
            addresses = [_address(library, naming.cblas(routine)) for routine in ROUTINES]
            if all(addresses):
                return _blas(library, "NumPy", "cblas", naming.int_bits, addresses)
    return None


def find_scipy_blas() -> Blas | None:
    """The BLAS that SciPy offers to Cython, through the pointers that Cython itself uses."""
    try:
        from scipy.linalg import cython_blas
    except ImportError:
        return None
    capsules = [cython_blas.__pyx_capi__.get(routine) for routine in ROUTINES]
    # A capsule's name is the C signature; another integer type than int has no known width.
    if any(capsule is None or b", int *" not in _capsule_name(capsule) for capsule in capsules):
        return None
    addresses = [_capsule_pointer(capsule, _capsule_name(capsule)) for capsule in capsules]
    library = ctypes.CDLL(cython_blas.__file__)
    return _blas(library, "SciPy", "fortran", 32, addresses)


def _blas(
    library: ctypes.CDLL,
    owner: str,
    interface: Literal["cblas", "fortran"],
    int_bits: Literal[32, 64],
    addresses: list[int],
) -> Blas:
    """The record of a library whose `ROUTINES` lie at `addresses`."""
    name = f"{_library_name(library)} of {owner}"
    set_num_threads, get_num_threads = _thread_functions(library)
    return Blas(
        name=name,
        interface=interface,
        int_bits=int_bits,
        set_num_threads=set_num_threads,
        get_num_threads=get_num_threads,
        **dict(zip(ROUTINES, addresses, strict=True)),
    )


def _numpy_blas_name() -> str:
    """The name under which NumPy's build found its BLAS, such as "scipy-openblas"."""
    built_with: Any = np.show_config(mode="dicts")
    return str(built_with.get("Build Dependencies", {}).get("blas", {}).get("name", ""))


def _numpy_libraries() -> Iterator[ctypes.CDLL]:
    """Libraries to search: NumPy's extension module, then what its wheel brought along.

    Where the system's loader searches a library's dependencies too (all but Windows), the
    extension module gives just the BLAS that it was linked with, wherever that lies.
    """
    yield ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
    bundled = Path(np.__file__).parents[1] / "numpy.libs"
    for path in sorted(bundled.glob("*openblas*.dll")):
        yield ctypes.CDLL(str(path))


def _address(library: ctypes.CDLL, name: str) -> int:
    """The address of a function, or 0 where the library has none of that name."""
    function = getattr(library, name, None)
    return (ctypes.cast(function, ctypes.c_void_p).value or 0) if function is not None else 0


def _library_name(library: ctypes.CDLL) -> str:
    """The library's name and version where it tells them, as OpenBLAS does."""
    for naming in _NAMINGS:
        address = _address(library, naming.openblas("get_config"))
        if address:
            config = ctypes.CFUNCTYPE(ctypes.c_char_p)(address)()
            return " ".join(config.decode().split()[:2])
    return "BLAS"


def _thread_functions(library: ctypes.CDLL) -> tuple[Callable[[int], None], Callable[[], int]]:
    """The setter and the getter of the library's thread count."""
    names = [
        (naming.openblas("set_num_threads"), naming.openblas("get_num_threads"))
        for naming in _NAMINGS
    ]
    names.append(("MKL_Set_Num_Threads", "MKL_Get_Max_Threads"))
    for setter, getter in names:
        addresses = _address(library, setter), _address(library, getter)
        if all(addresses):
            set_threads = ctypes.CFUNCTYPE(None, ctypes.c_int)(addresses[0])
            get_threads = ctypes.CFUNCTYPE(ctypes.c_int)(addresses[1])
            return set_threads, get_threads
    return (lambda n: None), (lambda: 0)


# Own prototypes: `ctypes.pythonapi.name.restype = ...` would change them for everyone.
_capsule_name = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(
    ("PyCapsule_GetName", ctypes.pythonapi)
)
_capsule_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
