"""Lines of results, asked for while the kernel is busy with what goes into them.

A kernel of rows walks each several times. The first walk waits for memory to read the row, the last
for memory to write it: the processor has to own a line before it changes a part of it. In between
memory has nothing to do, so the walk before the last asks for the lines, element by element.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..kernel.grammar import Array, Body, For, Local, Statement, Store
from ..kernel.joining import Loop
from ..kernel.schedule import Schedule, step_of
from ..scalar import Scalar
from .point import Point
from .prefetch import LARGE

Target = tuple[Array, Scalar]
"""An array, and the address in it."""


def later_targets(body: Body, schedule: Schedule) -> dict[int, list[Target]]:
    """By the id of a loop across lanes, the second over a row or a later: what the next stores."""
    found: dict[int, list[Target]] = {}
    pending: list[Sequence[Statement]] = [body.statements]
    while pending:
        before: dict[tuple[Loop, ...], list[For]] = {}
        for statement in _flat(pending.pop()):
            if not isinstance(statement, For):
                continue
            walk = schedule.walks[id(statement)]
            if not walk.lanes:
                pending.append(walk.statements)
            elif len(walk.loops) == 1:
                walked = before.setdefault(walk.loops, [])
                if len(walked) > 1:
                    found[id(walked[-1])] = list(_targets(body, statement, walk.loops[0].axis))
                walked.append(statement)
    return found


def _flat(statements: Sequence[Statement]) -> Iterator[Statement]:
    """The statements, with those that see local arrays in their place."""
    for statement in statements:
        if isinstance(statement, Local):
            yield from _flat(statement.statements)
        else:
            yield statement


def _targets(body: Body, loop: For, lane: int) -> Iterator[Target]:
    """The neighbouring elements of large arrays that a loop stores."""
    for statement in loop.statements:
        if isinstance(statement, Store) and statement.array.nbytes >= LARGE:
            place = body.terms.flat(statement.where, statement.array.shape)
            if step_of(body.terms, place, lane) == 1:
                yield statement.array, place


def ask_for(here: Point, targets: Sequence[Target]) -> None:
    """Fetch the lines at this point, to be written to."""
    function = here.function
    for array, address in targets:
        pointer, _ = here.memory.of(array, written=True)
        place = function.do(f"mul i64 {here.value(address).text}, {array.dtype.itemsize}")
        there = function.do(f"getelementptr i8, ptr {pointer}, i64 {place}")
        function.declare("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        function.act(f"call void @llvm.prefetch.p0(ptr {there}, i32 1, i32 3, i32 1)")
