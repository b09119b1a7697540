"""Which arrays a kernel reads so that its result may take their memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..kernel.grammar import Array, Body, Combine, Statement, Store, inside, loads, outside
from ..kernel.joining import address_of
from .blocks import blocks_of, targets_of


def replaceable(body: Body) -> tuple[Array, ...]:
    """Arrays of which each element is read where, and not after, a result's is written."""
    reads, writes = outside(body.statements)
    first, places = _stores(body, writes)
    loaded: dict[Array, list[tuple[int, int]]] = {array: [] for array in reads}
    for number, block in _blocks(body.statements):
        for load in loads(block):
            if load.detail in loaded:
                loaded[load.detail].append((number, id(address_of(body.terms, load))))
    found = []
    for array in reads:
        if array in writes or any(array.size != other.size for other in writes):
            continue
        own = loaded[array]
        if max(number for number, _ in own) <= first and {place for _, place in own} == places:
            found.append(array)
    return tuple(found)


def _stores(body: Body, writes: Sequence[Array]) -> tuple[int, set[int]]:
    """The number of the first block that writes to them, and the places written to in its loops.

    What later loops write no longer matters to an array that is not read there.
    """
    outer = set(map(id, writes))
    number = 0
    for statement in body.statements:
        first, places = -1, set()
        for block in _in_order([statement]):
            for each in block:
                array = targets_of(each)[0]
                if id(array) in outer:
                    first = number if first < 0 else first
                    places.add(id(body.terms.flat(each.where, array.shape)))
            number += 1
        if places:
            return first, places
    return -1, set()


def _blocks(statements: Sequence[Statement]) -> Iterator[tuple[int, Sequence[Store | Combine]]]:
    """The straight-line blocks in the order in which they run first, numbered."""
    yield from enumerate(_in_order(statements))


def _in_order(statements: Sequence[Statement]) -> Iterator[Sequence[Store | Combine]]:
    run: list[Store | Combine] = []
    for statement in statements:
        if isinstance(statement, (Store, Combine)):
            run.append(statement)
            continue
        yield from blocks_of(run)
        run = []
        yield from _in_order(inside(statement))
    yield from blocks_of(run)
