"""How a body runs: which loops are joined, which runs across lanes, which is divided.

A schedule changes no value: it is found from the body, and every device may have its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from ..scalar import Scalar
from .grammar import (
    Body,
    Combine,
    For,
    Local,
    Statement,
    Store,
    expressions,
    loads,
    locals_of,
    walk,
    written,
)
from .joining import Accesses, Loop, address_of, loops_over
from .terms import Terms, postorder

LEAST_INNER = 64
"""Rounds of a divided loop inside others, which then has no rest of a known length."""

GRAIN = 64
"""Rounds across lanes are dealt out in multiples of so many: whole vectors and cache lines."""

SMALL_GRAIN = 16
"""The same for loops so short that threads would get very different shares."""


@dataclass(frozen=True, slots=True)
class Walk:
    """How a loop runs with those that are alone inside it.

    Attributes
    ----------
    loops : tuple of Loop
        From the outermost on; axes of length 1 have none.
    statements : tuple of statements
        What the innermost does.
    ordered : bool
        True where rounds must run one after the other.
    lanes : bool
        True where the innermost loop may run across the lanes of a vector.
    """

    loops: tuple[Loop, ...]
    statements: tuple[Statement, ...]
    ordered: bool
    lanes: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a body runs.

    Attributes
    ----------
    walks : dict of int to Walk
        By the id of the outermost loop of each.
    first : tuple of statements
        What comes before threads have to meet; all of it in most bodies.
    divided : Loop or None
        The loop in `first` whose rounds may be divided among threads.
    after : tuple of statements
        What one of them does when all have met: the rest of a body whose arrays hold what the
        rounds leave behind, a part each.
    """

    walks: dict[int, Walk]
    first: tuple[Statement, ...]
    divided: Loop | None
    after: tuple[Statement, ...] = ()

    @property
    def grain(self) -> int:
        """How many rounds of the divided loop a thread should get at a time."""
        across = (walk.loops[-1] for walk in self.walks.values() if walk.lanes)
        if self.divided is None or self.divided not in across:
            return 1
        return GRAIN if self.divided.extent >= 8 * GRAIN else SMALL_GRAIN


def schedule(body: Body) -> Schedule:
    """The joined loops, the vector loops and the divided loop of a body."""
    walks: dict[int, Walk] = {}
    kept = _inside_ordered(body)
    pending = list(body.statements)
    while pending:
        statement = pending.pop()
        if isinstance(statement, For):
            found = walks[id(statement)] = _walk(body.terms, statement, kept)
            pending.extend(found.statements)
        elif not isinstance(statement, (Store, Combine)):
            pending.extend(statement.statements)
    first, after = _parted(body.statements)
    divided = _divided(body.terms, first, walks) if after else None
    if divided is not None:
        return Schedule(walks, first, divided, after)
    return Schedule(walks, body.statements, _divided(body.terms, body.statements, walks))


def accesses(terms: Terms, statements: Sequence[Statement]) -> Accesses:
    """How everything in the statements depends on loop indices."""
    roots, addresses = [], []
    for statement in walk(statements):
        if isinstance(statement, Store):
            roots.append(statement.value)
            addresses.append(terms.flat(statement.where, statement.array.shape))
        elif isinstance(statement, Combine):
            roots.extend(statement.values)
            addresses.append(terms.flat(statement.where, statement.arrays[0].shape))
        else:
            roots.extend(expressions(statement))
    return Accesses(terms, roots, addresses)


def _walk(terms: Terms, outer: For, kept: Set[int]) -> Walk:
    axes, inner = [outer.axis], outer
    while len(inner.statements) == 1:
        (only,) = inner.statements
        if not isinstance(only, For) or only.ordered != outer.ordered:
            break
        axes.append(only.axis)
        inner = only
    loops = accesses(terms, inner.statements).joined(loops_over(terms, axes), kept)
    last = loops[-1].axis if loops and not outer.ordered else None
    lanes = last is not None and runs_across_lanes(terms, inner.statements, last)
    return Walk(tuple(loops), inner.statements, outer.ordered, lanes)


def _inside_ordered(body: Body) -> Set[int]:
    """The axes of loops inside others that run in order.

    Such a loop is the one that can be divided. Where it stands a second time, as in the copy that
    goes before a scatter, it is not joined with loops around it.
    """
    found: set[int] = set()
    for outer in walk(body.statements):
        if isinstance(outer, For) and outer.ordered:
            inside = walk(outer.statements)
            found.update(each.axis for each in inside if isinstance(each, For) and not each.ordered)
    return found


def runs_across_lanes(terms: Terms, statements: Sequence[Statement], axis: int) -> bool:
    """True when neighbouring rounds of the loop over `axis` can run as lanes of a vector."""
    for statement in statements:
        if not isinstance(statement, (Store, Combine)):
            return False
        array = statement.array if isinstance(statement, Store) else statement.arrays[0]
        step = step_of(terms, terms.flat(statement.where, array.shape), axis)
        if step != 1 and not (step == 0 and isinstance(statement, Combine)):
            return False
    parts = postorder(root for statement in statements for root in expressions(statement))
    return not any(part.dtype.storage_only or part.dtype.kind == "c" for part in parts)


def step_of(terms: Terms, address: Scalar, axis: int) -> int | None:
    """How far an address moves from one index of the axis to the next; None if unevenly."""
    step = 0
    for atom, factor in terms.form(address).products:
        if atom is terms.indices[axis]:
            step = factor
        elif any(part is terms.indices[axis] for part in _parts(terms, atom)):
            return None
    return step


def _parts(terms: Terms, atom: Scalar) -> Iterator[Scalar]:
    yield from postorder([atom])


# Dividing.


def _parted(statements: Sequence[Statement]) -> tuple[tuple[Statement, ...], ...]:
    """The loop of a body that folds into its arrays, and what is done with these then."""
    if len(statements) == 1 and isinstance(statements[0], Local):
        first, *after = statements[0].statements
        if isinstance(first, For) and any(isinstance(s, Combine) for s in walk([first])):
            return (first,), tuple(after)
    return tuple(statements), ()


def _divided(terms: Terms, statements: Sequence[Statement], walks: dict[int, Walk]) -> Loop | None:
    """A loop round everything that is done, that parts all memory that is written.

    Each round then writes elements of its own, and reads of what is written only those. It may
    stand in several places, one after the other, and inside loops that must run in order.
    """
    around = _loops_around(statements, walks, ())
    if not around:
        return None
    for loop, ordered in around[0]:
        outermost = all(loops and loops[0] == (loop, False) for loops in around)
        shared = not ordered and all((loop, False) in loops for loops in around)
        if (
            shared
            and (outermost or loop.extent >= LEAST_INNER)
            and _parts_memory(terms, statements, walks, loop)
        ):
            return loop
    return None


def _loops_around(
    statements: Sequence[Statement], walks: dict[int, Walk], outer: tuple[tuple[Loop, bool], ...]
) -> list[tuple[tuple[Loop, bool], ...]]:
    """The loops round each statement that stores or combines, and whether they run in order."""
    found = []
    for statement in statements:
        if isinstance(statement, (Store, Combine)):
            found.append(outer)
        elif isinstance(statement, For):
            walk = walks[id(statement)]
            own = tuple((loop, walk.ordered) for loop in walk.loops)
            found += _loops_around(walk.statements, walks, (*outer, *own))
        else:
            found += _loops_around(statement.statements, walks, outer)
    return found


def _parts_memory(
    terms: Terms, outer: Sequence[Statement], walks: dict[int, Walk], loop: Loop
) -> bool:
    """True when all that outlives a round is written, and where written read, at its own index."""
    index = terms.indices[loop.axis]
    found = [walks[id(s)] for s in walk(outer) if id(s) in walks]
    inside = [each.statements for each in found if loop in each.loops]
    own = {id(array) for statements in inside for array in locals_of(statements)}
    targets: set[int] = set()
    for statement in walk(outer):
        shared = [array for array in written(statement) if id(array) not in own]
        if shared:
            assert isinstance(statement, (Store, Combine))
            targets.update(map(id, shared))
            if not any(part is index for part in statement.where):
                return False
    steps: dict[int, set[int | None]] = {}
    for load in loads(outer):
        if id(load.detail) in targets:
            step = step_of(terms, address_of(terms, load), loop.axis)
            steps.setdefault(id(load.detail), set()).add(step)
            if not any(part is index for part in load.operands):
                return False
    return all(len(each) == 1 for each in steps.values())
