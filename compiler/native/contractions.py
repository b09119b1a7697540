"""Contractions that are no matrix products, or too small for one: plain loops.

The result's elements are summed up in memory, one term after the other, with the result's last
label innermost.
"""

from __future__ import annotations

from ..dtypes import DType
from ..kernel.grammar import Array, Body, Combine, Store
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

    dtype = out.dtype
    factors = load(x, labels.x), load(y, labels.y)
    term = terms.make(Word.MULTIPLY, factors, dtype)
    where = tuple(index[name] for name in labels.out)
    zero = terms.literal(dtype.numpy.type(0).item(), dtype)
    step = Combine((out,), where, (term,), (zero,), (_sum(dtype),), "add")
    begin = nest(terms, last, [Store(out, where, zero)])
    join = nest(terms, summed, nest(terms, last, [step]), ordered=True)
    return Body(terms, nest(terms, around, [*begin, *join]))


def _sum(dtype: DType) -> Scalar:
    first, second = inputs([dtype, dtype])
    return Scalar(Word.ADD, (first, second), dtype)
