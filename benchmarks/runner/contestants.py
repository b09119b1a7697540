"""Who takes part, and how each is told how many threads it has."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from .workload import Skip

CHAINRULE = "chainrule"

ORDER = (
    CHAINRULE,
    "chainrule-native",
    "numpy",
    "torch",
    "torch-plain",
    "torch-compile",
    "jax",
    "pytensor",
    "onnxruntime",
    "copy",
)
"""All contestants, in the order of columns and turns."""

PEERS = ("numpy", "torch", "torch-compile", "jax", "pytensor", "onnxruntime")
"""What ``--peers`` chooses from; variants such as ``torch-plain`` follow their library."""

_THREADS = (
    "CHAINRULE_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)

# They make OpenBLAS believe in another processor, slower than a user's NumPy, and Python compile
# the sources of what is not installed in each process.
_MISLEADING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")

_CACHES = {
    "CHAINRULE_CACHE_DIR": "off",
    "JAX_COMPILATION_CACHE_DIR": "",
}

# Checks that the tests ask for would be timed.
_CHECKS = ("CHAINRULE_VERIFY",)


def library(contestant: str) -> str:
    """The module that a contestant imports."""
    return "numpy" if contestant == "copy" else contestant.split("-")[0]


def wanted(contestant: str, peers: tuple[str, ...]) -> bool:
    """Whether a contestant takes part when these peers are asked for."""
    if library(contestant) == CHAINRULE or contestant == "copy":
        return True
    return contestant in peers or (contestant not in PEERS and library(contestant) in peers)


def environment(threads: int) -> dict[str, str]:
    """The variables of a measuring process; libraries read them when they are imported."""
    found = {k: v for k, v in os.environ.items() if k not in (*_MISLEADING, *_CHECKS)}
    found.update(dict.fromkeys(_THREADS, str(threads)))
    found.update(_CACHES, JAX_PLATFORMS="cpu")
    if threads == 1:
        flags = found.get("XLA_FLAGS", "")
        found["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    return found


def pin(threads: int) -> None:
    """Leave this process as many cores as it has threads: JAX counts cores and nothing else."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def thread_count() -> int:
    """How many threads the variables of this process allow; one where they say nothing."""
    return int(os.environ.get(_THREADS[0], 1))


def import_library(contestant: str, threads: int) -> Any:
    """Import a contestant's library and set its threads."""
    name = library(contestant)
    try:
        module = import_module(name)
    except ImportError:
        raise Skip(f"{name} is not installed") from None
    if name == "torch":
        module.set_num_threads(threads)
    return module


def start(contestant: str, threads: int) -> str:
    """Import a contestant's library, see whether it works, return its version."""
    module = import_library(contestant, threads)
    if contestant == "torch-compile":
        _try_torch_compile(module)
    return str(module.__version__)


def _try_torch_compile(torch: Any) -> None:
    try:
        torch.compile(lambda x: torch.tanh(x) + 1)(torch.ones(3))
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise Skip(f"torch.compile fails here: {(reason or ['no reason given'])[0]}") from None


def cache_in(contestant: str, folder: str) -> dict[str, str]:
    """The variables that make a contestant keep all its programs in a folder."""
    name = library(contestant)
    if name == "jax":  # by itself it keeps only what took longer than a second to compile
        return {
            "JAX_COMPILATION_CACHE_DIR": folder,
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
    variables = {"chainrule": "CHAINRULE_CACHE_DIR", "torch": "TORCHINDUCTOR_CACHE_DIR"}
    return {variables[name]: folder} if name in variables else {}


@contextmanager
def no_caches(contestant: str) -> Iterator[dict[str, str]]:
    """The variables that let a contestant find nothing that it compiled before."""
    if contestant != "torch-compile":
        yield {}  # as all measuring processes are
        return
    with tempfile.TemporaryDirectory() as folder:
        yield {"TORCHINDUCTOR_CACHE_DIR": folder, "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}


def warm(contestant: str) -> None:
    """Compile and run one small function: what a process does once is then done."""
    import numpy as np

    name, numbers = library(contestant), np.linspace(-1, 1, 5, dtype=np.float32)
    if name == "chainrule":
        cr = import_module("chainrule")
        cr.compile(cr.value_and_grad(lambda x: np.square(x).sum()))(numbers)
    elif name == "jax":
        jax = import_module("jax")
        jax.block_until_ready(jax.jit(jax.value_and_grad(lambda x: (x * x).sum()))(numbers))
    # torch.compile was tried when its process started.


def forget(contestant: str) -> None:
    """Drop what a library keeps of functions that are over."""
    if contestant == "torch-compile":
        import_module("torch._dynamo").reset()
