"""What must hold of every kernel, one check after the other; see `verify`.

Each check yields what it finds wrong and relies on those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
    """A statement where it stands.

    Attributes
    ----------
    statement : statement
        The statement itself.
    path : tuple of statements
        Those that hold it, from the outermost on.
    parts : list of Scalar
        Every part of the expressions that it evaluates, operands first.
    """

    statement: Statement
    path: tuple[Statement, ...]
    parts: list[Scalar]

    @property
    def loads(self) -> list[Scalar]:
        """What it reads."""
        return [scalar for scalar in self.parts if scalar.word is Word.LOAD]

    @property
    def accesses(self) -> list[tuple[Array, tuple[Scalar, ...]]]:
        """The arrays that it writes and reads, and where."""
        targets = [(array, place_of(self.statement)) for array in written(self.statement)]
        return targets + [(load.detail, load.operands) for load in self.loads]


class Kernel:
    """A body under check.

    Attributes
    ----------
    body : Body
        The body itself.
    terms : Terms
        Its expressions' owner.
    visits : list of Visit
        Every statement, in order.
    by_statement : dict of int to Visit
        The same by the statements' ids.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self.terms = body.terms
        self.visits = list(_visits(body.statements, ()))
        self.by_statement = {id(visit.statement): visit for visit in self.visits}


Check = Callable[[Kernel], Iterator[Fault]]


def _visits(statements: Sequence[Statement], path: tuple[Statement, ...]) -> Iterator[Visit]:
    for statement in statements:
        yield Visit(statement, path, postorder(expressions(statement)))
        yield from _visits(inside(statement), (*path, statement))


def place_of(statement: Statement) -> tuple[Scalar, ...]:
    """Where a statement itself writes."""
    return statement.where if isinstance(statement, (Store, Combine)) else ()


def owned(kernel: Kernel) -> Iterator[Fault]:
    """Every expression was made by the body's terms."""
    for visit in kernel.visits:
        for scalar in visit.parts:
            if not kernel.terms.owns(scalar):
                word = scalar.word.name.lower()
                sentence = f"an expression ({word}) was not made by the body's terms"
                yield Fault(sentence, visit.statement)


def axes_once(kernel: Kernel) -> Iterator[Fault]:
    """No axis is looped over twice on a path, and indices are used inside their loops only."""
    for statement, path, parts in kernel.visits:
        around = [each.axis for each in path if isinstance(each, For)]
        if isinstance(statement, For):
            if not 0 <= statement.axis < len(kernel.terms.extents):
                yield Fault(f"there is no axis {statement.axis}", statement)
            if statement.axis in around:
                yield Fault(f"axis {statement.axis} is looped over inside its own loop", statement)
        for scalar in parts:
            if scalar.word is Word.INPUT and scalar.detail not in around:
                yield Fault(f"the index of axis {scalar.detail} is used outside a loop", statement)


def accesses_fit(kernel: Kernel) -> Iterator[Fault]:
    """Reads and writes have an int64 index for each dimension, and values of the array's dtype."""
    for visit in kernel.visits:
        statement = visit.statement
        for array, where in visit.accesses:
            if len(where) != len(array.shape):
                sentence = f"{array} has {len(array.shape)} dimensions, and {len(where)} indices"
                yield Fault(sentence, statement)
            for index in where:
                if index.dtype is not int64:
                    yield Fault(f"an index of {array} is {index.dtype}, not int64", statement)
        for load in visit.loads:
            array = load.detail
            if load.dtype is not array.dtype:
                yield Fault(f"{array} holds {array.dtype}, and is read as {load.dtype}", statement)
        if isinstance(statement, Store):
            yield from _dtype_fits(statement.array, statement.value, statement)
        if isinstance(statement, When) and statement.condition.dtype is not bool_:
            yield Fault(f"the condition is {statement.condition.dtype}, not bool", statement)


def _dtype_fits(array: Array, value: Scalar, statement: Statement) -> Iterator[Fault]:
    if value.dtype is not array.dtype:
        sentence = f"{array} holds {array.dtype}, and is given {value.dtype}"
        yield Fault(sentence, statement)


def combines_fit(kernel: Kernel) -> Iterator[Fault]:
    """The parts of a combine agree in number, shape and dtype."""
    for statement in walk(kernel.body.statements):
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


def locals_inside(kernel: Kernel) -> Iterator[Fault]:
    """Local arrays are used inside the statement that makes them, which is one."""
    made: set[int] = set()
    every = {id(array) for array in locals_of(kernel.body.statements)}
    for visit in kernel.visits:
        statement = visit.statement
        if isinstance(statement, Local):
            for array in statement.arrays:
                if id(array) in made:
                    yield Fault(f"{array} is made local twice", statement)
                made.add(id(array))
        around = {id(a) for each in visit.path if isinstance(each, Local) for a in each.arrays}
        for array, _ in visit.accesses:
            if (id(array) in every or array.owner is None) and id(array) not in around:
                yield Fault(f"{array} is used where it is not local", statement)


def written_first(kernel: Kernel) -> Iterator[Fault]:
    """No local array is read before anything was written to it."""
    yield from _Writes(kernel).unwritten(kernel.body.statements, frozenset())


class _Writes:
    """Which local arrays have been written so far."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.local = {id(array) for array in locals_of(kernel.body.statements)}
        self.known: set[int] = set()

    def unwritten(self, statements: Sequence[Statement], later: frozenset[int]) -> Iterator[Fault]:
        """Reads of local arrays that are not known to be written.

        `later` are those that an earlier round of an ordered loop may have written; they are
        trusted under conditions only: the first round has no earlier one.
        """
        for statement in statements:
            for array in self._needed(statement):
                if id(array) in self.local - self.known:
                    yield Fault(f"{array} is read before anything was written to it", statement)
            carried = later
            if isinstance(statement, For):
                if self.kernel.terms.extents[statement.axis] == 0:
                    continue
                if statement.ordered:
                    within = walk(statement.statements)
                    carried = later | {id(array) for each in within for array in written(each)}
            if isinstance(statement, Local):
                self.known.difference_update(map(id, statement.arrays))
            if isinstance(statement, When):
                self.known.update(later)
            self.known.update(map(id, written(statement)))
            yield from self.unwritten(inside(statement), carried)

    def _needed(self, statement: Statement) -> list[Array]:
        loaded = [load.detail for load in self.kernel.by_statement[id(statement)].loads]
        return loaded + list(statement.arrays if isinstance(statement, Combine) else ())


CHECKS: tuple[Check, ...] = (
    owned,
    axes_once,
    combines_fit,
    accesses_fit,
    locals_inside,
    written_first,
)
