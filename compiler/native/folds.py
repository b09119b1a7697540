"""Reductions in the kernel language.

Where the last axes are folded, a row is one state: see `nests` for how its lanes are merged.
Where the last axes are kept, each of their elements has a state, and rows join these one after
the other, in order. Either way the order of a sum depends on the shape and the axes alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import Unit
from ..kernel.grammar import Array, Body, Combine, Local, Statement, Store
from ..kernel.schedule import Schedule
from ..kernel.terms import Terms, order_of
from ..kinds.reduction import Fold, Reduction
from ..scalar import Scalar, Word
from .arrays import nest


class Folding:
    """One reduction over the axes of a body.

    Parameters
    ----------
    terms : Terms
        Owner of the expressions; its first axes are those of the reduction's input.
    unit : Unit
        The reduction.
    indices : sequence of Scalar, optional
        Where its input is read; by default the indices of the body's first axes.
    """

    def __init__(self, terms: Terms, unit: Unit, indices: Sequence[Scalar] | None = None) -> None:
        self.terms = terms
        self.unit = unit
        self.indices = terms.indices if indices is None else indices
        source = unit.inputs[0].array_type
        assert isinstance(unit.op, Reduction)
        self.scalars: Fold = unit.op.fold(source.dtype)
        self.shape = source.shape
        self.axes = range(source.ndim)
        self.folded = list(unit.attributes["axis"])
        self.kept = [axis for axis in self.axes if axis not in self.folded]

    @property
    def where(self) -> tuple[Scalar, ...]:
        """The result's element for the indices of the kept axes."""
        if self.unit.attributes["keepdims"]:
            zero = self.terms.number(0)
            return tuple(zero if a in self.folded else self.indices[a] for a in self.axes)
        return tuple(self.indices[axis] for axis in self.kept)

    def states(self, shape: Sequence[int] = ()) -> tuple[Array, ...]:
        """Local arrays for states."""
        name = self.unit.op.name
        return tuple(Array(name, scalar.dtype, tuple(shape)) for scalar in self.scalars.init)

    def begin(self, states: Sequence[Array], where: tuple[Scalar, ...]) -> list[Statement]:
        """Set states to those of nothing."""
        return [
            Store(array, where, self.terms.literal(first.detail, first.dtype))
            for array, first in zip(states, self.scalars.init, strict=True)
        ]

    def join(self, states: Sequence[Array], where: tuple[Scalar, ...], element: Scalar) -> Combine:
        """Fold an element in."""
        position = self.terms.flat(
            [self.indices[axis] for axis in self.folded], [self.shape[axis] for axis in self.folded]
        )
        lifted = tuple(
            self.terms.substitute(order_of(part), (element, position)) for part in self.scalars.lift
        )
        return self.merge(states, where, lifted)

    def merge(
        self, states: Sequence[Array], where: tuple[Scalar, ...], others: Sequence[Scalar]
    ) -> Combine:
        """Fold another state in."""
        init, combine = self.scalars.init, self.scalars.combine
        return Combine(tuple(states), where, tuple(others), init, combine, self.unit.op.name)

    def result(self, states: Sequence[Array], where: tuple[Scalar, ...]) -> Scalar:
        """What the states come to."""
        parts = [self.terms.make(Word.LOAD, where, array.dtype, array) for array in states]
        return self.terms.substitute(order_of(self.scalars.finalise), parts)

    @property
    def is_bare(self) -> bool:
        """True when the result is the state itself."""
        finalise, result = self.scalars.finalise, self.unit.array_type.dtype
        dtypes = [first.dtype for first in self.scalars.init]
        return finalise.word is Word.INPUT and finalise.detail == 0 and dtypes == [result]


def fold_body(terms: Terms, unit: Unit, element: Scalar, out: Array) -> Body:
    """The body that folds `element`, an expression over the indices of the reduction's input."""
    folding = Folding(terms, unit)
    if 0 in [terms.extents[axis] for axis in folding.axes]:
        return Body(terms, _nothing(folding, out))
    last = last_axes(folding.shape, folding.folded)
    if last and last[0] in folding.kept:
        return Body(terms, _columns(folding, element, out, last))
    return Body(terms, _rows(folding, element, out, last))


def _nothing(folding: Folding, out: Array) -> tuple[Statement, ...]:
    """No elements: every result is the starting state's."""
    states = folding.states()
    result = Store(out, folding.where, folding.result(states, ()))
    inner = Local(states, (*folding.begin(states, ()), result))
    return nest(folding.terms, folding.kept, [inner])


def _rows(
    folding: Folding, element: Scalar, out: Array, last: Sequence[int]
) -> tuple[Statement, ...]:
    states = folding.states()
    row = nest(folding.terms, last, [folding.join(states, (), element)])
    others = [axis for axis in folding.folded if axis not in last]
    statements = (
        *folding.begin(states, ()),
        *nest(folding.terms, others, row, ordered=True),
        Store(out, folding.where, folding.result(states, ())),
    )
    return nest(folding.terms, folding.kept, [Local(states, statements)])


def _columns(
    folding: Folding, element: Scalar, out: Array, last: Sequence[int]
) -> tuple[Statement, ...]:
    terms = folding.terms
    around = [axis for axis in folding.kept if axis not in last]
    if folding.is_bare:
        states: tuple[Array, ...] = (out,)
        where = folding.where
    else:
        states = folding.states([terms.extents[axis] for axis in last])
        where = tuple(terms.indices[axis] for axis in last)
    join = nest(terms, last, [folding.join(states, where, element)])
    statements = [
        *nest(terms, last, folding.begin(states, where)),
        *nest(terms, folding.folded, join, ordered=True),
    ]
    if not folding.is_bare:
        result = Store(out, folding.where, folding.result(states, where))
        statements = [Local(states, (*statements, *nest(terms, last, [result])))]
    return nest(terms, around, statements)


def last_axes(shape: Sequence[int], folded: Sequence[int]) -> list[int]:
    """The last axes of one sort, all folded or all kept; those of length 1 do not count."""
    run: list[int] = []
    for axis in reversed([axis for axis, extent in enumerate(shape) if extent != 1]):
        if run and (axis in folded) != (run[0] in folded):
            break
        run.insert(0, axis)
    return run


def walks_rows(schedule: Schedule) -> bool:
    """True when each row that is folded into one state is walked as one loop.

    Otherwise its elements would join in an order that depends on how they are read.
    """
    return all(
        len(walk.loops) <= 1
        for walk in schedule.walks.values()
        if not walk.ordered and any(_is_of_row(statement) for statement in walk.statements)
    )


def _is_of_row(statement: Statement) -> bool:
    return isinstance(statement, Combine) and not statement.where
