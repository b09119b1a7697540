"""Contractions as matrix products: which labels are rows, columns, summed, or a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..kinds.contraction import Labels

Strides = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """A contraction over contiguous arrays.

    Attributes
    ----------
    labels : Labels
        One label per dimension of x, y and the result.
    extents : mapping of int to int
        The length of each label.
    """

    labels: Labels
    extents: Mapping[int, int]

    @property
    def summed(self) -> tuple[int, ...]:
        """The labels that the result does not have."""
        named = dict.fromkeys((*self.labels.x, *self.labels.y))
        return tuple(label for label in named if label not in self.labels.out)

    @property
    def flops(self) -> int:
        """A multiplication and an addition for each combination of labels."""
        return 2 * math.prod(self.extents.values())

    def strides(self, names: Sequence[int]) -> dict[int, int]:
        """The step of each label in a contiguous array with these dimensions."""
        steps: dict[int, int] = {}
        step = 1
        for name in reversed(names):
            steps[name] = steps.get(name, 0) + step
            step *= self.extents[name]
        return steps


@dataclass(frozen=True, slots=True)
class Copy:
    """An array rewritten with its dimensions in another order, in working memory."""

    source: tuple[int, ...]
    target: tuple[int, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix in row-major memory.

    Attributes
    ----------
    transposed : bool
        True when its columns are the rows in memory.
    leading : int
        Elements from one row in memory to the next.
    batch : tuple of int
        Elements from one matrix to the next, per batch label.
    copy : Copy or None
        Set when the array has to be (or, for the result, is afterwards) rewritten.
    """

    transposed: bool
    leading: int
    batch: tuple[int, ...]
    copy: Copy | None = None


@dataclass(frozen=True, slots=True)
class Matrices:
    """A batch of products: ``out[rows, columns] = x[rows, summed] @ y[summed, columns]``."""

    rows: int
    columns: int
    summed: int
    batch: tuple[int, ...]
    x: Matrix
    y: Matrix
    out: Matrix

    @property
    def copies(self) -> tuple[Copy, ...]:
        """The rewritings of x, y and the result, where needed."""
        return tuple(m.copy for m in (self.x, self.y, self.out) if m.copy is not None)


def matrices(layout: Layout) -> Matrices | None:
    """The contraction as matrix products; None where a label fits none of the four roles."""
    x, y, out = layout.labels
    if any(len(set(names)) < len(names) for names in layout.labels):
        return None
    batch = tuple(n for n in out if n in x and n in y)
    rows = tuple(n for n in out if n in x and n not in y)
    columns = tuple(n for n in out if n in y and n not in x)
    summed = tuple(n for n in x if n in y and n not in out)
    if {*batch, *rows, *summed} != set(x) or {*batch, *columns, *summed} != set(y):
        return None
    if len(out) != len(batch) + len(rows) + len(columns):
        return None
    summed = _best_order(layout, summed, rows, columns)
    size = {role: math.prod(layout.extents[n] for n in role) for role in (rows, columns, summed)}
    return Matrices(
        rows=size[rows],
        columns=size[columns],
        summed=size[summed],
        batch=tuple(layout.extents[n] for n in batch),
        x=_matrix(layout, x, batch, rows, summed),
        y=_matrix(layout, y, batch, summed, columns),
        out=_matrix(layout, out, batch, rows, columns),
    )


def _best_order(
    layout: Layout, summed: tuple[int, ...], rows: tuple[int, ...], columns: tuple[int, ...]
) -> tuple[int, ...]:
    """The order of the summed labels in which the fewest operands need rewriting."""
    orders = [summed, tuple(n for n in layout.labels.y if n in summed)]

    def rewritten(order: tuple[int, ...]) -> int:
        x = _view(layout, layout.labels.x, rows, order)
        y = _view(layout, layout.labels.y, order, columns)
        return (x is None) + (y is None)

    return min(orders, key=rewritten)


def _matrix(
    layout: Layout,
    names: tuple[int, ...],
    batch: tuple[int, ...],
    rows: tuple[int, ...],
    columns: tuple[int, ...],
) -> Matrix:
    view = _view(layout, names, rows, columns)
    if view is not None:
        steps = layout.strides(names)
        return Matrix(*view, tuple(steps[n] for n in batch))
    order = (*batch, *rows, *columns)
    steps = layout.strides(order)
    copy = Copy(names, order, math.prod(layout.extents[n] for n in names))
    leading = max(1, math.prod(layout.extents[n] for n in columns))
    return Matrix(False, leading, tuple(steps[n] for n in batch), copy)


def _view(
    layout: Layout, names: tuple[int, ...], rows: tuple[int, ...], columns: tuple[int, ...]
) -> tuple[bool, int] | None:
    """Whether the matrix lies transposed, and its leading dimension; None if it is no matrix."""
    down, across = _merged(layout, names, rows), _merged(layout, names, columns)
    if down is None or across is None:
        return None
    (height, row_step), (width, column_step) = down, across
    if width <= 1 or column_step == 1:
        leading = row_step if height > 1 else width
        return (False, max(1, leading)) if leading >= width else None
    if height <= 1 or row_step == 1:
        leading = column_step
        return (True, max(1, leading)) if leading >= height else None
    return None


def _merged(
    layout: Layout, names: tuple[int, ...], role: tuple[int, ...]
) -> tuple[int, int] | None:
    """Length and step of several labels walked as one; None if their steps do not fit."""
    steps = layout.strides(names)
    length, step = 1, 1
    for name in reversed(role):
        extent = layout.extents[name]
        if extent == 1:
            continue
        if length == 1:
            step = steps[name]
        elif steps[name] != step * length:
            return None
        length *= extent
    return length, step
