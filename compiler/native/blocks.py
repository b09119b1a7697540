"""Straight-line statements in blocks that read nothing that they write."""

from __future__ import annotations

from collections.abc import Sequence

from ..kernel.grammar import Array, Combine, Store, expressions
from ..kernel.terms import postorder
from ..scalar import Word


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
    read_by = _reads(run)
    blocks: list[list[Store | Combine]] = []
    written: set[int] = set()
    for statement, read in zip(run, read_by, strict=True):
        if not blocks or not read.isdisjoint(written):
            blocks.append([])
            written = set()
        blocks[-1].append(statement)
        written |= {id(array) for array in targets_of(statement)}
    return blocks


def _reads(run: Sequence[Store | Combine]) -> list[set[int]]:
    """Which of the arrays that the run writes each statement reads, by their ids.

    Statements share most of their expressions, so every part is looked at once.
    """
    targets = {id(array) for statement in run for array in targets_of(statement)}
    below: dict[int, frozenset[int]] = {}
    nothing: frozenset[int] = frozenset()
    for part in postorder([root for statement in run for root in expressions(statement)]):
        found = nothing.union(*(below[id(operand)] for operand in part.operands))
        if part.word is Word.LOAD and id(part.detail) in targets:
            found |= {id(part.detail)}
        below[id(part)] = found
    return [
        {key for root in expressions(statement) for key in below[id(root)]}
        | ({*map(id, statement.arrays)} if isinstance(statement, Combine) else set())
        for statement in run
    ]
