"""Blocks of aligned memory, and pools in which a block is lent while something refers to it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

ALIGNMENT = 64
"""Bytes: a cache line, and the widest vector register of any CPU that we know."""

PAGE = 4096
PLACE = PAGE // 2 + ALIGNMENT
"""Where in a page a large block begins.

Until a store has reached the cache, the CPU compares later loads with the lower twelve bits of its
address alone: one that seems to overlap waits. NumPy's large arrays begin 16 bytes into a page. A
result that began at the first line after would have each load of the next element wait for the
store of the last: an exponential over a large array took 1.25 times as long.
"""

LARGE = 4 * PAGE
"""Bytes from which on a page more does not matter."""


class AlignedMemory(np.ndarray[Any, Any]):
    """The bytes behind one array; nothing else refers to them but the pool that they came from.

    A class of its own for two reasons: NumPy lets views of the array point to the array and
    not past it to these bytes, and `owns_memory` recognises the one array that owns them.
    """

    __slots__ = ()


def new_block(nbytes: int) -> AlignedMemory:
    """Memory with room for `nbytes` from its first aligned address on; contents undefined."""
    if nbytes < LARGE:
        return AlignedMemory(nbytes + ALIGNMENT - 1, np.uint8)
    whole = AlignedMemory(nbytes + PAGE, np.uint8)
    start = (PLACE - whole.__array_interface__["data"][0]) % PAGE
    return AlignedMemory(nbytes, np.uint8, whole, start)


class Blocks(list[AlignedMemory]):
    """A pool of blocks of one size.

    A block is free while the pool alone refers to it: there is nothing to give back, and an
    array that shows the block keeps it from being lent again for as long as the array, or any
    view of it, lives. Calling the pool makes another block.

    Parameters
    ----------
    nbytes : int
        Room in each block.
    most : int, optional
        How many blocks the pool keeps, the latest; as many as were ever lent together by
        default. A block that it does not keep goes when the last reference to it goes.
    """

    def __init__(self, nbytes: int, most: int | None = None) -> None:
        super().__init__()
        self.nbytes = nbytes
        self.most = most

    def __call__(self) -> AlignedMemory:
        """A new block, kept in the pool from now on."""
        block = new_block(self.nbytes)
        self.append(block)
        if self.most is not None and len(self) > self.most:
            del self[0]
        return block

    def borrow(self) -> AlignedMemory:
        """A block that is nobody else's while the caller refers to it."""
        for block in self:
            if sys.getrefcount(block) == _REFERENCES_OF_A_FREE_BLOCK:
                return block
        return self()


def _references_in_a_loop(things: list[object]) -> int:
    """What the loop of `borrow` sees for something that only the list refers to."""
    for thing in things:
        if references := sys.getrefcount(thing):
            return references
    return 0


_REFERENCES_OF_A_FREE_BLOCK = _references_in_a_loop([object()])
