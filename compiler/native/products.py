"""Kernels of contractions that are matrix products: generated ones, or BLAS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...runtime.blas import Blas
from ..dtypes import DType, float32, float64
from .blas_product import BlasProduct
from .elements import Pointers
from .function import Function
from .kernels import Product
from .layout import Matrices
from .pieces import Pieces, pieces_for
from .place import Place
from .product_code import GeneratedProduct, ProductInPieces
from .product_schedule import Plan, Shape, plan
from .vectors import target

SMALL = 512
"""Multiplications below which functions of their own cost more than the work."""


class Route(NamedTuple):
    """How to compute a contraction.

    Attributes
    ----------
    matrices : Matrices or None
        The batch of matrix products that it is; None for plain loops.
    plan : Plan or None
        How generated functions compute each of them, or each piece; None for BLAS.
    pieces : Pieces or None
        What threads may share.
    last : Plan or None
        How the last piece is computed, if it is smaller than the others.
    """

    matrices: Matrices | None
    plan: Plan | None = None
    pieces: Pieces | None = None
    last: Plan | None = None


def route(dtype: DType, matrices: Matrices | None, blas: Blas | None, threads: int) -> Route:
    """How to compute a contraction that may be a batch of matrix products, on so many threads."""
    if matrices is None or dtype not in (float32, float64):
        return Route(None)
    if matrices.rows * matrices.columns * matrices.summed < SMALL:
        return Route(None)
    if matrices.columns == 1 and matrices.out.leading != 1:
        return Route(matrices if _suits_blas(matrices, blas) else None)
    pieces = pieces_for(matrices, threads)
    whole = shape_of(dtype, matrices)
    if pieces is None or pieces.along == "batch":
        return Route(matrices, plan(whole, target()), pieces)
    rows, columns = matrices.rows, matrices.columns
    by_rows = pieces.along == "rows"
    plans = []
    for size in (pieces.size, pieces.last(rows if by_rows else columns)):
        extents = (size, columns) if by_rows else (rows, size)
        plans.append(plan(shape_of(dtype, matrices, extents), target(), whole))
    first, last = plans
    return Route(matrices, first, pieces, None if last.shape == first.shape else last)


def shape_of(
    dtype: DType,
    matrices: Matrices,
    extents: tuple[int, int] | None = None,
    summed: int | None = None,
) -> Shape:
    """One product of the batch, or a part of it, for rows in memory."""
    m = matrices
    rows, columns = extents or (m.rows, m.columns)
    shape = Shape(rows, columns, summed or m.summed, dtype, m.x.transposed, m.y.transposed)
    return shape.flipped() if m.out.transposed else shape


def _suits_blas(matrices: Matrices, blas: Blas | None) -> bool:
    """True when BLAS can take these matrices."""
    sizes = matrices.rows, matrices.columns, matrices.summed
    leading = matrices.x.leading, matrices.y.leading, matrices.out.leading
    return blas is not None and (blas.int_bits == 64 or max(*sizes, *leading) < 2**31)


def routine_of(kernel: Product) -> str | None:
    """The BLAS routine that the kernel calls."""
    if kernel.plan is not None:
        return None
    letter = "s" if kernel.unit.array_type.dtype is float32 else "d"
    vector = kernel.matrices.rows == 1 or kernel.matrices.columns == 1
    return f"{letter}{'gemv' if vector else 'gemm'}"


def emit(
    kernel: Product, pointers: Pointers, scratch: Sequence[Place], blas: Blas | None, import_: Place
) -> Function:
    """The kernel's function."""
    if kernel.plan is not None:
        form = GeneratedProduct if kernel.pieces is None else ProductInPieces
        return form(kernel, pointers, scratch, kernel.plan).write()
    assert blas is not None
    return BlasProduct(kernel, pointers, scratch, blas, import_).write()
