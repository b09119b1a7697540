"""The verifier of kernels: finds the first invariant that one breaks, and shows where."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import VerificationError
from .grammar import Body
from .invariants import CHECKS, Fault, Kernel
from .places import accesses_inside
from .rounds import rounds_apart
from .text import excerpt


def verify(body: Body, name: str = "kernel") -> None:
    """Check that a body is sound; see `invariants`, `places` and `rounds` for what is checked.

    Raises
    ------
    VerificationError
        With what is wrong, and the ten lines round the fault.
    """
    for fault in _faults(body):
        told = [f"kernel {name}: {fault.sentence}", *excerpt(body, fault.statement)]
        raise VerificationError("\n".join(told))


def _faults(body: Body) -> Iterator[Fault]:
    kernel = Kernel(body)
    for check in (*CHECKS, accesses_inside, rounds_apart):
        yield from check(kernel)
