"""Contractions that are no matrix products, or too small for one: plain loops.

Where the summed label is the contiguous one of both operands, each element is a sum in lanes, as a
reduction of a row is; of storage types it is a sum in float32, rounded once. Else the result's
elements are summed up in memory, one term after the other, with the result's last label innermost.
Which it is depends on shapes, dtypes and labels alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..dtypes import DType, float32
from ..kernel.grammar import Array, Body, Combine, Local, Store
from ..kernel.terms import Terms
from ..scalar import Scalar, Word
from ..scalar.trace import inputs
from .arrays import nest
from .layout import Layout


def contraction_body(layout: Layout, x: Array, y: Array, out: Array) -> Body:
    """The body that computes `out` from `x` and `y`."""
    labels = layout.labels
    order = [*labels.out, *layout.summed]
    terms = Terms([layout.extents[label] for label in order])
    index = {label: terms.indices[axis] for axis, label in enumerate(order)}
    own = range(len(labels.out))
    around, last = own[:-1], own[-1:]
    summed = range(len(labels.out), len(order))

    def load(array: Array, names: tuple[int, ...]) -> Scalar:
        where = tuple(index[name] for name in names)
        return terms.make(Word.LOAD, where, array.dtype, array)

    where = tuple(index[name] for name in labels.out)
    dtype = float32 if out.dtype.storage_only else out.dtype
    one, other = load(x, labels.x), load(y, labels.y)
    if dtype is not out.dtype:
        one, other = (terms.make(Word.CAST, (factor,), dtype) for factor in (one, other))
    term = terms.make(Word.MULTIPLY, (one, other), dtype)
    zero = terms.literal(dtype.numpy.type(0).item(), dtype)
    if _sums_rows(layout) or dtype is not out.dtype:
        return Body(terms, nest(terms, own, [_row(terms, summed, term, out, where)]))
    step = Combine((out,), where, (term,), (zero,), (_sum(dtype),), "plus")
    begin = nest(terms, last, [Store(out, where, zero)])
    join = nest(terms, summed, nest(terms, last, [step]), ordered=True)
    return Body(terms, nest(terms, around, [*begin, *join]))


def _sums_rows(layout: Layout) -> bool:
    """True when one label is summed, and steps by one element through both operands."""
    long = [label for label in layout.summed if layout.extents[label] != 1]
    steps = [layout.strides(names) for names in (layout.labels.x, layout.labels.y)]
    return len(long) == 1 and all(each.get(long[0]) == 1 for each in steps)


def _row(
    terms: Terms, summed: Sequence[int], term: Scalar, out: Array, where: tuple[Scalar, ...]
) -> Local:
    """One element: its sum, then its place."""
    dtype = term.dtype
    state, zero = Array("total", dtype, ()), terms.literal(dtype.numpy.type(0).item(), dtype)
    step = Combine((state,), (), (term,), (zero,), (_sum(dtype),), "plus")
    result = terms.make(Word.LOAD, (), dtype, state)
    if dtype is not out.dtype:
        result = terms.make(Word.CAST, (result,), out.dtype)
    statements = (Store(state, (), zero), *nest(terms, summed, [step]))
    return Local((state,), (*statements, Store(out, where, result)))


def _sum(dtype: DType) -> Scalar:
    first, second = inputs([dtype, dtype])
    return Scalar(Word.ADD, (first, second), dtype)
