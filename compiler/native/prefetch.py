"""Rows that index arrays name, fetched some rounds before their turn.

Where such a row lies is known from its index alone: a processor that walks a table in no order
waits for memory at each row, and for the addresses of its pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..kernel.grammar import Array, Body, Combine, For, Statement, Store, inside, loads
from ..kernel.joining import Loop, address_of
from ..kernel.schedule import Schedule, step_of
from ..kernel.terms import Terms
from ..scalar import Scalar, Word
from .blocks import targets_of
from .elements import load
from .point import Point
from .scalar_llvm import register_type

AHEAD = 8
"""Rounds. Measured with rows of 400 bytes: 4 to 16 are equally good, 1 hides half of it."""

LARGE = 2**20
"""Bytes of an array from which on its rows are not in the nearest caches anyway."""

LINE = 64
MOST_LINES = 8
"""What follows in a long row, the processor fetches by itself."""

Turn = tuple[int, int]
"""A loop: the id of its outermost `For`, and its axis."""


class NamedRow(NamedTuple):
    """A row of an array, found by index arrays.

    Attributes
    ----------
    array : Array
        Whose row it is.
    indices : tuple of (Scalar, int)
        Loads of integers, and how many elements apart the rows that they count are.
    """

    array: Array
    indices: tuple[tuple[Scalar, int], ...]


def named_rows(body: Body, schedule: Schedule) -> dict[Turn, list[NamedRow]]:
    """The rows of large arrays, by the innermost loop that their indices depend on."""
    found: dict[Turn, dict[tuple[int, ...], NamedRow]] = {}
    pending: list[tuple[Sequence[Statement], tuple[Turn, ...]]] = [(body.statements, ())]
    while pending:
        statements, turns = pending.pop()
        straight = [each for each in statements if isinstance(each, (Store, Combine))]
        for row in _rows_of(body.terms, straight):
            turn = _turn(body.terms, row, turns)
            if turn is not None:
                key = (id(row.array), *(id(index) for index, _ in row.indices))
                found.setdefault(turn, {})[key] = row
        for statement in statements:
            if isinstance(statement, For):
                walk = schedule.walks[id(statement)]
                own = tuple((id(statement), loop.axis) for loop in walk.loops)
                pending.append((walk.statements, turns + own))
            else:
                pending.append((inside(statement), turns))
    return {turn: list(rows.values()) for turn, rows in found.items()}


def _rows_of(terms: Terms, statements: Sequence[Store | Combine]) -> Iterator[NamedRow]:
    """What statements without statements in them read and write by index arrays."""
    places = [(targets_of(statement)[0], statement.where) for statement in statements]
    places += [(each.detail, each.operands) for each in loads(statements)]
    for array, where in places:
        if array.nbytes >= LARGE:
            indices = tuple(_indices(terms, terms.flat(where, array.shape)))
            if indices:
                yield NamedRow(array, indices)


def _indices(terms: Terms, place: Scalar) -> Iterator[tuple[Scalar, int]]:
    for atom, factor in terms.form(place).products:
        while atom.word is Word.CAST:
            (atom,) = atom.operands
        if atom.word is Word.LOAD and atom.dtype.is_integer and factor > 0:
            yield atom, factor


def _turn(terms: Terms, row: NamedRow, turns: Sequence[Turn]) -> Turn | None:
    """The innermost loop that moves the row, if it moves from element to element of the indices."""
    places = [address_of(terms, index) for index, _ in row.indices]
    for turn in reversed(turns):
        steps = {step_of(terms, place, turn[1]) for place in places}
        if steps != {0}:
            return turn if steps == {1} else None
    return None


def fetch(here: Point, row: NamedRow, divided: Loop | None) -> None:
    """Ask for the row that is wanted some rounds after this one, or for the thread's part of it."""
    function, array = here.function, row.array
    offsets = [_ahead(here, index, factor * array.dtype.itemsize) for index, factor in row.indices]
    offset = offsets[0]
    for other in offsets[1:]:
        offset = function.do(f"add i64 {offset}, {other}")
    pointer, _ = here.memory.of(array)
    start = function.do(f"getelementptr i8, ptr {pointer}, i64 {offset}")
    function.declare("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
    itemsize, elements = array.dtype.itemsize, min(factor for _, factor in row.indices)
    first, last = "0", str(elements * itemsize - 1)
    if divided is not None and divided.extent == elements:
        first = function.do(f"mul i64 %from, {itemsize}")
        last = function.do(f"sub i64 {function.do(f'mul i64 %to, {itemsize}')}, 1")
    function.declare("declare i64 @llvm.umin.i64(i64, i64)")
    for line in range(min(MOST_LINES, -(-elements * itemsize // LINE))):
        there = function.do(f"add i64 {first}, {line * LINE}")
        inside = function.do(f"call i64 @llvm.umin.i64(i64 {there}, i64 {last})")
        place = function.do(f"getelementptr i8, ptr {start}, i64 {inside}")
        function.act(f"call void @llvm.prefetch.p0(ptr {place}, i32 0, i32 3, i32 1)")


def _ahead(here: Point, index: Scalar, nbytes: int) -> str:
    """How many bytes from the start the row lies that the index some rounds later counts."""
    function, array = here.function, index.detail
    place = here.value(address_of(here.terms, index)).text
    later = function.do(f"add i64 {place}, {AHEAD}")
    exists = function.do(f"icmp ult i64 {later}, {array.size}")
    at = function.do(f"select i1 {exists}, i64 {later}, i64 {array.size - 1}")
    pointer, align = here.memory.of(array)
    count = load(function, pointer, at, array.dtype, align)
    if array.dtype.itemsize < 8:
        extend = "sext" if array.dtype.kind == "i" else "zext"
        count = function.do(f"{extend} {register_type(array.dtype)} {count} to i64")
    return function.do(f"mul i64 {count}, {nbytes}")
