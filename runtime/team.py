"""The thread team: one for the process, shared by all programs.

Programs call four native functions through their import table. ``run`` has a function done by
several threads at once, the caller's among them; these ``claim`` items of work, say when they
``finish`` one, and ``await`` those that others do. No thread but the caller's is sure to come. A
caller that finds the team at work, in another Python thread or further out on its own stack, does
all of its work alone. Workers start with the first run that needs them, see no Python, and
sleep when nothing is to do. A child process has none after a fork, until it needs them.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from .errors import ChainruleError
from .kept import kept_module
from .llvm import NativeModule
from .team_ir import MOST_THREADS, supported, team_ir

__all__ = ["ThreadsError", "limited_to", "set_threads", "supported", "team_addresses", "threads"]

VARIABLE = "CHAINRULE_THREADS"
"""The environment variable that says how many threads programs may use."""


CALLED = ("run", "claim", "finish", "await")
"""What programs call."""


class ThreadsError(ChainruleError, ValueError):
    """A number of threads that cannot be.

    Wrong: ``set_threads(0)``. Right: ``set_threads(1)`` for the caller's thread alone.
    """


_LOCK = threading.Lock()
_chosen: list[int] = []


def threads() -> int:
    """How many threads programs may use, the caller's included.

    What `set_threads` said last, else the environment variable ``CHAINRULE_THREADS``, else the
    number of CPUs that this process may run on; 1 on systems that the team does not know (it
    knows Linux on x86-64 and ARM).

    Raises
    ------
    ThreadsError
        If the environment variable is no whole number from 1 to 64.
    """
    if not supported():
        return 1
    if _chosen:
        return _chosen[0]
    named = os.environ.get(VARIABLE)
    if named is not None:
        return _checked(int(named) if named.strip().isdigit() else named, VARIABLE)
    return min(MOST_THREADS, len(os.sched_getaffinity(0)))


def set_threads(count: int) -> None:
    """Let programs that are compiled from now on use so many threads; results do not change.

    Raises
    ------
    ThreadsError
        If `count` is no whole number from 1 to 64.
    """
    with _LOCK:
        _chosen[:] = [_checked(count, "the number of threads")]


@contextmanager
def limited_to(count: int) -> Iterator[None]:
    """`set_threads` for the time of a ``with`` block."""
    before = list(_chosen)
    set_threads(count)
    try:
        yield
    finally:
        _chosen[:] = before


def team_addresses() -> dict[str, int]:
    """The addresses of what programs call, by name."""
    module = _module()
    return {name: module.address(f"team_{name}") for name in CALLED}


def _checked(count: object, what: str) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_THREADS:
        raise ThreadsError(f"{what} is {count!r}, wanted a whole number from 1 to {MOST_THREADS}")
    return count


@cache
def _module() -> NativeModule:
    """The team's machine code, loaded for good: its threads run it until the process ends."""
    with _LOCK:
        module = kept_module("team", team_ir(), opt=2)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(module))
        ctypes.CFUNCTYPE(None, ctypes.c_int64)(module.address("team_limit"))(MOST_THREADS)
        forget = ctypes.CFUNCTYPE(None)(module.address("team_forget"))
        os.register_at_fork(after_in_child=forget)
    return module
