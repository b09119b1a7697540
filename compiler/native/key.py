"""The key of a native program: a digest of everything that decides its machine code."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...runtime import team
from ...runtime.blas import find_blas
from ...runtime.llvm import host, versions
from ..algebra import table
from ..graph import Graph, nested_graphs
from ..sources import digest_of, is_own, op_digest, own_digest

if TYPE_CHECKING:
    from ..pipeline import Pass

FORMAT = 1
"""The version of what `cached` writes."""


def program_key(
    traced: Graph, passes: Sequence[Pass] | None, donors: Mapping[int, int], threads: int | None
) -> str:
    """The name under which the program of a traced graph is kept.

    Two graphs of one fingerprint share a program, whatever their lines and names are: those are
    looked up in the traced graph when somebody asks. Without `passes` they are our own sources'.

    Raises
    ------
    UnreadableError
        When something that decides the code has no digest, with what it is.
    """
    parts = (
        FORMAT,
        own_digest(),
        _foreign_digest(traced),
        None if passes is None else [(each.name, digest_of([each.run])) for each in passes],
        traced.fingerprint,
        sorted(donors.items()),
        threads or team.threads(),
        host(),
        versions(),
        _blas(),
        (np.__version__, platform.machine(), sys.implementation.cache_tag),
    )
    return hashlib.blake2b(repr(parts).encode(), digest_size=20).hexdigest()


def _foreign_digest(traced: Graph) -> str:
    """The ops and rewrite rules that are not chainrule's own."""
    ops = {unit.op for graph in nested_graphs(traced) for unit in graph.units}
    digests = sorted(op_digest(op) for op in ops if not is_own(op.__module__))
    rules = [rule for home, rule in table.homes() if not is_own(home)]
    return f"{digests} {digest_of(rules) if rules else ''}"


def _blas() -> tuple[str, int] | None:
    """What of BLAS decides the code: how it is called, not where it lies."""
    blas = find_blas()
    if blas is None:
        return None
    return blas.interface, blas.int_bits
