"""Straight-line statements in blocks that read nothing that they write."""

from __future__ import annotations

from collections.abc import Sequence

from ..kernel.grammar import Array, Combine, Store, loads


def targets_of(statement: Store | Combine) -> tuple[Array, ...]:
    """The arrays that a statement writes to."""
    return (statement.array,) if isinstance(statement, Store) else statement.arrays


def blocks_of(run: Sequence[Store | Combine]) -> list[list[Store | Combine]]:
    """The statements in blocks: a new one begins where something is read that the last wrote.

    In a block all values are computed before the first is stored, so that a result may lie in
    the memory of an array that the block reads at the same place.
    """
    if len(run) < 2:
        return [list(run)] if run else []
    blocks: list[list[Store | Combine]] = []
    written: set[int] = set()
    for statement in run:
        read = {id(load.detail) for load in loads([statement])}
        if isinstance(statement, Combine):
            read |= {id(array) for array in statement.arrays}
        if not blocks or read & written:
            blocks.append([])
            written = set()
        blocks[-1].append(statement)
        written |= {id(array) for array in targets_of(statement)}
    return blocks
