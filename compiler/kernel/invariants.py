"""What must hold of every kernel, one check after the other; see `verify`.

Each check yields what it finds wrong and relies on those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ..dtypes import bool_, int64
from ..scalar import Scalar, Word
from .grammar import (
    Array,
    Body,
    Combine,
    For,
    Local,
    Statement,
    Store,
    When,
    expressions,
    inside,
    locals_of,
    walk,
    written,
)
from .terms import postorder


class Fault(NamedTuple):
    """Something wrong with a kernel.

    Attributes
    ----------
    sentence : str
        What is wrong, as a clause.
    statement : statement
        Where.
    """

    sentence: str
    statement: Statement


class Visit(NamedTuple):
    """A statement and those that hold it, from the outermost on."""

    statement: Statement
    path: tuple[Statement, ...]


Check = Callable[[Body], Iterator[Fault]]


def visits(statements: Sequence[Statement], path: tuple[Statement, ...] = ()) -> Iterator[Visit]:
    """Every statement with its path, in order."""
    for statement in statements:
        yield Visit(statement, path)
        yield from visits(inside(statement), (*path, statement))


def accesses(statement: Statement) -> Iterator[tuple[Array, tuple[Scalar, ...]]]:
    """The arrays that a statement itself reads or writes, and where."""
    for array in written(statement):
        yield array, place_of(statement)
    for scalar in postorder(expressions(statement)):
        if scalar.word is Word.LOAD:
            yield scalar.detail, scalar.operands


def place_of(statement: Statement) -> tuple[Scalar, ...]:
    """Where a statement itself writes."""
    return statement.where if isinstance(statement, (Store, Combine)) else ()


def owned(body: Body) -> Iterator[Fault]:
    """Every expression was made by the body's terms."""
    for statement in walk(body.statements):
        for scalar in postorder(expressions(statement)):
            if not body.terms.owns(scalar):
                word = scalar.word.name.lower()
                yield Fault(f"an expression ({word}) was not made by the body's terms", statement)


def axes_once(body: Body) -> Iterator[Fault]:
    """No axis is looped over twice on a path, and indices are used inside their loops only."""
    terms = body.terms
    for statement, path in visits(body.statements):
        around = [each.axis for each in path if isinstance(each, For)]
        if isinstance(statement, For):
            if not 0 <= statement.axis < len(terms.extents):
                yield Fault(f"there is no axis {statement.axis}", statement)
            if statement.axis in around:
                yield Fault(f"axis {statement.axis} is looped over inside its own loop", statement)
        for scalar in postorder(expressions(statement)):
            if scalar.word is Word.INPUT and scalar.detail not in around:
                yield Fault(f"the index of axis {scalar.detail} is used outside a loop", statement)


def accesses_fit(body: Body) -> Iterator[Fault]:
    """Reads and writes have an int64 index for each dimension, and values of the array's dtype."""
    for statement in walk(body.statements):
        for array, where in accesses(statement):
            if len(where) != len(array.shape):
                sentence = f"{array} has {len(array.shape)} dimensions, and {len(where)} indices"
                yield Fault(sentence, statement)
            for index in where:
                if index.dtype is not int64:
                    yield Fault(f"an index of {array} is {index.dtype}, not int64", statement)
        for load in postorder(expressions(statement)):
            if load.word is Word.LOAD and load.dtype is not load.detail.dtype:
                array = load.detail
                yield Fault(f"{array} holds {array.dtype}, and is read as {load.dtype}", statement)
        if isinstance(statement, Store):
            yield from _dtype_fits(statement.array, statement.value, statement)
        if isinstance(statement, When) and statement.condition.dtype is not bool_:
            yield Fault(f"the condition is {statement.condition.dtype}, not bool", statement)


def _dtype_fits(array: Array, value: Scalar, statement: Statement) -> Iterator[Fault]:
    if value.dtype is not array.dtype:
        sentence = f"{array} holds {array.dtype}, and is given {value.dtype}"
        yield Fault(sentence, statement)


def combines_fit(body: Body) -> Iterator[Fault]:
    """The parts of a combine agree in number, shape and dtype."""
    for statement in walk(body.statements):
        if isinstance(statement, Combine):
            yield from (Fault(sentence, statement) for sentence in _combine_faults(statement))


def _combine_faults(statement: Combine) -> Iterator[str]:
    name, arrays = statement.name, statement.arrays
    counts = [len(arrays), len(statement.values), len(statement.init), len(statement.combine)]
    if len(set(counts)) > 1 or not arrays:
        told = "{} arrays, {} values, {} starts and {} results".format(*counts)
        yield f"{name} has {told}"
        return
    if len({array.shape for array in arrays}) > 1 or len(set(map(id, arrays))) < len(arrays):
        yield f"the parts of {name} are not different arrays of one shape"
    for array, *parts in zip(
        arrays, statement.values, statement.init, statement.combine, strict=True
    ):
        for what, part in zip(("is given", "starts with", "becomes"), parts, strict=True):
            if part.dtype is not array.dtype:
                yield f"{array} holds {array.dtype}, and {what} {part.dtype}"
    if any(part.word is not Word.LITERAL for part in statement.init):
        yield f"the start of {name} is no literal"
    dtypes = [array.dtype for array in arrays] * 2
    for scalar in postorder(statement.combine):
        if scalar.word is Word.LOAD:
            yield f"{name} reads an array"
        if scalar.word is Word.INPUT and not (
            scalar.detail < len(dtypes) and scalar.dtype is dtypes[scalar.detail]
        ):
            yield f"{name} has no input {scalar.detail} of {scalar.dtype}"


def locals_inside(body: Body) -> Iterator[Fault]:
    """Local arrays are used inside the statement that makes them, which is one."""
    made: set[int] = set()
    every = {id(array) for array in locals_of(body.statements)}
    for statement, path in visits(body.statements):
        if isinstance(statement, Local):
            for array in statement.arrays:
                if id(array) in made:
                    yield Fault(f"{array} is made local twice", statement)
                made.add(id(array))
        around = {id(a) for each in path if isinstance(each, Local) for a in each.arrays}
        for array, _ in accesses(statement):
            if (id(array) in every or array.owner is None) and id(array) not in around:
                yield Fault(f"{array} is used where it is not local", statement)


def written_first(body: Body) -> Iterator[Fault]:
    """No local array is read before anything was written to it."""
    every = {id(array) for array in locals_of(body.statements)}
    yield from _unwritten(body, body.statements, every, set(), frozenset())


def _unwritten(
    body: Body,
    statements: Sequence[Statement],
    local: set[int],
    known: set[int],
    later: frozenset[int],
) -> Iterator[Fault]:
    """Reads of local arrays that are not `known` to be written, which is updated.

    `later` are those that an earlier round of an ordered loop may have written; they are trusted
    under conditions only: the first round has no earlier one.
    """
    for statement in statements:
        needed = [load.detail for load in _loads_of(statement)]
        if isinstance(statement, Combine):
            needed.extend(statement.arrays)
        for array in needed:
            if id(array) in local and id(array) not in known:
                yield Fault(f"{array} is read before anything was written to it", statement)
        carried = later
        if isinstance(statement, For):
            if body.terms.extents[statement.axis] == 0:
                continue
            if statement.ordered:
                carried = later | {id(a) for s in walk(statement.statements) for a in written(s)}
        if isinstance(statement, Local):
            known.difference_update(map(id, statement.arrays))
        if isinstance(statement, When):
            known.update(later)
        known.update(map(id, written(statement)))
        yield from _unwritten(body, inside(statement), local, known, carried)


def _loads_of(statement: Statement) -> Iterator[Scalar]:
    yield from (s for s in postorder(expressions(statement)) if s.word is Word.LOAD)


def accesses_inside(body: Body) -> Iterator[Fault]:
    """Where the range of an index is known, it stays inside its array."""
    for statement, path in visits(body.statements):
        loops = [each for each in path if isinstance(each, For)]
        if any(body.terms.extents[loop.axis] == 0 for loop in loops):
            continue
        guards = [
            bound
            for each in path
            if isinstance(each, When)
            for bound in _bounds(body, each.condition)
        ]
        for array, where in accesses(statement):
            for dimension, (index, extent) in enumerate(zip(where, array.shape, strict=True)):
                span = body.terms.range(index)
                if span is None or _within(body, index, extent, guards):
                    continue
                yield Fault(
                    f"an index of {array} reaches from {span[0]} to {span[1]} in dimension "
                    f"{dimension} of length {extent}",
                    statement,
                )


def _within(body: Body, index: Scalar, extent: int, guards: Iterable[Scalar]) -> bool:
    """True when ``0 <= index < extent``, given that the guards are not positive."""
    terms = body.terms
    zero = terms.number(0)
    over = _difference(body, index, terms.number(extent - 1))
    under = _difference(body, zero, index)
    return all(
        any(_never_positive(body, _difference(body, each, guard)) for guard in (zero, *guards))
        for each in (over, under)
    )


def _difference(body: Body, a: Scalar, b: Scalar) -> Scalar:
    return body.terms.make(Word.SUBTRACT, (a, b), int64)


def _never_positive(body: Body, scalar: Scalar) -> bool:
    span = body.terms.range(scalar)
    return span is not None and span[1] <= 0


def _bounds(body: Body, condition: Scalar) -> Iterator[Scalar]:
    """Sums of indices that are not positive where the condition holds."""
    if condition.word is Word.AND:
        for operand in condition.operands:
            yield from _bounds(body, operand)
        return
    negated = condition.word is Word.NOT
    if negated:
        (condition,) = condition.operands
    if condition.word not in (Word.LESS, Word.LESS_EQUAL, Word.EQUAL):
        return
    a, b = condition.operands
    if a.dtype is not int64:
        return
    one = body.terms.number(1)
    if condition.word is Word.LESS:
        pairs = [(b, a)] if negated else [(body.terms.make(Word.ADD, (a, one), int64), b)]
    elif condition.word is Word.LESS_EQUAL:
        pairs = [(body.terms.make(Word.ADD, (b, one), int64), a)] if negated else [(a, b)]
    else:
        pairs = [] if negated else [(a, b), (b, a)]
    for pair in pairs:
        yield _difference(body, *pair)


CHECKS: tuple[Check, ...] = (
    owned,
    axes_once,
    combines_fit,
    accesses_fit,
    locals_inside,
    written_first,
    accesses_inside,
)
