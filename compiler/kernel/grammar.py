"""The grammar of kernels: what a loop nest may say.

A kernel is a `Body`: statements over loop indices, arrays and scalar expressions. An expression is
a DAG of `Scalar` nodes, made once each by the body's `Terms`; in it INPUT is a loop index (its
detail the number of the axis) and LOAD an element of an `Array` (its detail).

The order of rounds of a loop means nothing unless the loop is `ordered`; then what one round leaves
in an array, the next may read (a scan's carry, updates that may meet). How loops are joined,
vectorised and divided among threads stands beside the body, in its `Schedule`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..dtypes import DType
from ..scalar import Scalar, Word
from .terms import Terms, postorder


@dataclass(frozen=True, eq=False)
class Array:
    """Memory that a kernel reads or writes.

    Attributes
    ----------
    name : str
        What listings call it.
    dtype : DType
        Of its elements.
    shape : tuple of int
        Its extents; row-major and without gaps.
    owner : object
        Whose value it holds, for arrays that outlive the kernel; None for local ones.
    """

    name: str
    dtype: DType
    shape: tuple[int, ...]
    owner: Any = None

    @property
    def size(self) -> int:
        """How many elements."""
        size = 1
        for extent in self.shape:
            size *= extent
        return size

    @property
    def nbytes(self) -> int:
        """How many bytes."""
        return self.size * self.dtype.itemsize

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Store:
    """``array[where] = value``."""

    array: Array
    where: tuple[Scalar, ...]
    value: Scalar


@dataclass(frozen=True, eq=False)
class Combine:
    """``arrays[where] = combine(arrays[where], values)``: one state and what joins it.

    The combiner is associative and commutative up to rounding, and `init` changes nothing in it,
    so that a loop over an axis that `where` does not know may keep several states and merge them.

    Attributes
    ----------
    arrays : tuple of Array
        The state's parts, all of one shape.
    where : tuple of Scalar
        Which state.
    values : tuple of Scalar
        The parts of the state that joins.
    init : tuple of Scalar
        Literals: the state of nothing.
    combine : tuple of Scalar
        The parts of the merged state, over the old one's INPUTs and then the other's.
    name : str
        What listings call the combiner.
    """

    arrays: tuple[Array, ...]
    where: tuple[Scalar, ...]
    values: tuple[Scalar, ...]
    init: tuple[Scalar, ...]
    combine: tuple[Scalar, ...]
    name: str = "combine"


@dataclass(frozen=True, eq=False)
class For:
    """The statements for each value of an axis's index.

    Attributes
    ----------
    axis : int
        The number of the axis in the body's `Terms`.
    statements : tuple of statements
        What is done in each round.
    ordered : bool
        True where a round may read what an earlier one wrote.
    """

    axis: int
    statements: tuple[Statement, ...]
    ordered: bool = False


@dataclass(frozen=True, eq=False)
class When:
    """The statements where a condition holds."""

    condition: Scalar
    statements: tuple[Statement, ...]


@dataclass(frozen=True, eq=False)
class Local:
    """Arrays for the time of some statements; their contents are undefined at first."""

    arrays: tuple[Array, ...]
    statements: tuple[Statement, ...]


Statement = Store | Combine | For | When | Local


@dataclass(frozen=True, eq=False)
class Body:
    """What a kernel does.

    Attributes
    ----------
    terms : Terms
        Owner of its expressions; the extent of each axis is ``terms.extents[axis]``.
    statements : tuple of statements
        Done in order.
    """

    terms: Terms
    statements: tuple[Statement, ...]


def inside(statement: Statement) -> tuple[Statement, ...]:
    """The statements that a statement holds."""
    return () if isinstance(statement, (Store, Combine)) else statement.statements


def walk(statements: Sequence[Statement]) -> Iterator[Statement]:
    """All statements, outer before inner, in order."""
    stack = list(reversed(statements))
    while stack:
        statement = stack.pop()
        yield statement
        stack.extend(reversed(inside(statement)))


def expressions(statement: Statement) -> tuple[Scalar, ...]:
    """The expressions that a statement itself evaluates, places among them."""
    if isinstance(statement, Store):
        return (*statement.where, statement.value)
    if isinstance(statement, Combine):
        return (*statement.where, *statement.values)
    return (statement.condition,) if isinstance(statement, When) else ()


def written(statement: Statement) -> tuple[Array, ...]:
    """The arrays that a statement itself writes to."""
    if isinstance(statement, Store):
        return (statement.array,)
    return statement.arrays if isinstance(statement, Combine) else ()


def loads(statements: Sequence[Statement]) -> tuple[Scalar, ...]:
    """Every load in the statements, each once."""
    roots = [root for statement in walk(statements) for root in expressions(statement)]
    return tuple(scalar for scalar in postorder(roots) if scalar.word is Word.LOAD)


def locals_of(statements: Sequence[Statement]) -> tuple[Array, ...]:
    """The arrays that live inside the statements."""
    return tuple(a for s in walk(statements) if isinstance(s, Local) for a in s.arrays)


def outside(statements: Sequence[Statement]) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """The arrays from outside that are read, and those that are written."""
    own = {id(array) for array in locals_of(statements)}
    targets = [array for statement in walk(statements) for array in written(statement)]
    sources = [load.detail for load in loads(statements)]
    reads, writes = (
        tuple(dict.fromkeys(array for array in arrays if id(array) not in own))
        for arrays in (sources, targets)
    )
    return reads, writes
