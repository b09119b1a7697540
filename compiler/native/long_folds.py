"""Long reductions to few results: in blocks that threads share, then over the blocks.

Each block leaves a state in an array of parts; when all are there, one thread folds the parts in
their order, and what filled no block. How many blocks there are depends on the shape and the axes
alone, so that a sum has the same bits on any number of threads. It is more exact than one chain
of additions, too, as its parts are shorter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..graph import Unit
from ..kernel.grammar import Array, Body, Local, Statement, Store
from ..kernel.terms import Terms
from ..scalar import Scalar, Word
from .arrays import nest
from .folds import Folding, last_axes
from .row_groups import MOST_BYTES

BLOCK = 2**14
"""Elements of a block: some microseconds, while to begin and to end one takes tens of cycles."""

LEAST_ROWS = 64
"""Rows of a block whose parts are rows too: they are written and read once more."""

LEAST_BLOCKS = 4
MOST_ROWS = 32
WIDE = 512
"""Rows, and columns, from which on threads share these instead."""

Element = Callable[[Sequence[Scalar]], Scalar]
"""``element(indices)``: an element of what is folded."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """How a reduction is taken in blocks.

    Attributes
    ----------
    walked : tuple of int
        The folded axes that are walked as one, in blocks.
    row : tuple of int
        The folded axes after them, of which each round takes all elements.
    count, length, left : int
        How many blocks there are, the rounds of each, and rounds that fill none.
    """

    walked: tuple[int, ...]
    row: tuple[int, ...]
    count: int
    length: int
    left: int


def blocks_of(unit: Unit) -> Blocks | None:
    """The blocks of a reduction; None where it is short, or has many results."""
    source, folded = unit.inputs[0].array_type, unit.attributes["axis"]
    shape, last = source.shape, last_axes(source.shape, folded)
    if not last or not source.size:
        return None
    own = [axis for axis in folded if shape[axis] != 1]
    others = [axis for axis in own if axis not in last]
    width = math.prod(shape[axis] for axis in last)
    kept = source.size // math.prod(shape[axis] for axis in own)
    if last[0] not in folded:
        few, walked, length = width < WIDE, own, max(LEAST_ROWS, BLOCK // width)
        kept //= width
    elif others:
        few, walked, length = True, others, max(1, BLOCK // width)
    else:
        # Rows that kernels of several passes may hold are folded alike in all kernels.
        few, walked, length = width * source.dtype.itemsize > MOST_BYTES, last, BLOCK
    rounds = math.prod(shape[axis] for axis in walked)
    if not few or kept >= MOST_ROWS or rounds < LEAST_BLOCKS * length:
        return None
    row = [axis for axis in last if axis in folded and axis not in walked]
    return Blocks(tuple(walked), tuple(row), rounds // length, length, rounds % length)


class LongFold:
    """Writes the body.

    Parameters
    ----------
    unit : Unit
        The reduction.
    blocks : Blocks
        How it is taken in blocks.
    element : callable
        Gives the terms' expressions of elements.
    out : Array
        Takes the results.
    """

    def __init__(
        self, terms: Terms, unit: Unit, blocks: Blocks, element: Element, out: Array
    ) -> None:
        self.terms = terms
        self.unit = unit
        self.blocks = blocks
        self.element = element
        self.out = out
        self.shape = unit.inputs[0].shape
        folded = unit.attributes["axis"]
        own = [axis for axis in range(len(self.shape)) if axis not in blocks.walked]
        self.axes = {axis: terms.axis(self.shape[axis]) for axis in own}
        self.row = [self.axes[axis] for axis in blocks.row]
        self.kept = [self.axes[axis] for axis in own if axis not in folded]
        last = last_axes(self.shape, folded)
        self.columns = [self.axes[axis] for axis in last if axis in own and axis not in folded]
        self.around = [axis for axis in self.kept if axis not in self.columns]
        self.where = tuple(terms.indices[axis] for axis in self.kept)

    def body(self) -> Body:
        """One loop over blocks, then one over their parts, and what is left."""
        terms, blocks = self.terms, self.blocks
        block, inside = terms.axis(blocks.count), terms.axis(blocks.length)
        index = terms.indices[block]
        start = terms.make(Word.MULTIPLY, (index, terms.number(blocks.length)), index.dtype)
        one, at = self._folding(start, inside), self._part(block)
        extents = [terms.extents[axis] for axis in self.kept]
        shape = (blocks.count, *extents) if self.columns else (*extents, blocks.count)
        parts = one.states(shape)
        first = nest(
            terms,
            [block, *self.around],
            [
                *nest(terms, self.columns, one.begin(parts, at)),
                *self._rounds(inside, [one.join(parts, at, self._read(one))]),
            ],
        )
        return Body(terms, (Local(parts, (*first, *self._together(one, parts))),))

    def _part(self, block: int) -> tuple[Scalar, ...]:
        """Where the state of a block lies: next to those that it is put together with."""
        index = self.terms.indices[block]
        return (index, *self.where) if self.columns else (*self.where, index)

    def _together(self, one: Folding, parts: Sequence[Array]) -> tuple[Statement, ...]:
        """Fold the parts in their order, then what is left, and store the results."""
        terms, blocks = self.terms, self.blocks
        states = one.states([terms.extents[axis] for axis in self.columns])
        where = tuple(terms.indices[axis] for axis in self.columns)
        block = terms.axis(blocks.count)
        loads = [terms.make(Word.LOAD, self._part(block), part.dtype, part) for part in parts]
        merged = [one.merge(states, where, loads)]
        statements = [
            *nest(terms, self.columns, one.begin(states, where)),
            *nest(terms, [block], nest(terms, self.columns, merged), ordered=bool(self.columns)),
        ]
        if blocks.left:
            inside = terms.axis(blocks.left)
            rest = self._folding(terms.number(blocks.count * blocks.length), inside)
            statements += self._rounds(inside, [rest.join(states, where, self._read(rest))])
        result = Store(self.out, one.where, one.result(states, where))
        statements += nest(terms, self.columns, [result])
        return nest(terms, self.around, [Local(states, tuple(statements))])

    def _rounds(self, inside: int, join: Sequence[Statement]) -> tuple[Statement, ...]:
        """A loop over rounds: in lanes where each takes one element, else one after the other."""
        inner = nest(self.terms, [*self.row, *self.columns], join)
        ordered = bool(self.row or self.columns)
        return nest(self.terms, [inside], inner, ordered=ordered)

    def _folding(self, start: Scalar, inside: int) -> Folding:
        """The reduction of elements from a round on, `inside` counting from there."""
        terms = self.terms
        index = terms.indices[inside]
        round_ = terms.make(Word.ADD, (start, index), index.dtype)
        found: dict[int, Scalar] = {}
        for axis in reversed(self.blocks.walked):
            extent = terms.number(self.shape[axis])
            found[axis] = terms.make(Word.TRUNCATED_REMAINDER, (round_, extent), index.dtype)
            round_ = terms.make(Word.TRUNCATED_DIVIDE, (round_, extent), index.dtype)
        own = {axis: terms.indices[number] for axis, number in self.axes.items()}
        places = {**own, **found}
        return Folding(terms, self.unit, [places[axis] for axis in range(len(self.shape))])

    def _read(self, folding: Folding) -> Scalar:
        return self.element(folding.indices)
