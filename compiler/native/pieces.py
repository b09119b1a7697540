"""Pieces of a batch of matrix products that threads may compute side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from .layout import Matrices

LEAST_WORK = 2**17
"""Multiplications of a piece below which it is not worth a thread's while."""

LEAST_READ = 2**15
"""Elements that a piece reads and writes, from which on it is worth it even so: a matrix times a
vector takes as long as to read the matrix."""

WIDE = 128
"""Columns of a piece that suffice: it packs only what it needs of the right operand, while pieces
of rows pack all of it, each for itself."""

STEP = 16
"""Rows or columns of a piece are a multiple of so many: whole vectors and tiles."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """How the products fall into pieces.

    Attributes
    ----------
    along : str
        ``batch``: one product each; ``rows`` or ``columns``: parts of each product's result.
    count : int
        How many pieces there are.
    size : int
        Rows or columns of a piece; the last one may have fewer.
    """

    along: Literal["batch", "rows", "columns"]
    count: int
    size: int

    def last(self, extent: int) -> int:
        """Rows or columns of the last piece of so many."""
        return extent - (self.count - 1) * self.size


def pieces_for(matrices: Matrices, threads: int) -> Pieces | None:
    """The pieces for so many threads; None for work that one had better do alone."""
    m = matrices
    batch = math.prod(m.batch)
    work = batch * m.rows * m.columns * m.summed
    read = batch * (m.rows * m.summed + m.summed * m.columns + m.rows * m.columns)
    if threads == 1 or m.copies:
        return None
    if work < LEAST_WORK * threads and read < LEAST_READ * threads:
        return None
    if batch >= 2 * threads or batch % threads == 0:
        return Pieces("batch", batch, 1)
    # Of a transposed result the memory's columns are the rows.
    across, down = (m.rows, m.columns) if m.out.transposed else (m.columns, m.rows)
    by_columns = across >= min(down, WIDE * threads)
    along: Literal["rows", "columns"] = "columns" if by_columns != m.out.transposed else "rows"
    extent = across if by_columns else down
    size = -(-extent // (threads * STEP)) * STEP
    if extent % size == 1:
        size += STEP  # one column alone would have to be contiguous
    count = -(-extent // size)
    return Pieces(along, count, size) if count > 1 else None
