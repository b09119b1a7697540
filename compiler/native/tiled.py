"""Kernels that take a batch of matrices by blocks of rows, through products and kernels of rows.

Attention multiplies queries by keys, takes a softmax of each row, and multiplies by values. The
matrix in between is far larger than what goes in and comes out. Here its rows are made, used and
forgotten block by block: a *wide* array exists as one block in working memory, small enough for
the second-level cache. Memory is linear in the number of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..graph import Unit
from ..kernel.grammar import Array, Combine, For, Store, loads, walk, written
from ..kernel.joining import address_of
from ..kernel.schedule import step_of
from ..scalar import Scalar
from .kernels import Kernel, Nest, Product
from .layout import Matrices, Matrix
from .product_schedule import Plan

BLOCK_BYTES = 2**16
"""About the most of a wide array in working memory."""

MOST_ROWS = 64
LEAST_ROWS = 16


Root = Callable[[Unit], Unit]


@dataclass(frozen=True, slots=True)
class Space:
    """The rows that are taken by blocks.

    Attributes
    ----------
    batches : int
        How many matrices there are.
    rows : int
        Rows of each.
    """

    batches: int
    rows: int

    @property
    def all(self) -> int:
        """Rows of all matrices."""
        return self.batches * self.rows


@dataclass(frozen=True, eq=False)
class Member:
    """A kernel that is done block by block.

    Attributes
    ----------
    kernel : Kernel
        A nest or a product.
    role : str
        ``nest``; ``rows``: a product whose result and left operand are taken by rows; ``over``: a
        product that sums over the rows, its result growing from block to block.
    matrices : Matrices or None
        Of a product, with what is taken by rows on the left.
    operands : tuple of Unit
        Of a product, left and right.
    by_rows : set of Unit
        What it reads and writes so that a block of rows needs, and makes, only those rows of it.
    again : bool
        True for what another kernel has computed already: nothing of it is kept.
    plans : tuple of Plan
        Of a product, for a whole block and for the last one.
    """

    kernel: Kernel
    role: Literal["nest", "rows", "over"]
    matrices: Matrices | None = None
    operands: tuple[Unit, ...] = ()
    by_rows: frozenset[Unit] = frozenset()
    again: bool = False
    plans: tuple[Plan, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Tiled(Kernel):
    """Members done block by block.

    Attributes
    ----------
    space : Space
        The rows.
    members : tuple of Member
        In the order in which each block passes through them.
    local : dict of Unit to int
        What exists as one block only, and its bytes a row.
    block : int
        Rows of a block.
    root : callable
        The unit whose memory a unit shares.
    """

    space: Space
    members: tuple[Member, ...]
    local: dict[Unit, int] = field(default_factory=dict)
    block: int
    root: Root

    @property
    def writes(self) -> tuple[Unit, ...]:
        kept = (unit for m in self.members if not m.again for unit in m.kernel.writes)
        return tuple(unit for unit in kept if unit not in self.local)

    @property
    def reads(self) -> tuple[Unit, ...]:
        made = {unit for m in self.members for unit in m.kernel.writes}
        found = dict.fromkeys(self.root(unit) for m in self.members for unit in m.kernel.reads)
        return tuple(unit for unit in found if unit not in made)

    @property
    def blocks(self) -> int:
        """Blocks of each matrix."""
        return -(-self.space.rows // self.block)

    @property
    def sums(self) -> bool:
        """True when the blocks of a matrix must follow each other."""
        return any(member.role == "over" for member in self.members)

    @property
    def rounds(self) -> int | None:
        return self.space.batches * (1 if self.sums else self.blocks)

    @property
    def scratch(self) -> tuple[int, ...]:
        local = tuple(self.block * nbytes for nbytes in self.local.values())
        return (*local, *(size for m in self.members for size in working_of(m)))


def working_of(member: Member) -> tuple[int, ...]:
    """Bytes of the working memory that a member needs itself."""
    if member.role == "nest":
        return member.kernel.scratch
    size = max(plan.scratch_bytes for plan in member.plans)
    return (size,) if size else ()


def block_rows(rows: int, widest: int) -> int:
    """Rows of a block whose widest row has so many bytes."""
    fitting = max(LEAST_ROWS, min(MOST_ROWS, BLOCK_BYTES // max(1, widest)))
    return min(rows, 1 << (fitting.bit_length() - 1))


def member_of(kernel: Kernel, space: Space, wide: Unit, root: Root) -> Member | None:
    """The kernel as a member that makes or uses rows of `wide`; None if it cannot be one."""
    if isinstance(kernel, Nest):
        if not _takes_rows(kernel, space):
            return None
        units = {*map(root, kernel.reads), *kernel.writes}
        found = frozenset(unit for unit in units if _goes_by_rows(kernel, unit, space, root))
        return Member(kernel, "nest", by_rows=found)
    if not isinstance(kernel, Product) or kernel.plan is None:
        return None
    if kernel.matrices.copies:
        return None
    for matrices, operands in _both_ways(kernel, root):
        role = _role(matrices, operands, kernel.unit, space, wide)
        if role is not None:
            found = frozenset(_taken_by_rows(matrices, operands, kernel.unit, space, role))
            return Member(kernel, role, matrices, operands, found)
    return None


def space_of(kernel: Kernel) -> Space | None:
    """The rows of a product's result, as it says itself."""
    if not isinstance(kernel, Product):
        return None
    return Space(math.prod(kernel.matrices.batch), kernel.matrices.rows)


def _both_ways(kernel: Product, root: Root) -> list[tuple[Matrices, tuple[Unit, Unit]]]:
    """The product, and that of the transposes, with their operands."""
    m, (x, y) = kernel.matrices, map(root, kernel.unit.inputs)
    flipped = replace(
        m,
        rows=m.columns,
        columns=m.rows,
        x=_flipped(m.y),
        y=_flipped(m.x),
        out=_flipped(m.out),
    )
    return [(m, (x, y)), (flipped, (y, x))]


def _flipped(matrix: Matrix) -> Matrix:
    return replace(matrix, transposed=not matrix.transposed)


def _role(
    m: Matrices, operands: tuple[Unit, Unit], out: Unit, space: Space, wide: Unit
) -> Literal["rows", "over"] | None:
    x, y = operands
    if math.prod(m.batch) != space.batches or y is wide:
        return None
    if m.rows == space.rows and wide in (x, out):
        matrix, width = (m.out, m.columns) if wide is out else (m.x, m.summed)
        if _is_dense(m, matrix, width, space):
            return "rows"
    if m.summed == space.rows and wide is x and _is_dense(m, _flipped(m.x), m.rows, space):
        return "over"
    return None


def _taken_by_rows(
    m: Matrices, operands: tuple[Unit, Unit], out: Unit, space: Space, role: Literal["rows", "over"]
) -> Iterator[Unit]:
    """Of a product's operands and result, what its blocks take by rows."""
    x, y = operands
    if role == "over":
        if x is not y:
            yield x
        return
    if x is not y and _is_dense(m, m.x, m.summed, space):
        yield x
    if _is_dense(m, m.out, m.columns, space):
        yield out


def _is_dense(m: Matrices, matrix: Matrix, width: int, space: Space) -> bool:
    """True when rows follow each other without gaps through all matrices."""
    step, steps = space.rows * width, []
    for extent in reversed(m.batch):
        steps.append(step)
        step *= extent
    long = [(s, b) for s, b, n in zip(steps[::-1], matrix.batch, m.batch, strict=True) if n > 1]
    whole = matrix.leading == width or space.rows == 1
    return not matrix.transposed and whole and all(s == b for s, b in long)


def _takes_rows(kernel: Nest, space: Space) -> bool:
    """True when rounds of the divided loop are rows, or elements of rows."""
    rounds = kernel.rounds
    return rounds is not None and rounds % space.all == 0 and not kernel.schedule.after


def _goes_by_rows(kernel: Nest, unit: Unit, space: Space, root: Root) -> bool:
    """True when a nest, in the rounds of one row, reads or writes only that row of an array."""
    if rows_bytes(unit, space) is None:
        return False
    divided, terms = kernel.schedule.divided, kernel.body.terms
    assert divided is not None
    each, rest = divmod(unit.array_type.size, divided.extent)
    if rest:
        return False
    for address in _addresses(kernel, unit, root):
        if step_of(terms, address, divided.axis) != each:
            return False
        span = _within(kernel, address, divided.axis)
        if span is None or span[0] < 0 or span[1] >= each:
            return False
    return True


def _addresses(kernel: Nest, unit: Unit, root: Root) -> Iterator[Scalar]:
    """The places of an array that a nest reads or writes."""
    terms = kernel.body.terms

    def is_it(array: Array) -> bool:
        return array.owner is not None and root(array.owner) is unit

    for load in loads(kernel.body.statements):
        if is_it(load.detail):
            yield address_of(terms, load)
    for statement in walk(kernel.body.statements):
        for array in written(statement):
            if is_it(array):
                assert isinstance(statement, (Store, Combine))
                yield terms.flat(statement.where, array.shape)


def _within(kernel: Nest, address: Scalar, axis: int) -> tuple[int, int] | None:
    """The range of an address without what the divided loop and those around it add."""
    terms, around = kernel.body.terms, _around(kernel, axis)
    form = terms.form(address)
    low = high = form.constant
    for atom, factor in form.products:
        if any(atom is index for index in around):
            continue
        span = terms.range(atom)
        if span is None:
            return None
        ends = span[0] * factor, span[1] * factor
        low, high = low + min(ends), high + max(ends)
    return low, high


def _around(kernel: Nest, axis: int) -> list[Scalar]:
    """The indices of the loops from the outermost to that over `axis`."""
    statements, found = kernel.body.statements, []
    while statements and isinstance(statements[0], For):
        found.append(kernel.body.terms.indices[statements[0].axis])
        if statements[0].axis == axis:
            break
        statements = statements[0].statements
    return found


def rows_bytes(unit: Unit, space: Space) -> int | None:
    """Bytes of a unit for each row; None if it has no rows."""
    each, rest = divmod(unit.array_type.nbytes, space.all)
    return None if rest else each


def widest_of(units: Sequence[Unit], space: Space) -> int:
    """The most bytes that one of the units has a row."""
    return max(rows_bytes(unit, space) or 0 for unit in units)
