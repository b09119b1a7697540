"""Kernels of contractions that are matrix products: generated ones, or BLAS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...runtime.blas import Blas
from ..dtypes import DType, float32, float64
from ..kernel.joining import Loop
from .elements import Pointers, load, nested, store
from .function import Function
from .gemm import emit_product
from .kernels import Product
from .layout import Copy, Matrices, Matrix
from .pieces import Pieces, pieces_for
from .place import Place
from .product_schedule import Plan, Shape, plan
from .scalar_llvm import literal, register_type
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
        form = _Generated if kernel.pieces is None else _Pieces
        return form(kernel, kernel.matrices, pointers, scratch, kernel.plan).write()
    assert blas is not None
    return _Caller(kernel, kernel.matrices, pointers, scratch, blas, import_).write()


class _Batch:
    """Writes the loops over a batch of matrices, and what has to be copied around them."""

    def __init__(
        self, kernel: Product, matrices: Matrices, pointers: Pointers, scratch: Sequence[Place]
    ) -> None:
        self.kernel = kernel
        self.matrices = matrices
        self.pointers = pointers
        self.function = Function()
        self.dtype = kernel.unit.array_type.dtype
        self.type = register_type(self.dtype)
        self._scratch = list(scratch)

    def _product(self, x: str, y: str, out: str) -> None:
        """Write one product."""
        raise NotImplementedError

    def write(self) -> Function:
        m = self.matrices
        x, y = (self.pointers.of(unit)[0] for unit in self.kernel.unit.inputs)
        out = self.pointers.of(self.kernel.unit, written=True)[0]
        x = self._rewritten(m.x.copy, x) if m.x.copy else x
        y = self._rewritten(m.y.copy, y) if m.y.copy else y
        target = self._working() if m.out.copy else out
        axes = [Loop(number, extent) for number, extent in enumerate(m.batch)]
        with nested(self.function, axes) as counters:
            places = [
                self._nth(pointer, matrix.batch, counters)
                for pointer, matrix in ((x, m.x), (y, m.y), (target, m.out))
            ]
            self._product(*places)
        if m.out.copy:
            copy(self.function, self._strided(m.out.copy), target, out, self.dtype, back=True)
        return self.function

    def _working(self) -> str:
        return self.pointers.name(self._scratch.pop(0), written=True)

    def _rewritten(self, how: Copy, source: str) -> str:
        target = self._working()
        copy(self.function, self._strided(how), source, target, self.dtype)
        return target

    def _strided(self, how: Copy) -> list[tuple[int, int, int]]:
        """Extent, step in the array as it is, step in the rewritten one, per label."""
        layout = self.kernel.layout
        before, after = layout.strides(how.source), layout.strides(how.target)
        return [(layout.extents[n], before[n], after[n]) for n in how.target]

    def _nth(self, pointer: str, steps: Sequence[int], counters: Mapping[int, str]) -> str:
        for number, step in enumerate(steps):
            if number in counters and counters[number] != "0":
                offset = self.function.do(f"mul i64 {counters[number]}, {step}")
                where = f"getelementptr inbounds {self.type}, ptr {pointer}, i64 {offset}"
                pointer = self.function.do(where)
        return pointer


class _Generated(_Batch):
    """Calls a generated function."""

    def __init__(
        self,
        kernel: Product,
        matrices: Matrices,
        pointers: Pointers,
        scratch: Sequence[Place],
        plan: Plan,
    ) -> None:
        super().__init__(kernel, matrices, pointers, scratch)
        self.plan = plan
        # Working memory for copies comes first.
        place = self._scratch.pop() if kernel.plan_bytes else None
        self.working = pointers.name(place, written=True) if place else "null"

    def _product(self, x: str, y: str, out: str) -> None:
        self._part(self.plan, x, y, out)

    def _part(self, plan: Plan, x: str, y: str, out: str) -> None:
        m = self.matrices
        emitted = emit_product(plan)
        a, b = f"ptr {x}, i64 {m.x.leading}", f"ptr {y}, i64 {m.y.leading}"
        if m.out.transposed:
            a, b = b, a  # the memory holds the transpose, which is the product of the transposes
        c = f"ptr {out}, i64 {m.out.leading}, ptr {self.working}"
        self.function.act(f"call void @{emitted.name}({a}, {b}, {c}, i1 true)")
        for text in (emitted.text, *emitted.parts.values(), *emitted.declarations):
            self.function.declare(text)


class _Pieces(_Generated):
    """Calls generated functions for the pieces from ``%from`` on and below ``%to``."""

    def write(self) -> Function:
        pieces = self.kernel.pieces
        assert pieces is not None
        x, y = (self.pointers.of(unit)[0] for unit in self.kernel.unit.inputs)
        places = x, y, self.pointers.of(self.kernel.unit, written=True)[0]
        if pieces.along == "batch":
            with self.function.loop("%to", start="%from") as number:
                self._product(*self._of_batch(places, self._numbers(number)))
            return self.function
        axes = [Loop(number, extent) for number, extent in enumerate(self.matrices.batch)]
        with nested(self.function, axes) as counters:
            here = self._of_batch(places, counters)
            with self.function.loop("%to", start="%from") as piece:
                self._piece(pieces, here, piece)
        return self.function

    def _of_batch(self, places: Sequence[str], counters: Mapping[int, str]) -> list[str]:
        m = self.matrices
        return [
            self._nth(pointer, matrix.batch, counters)
            for pointer, matrix in zip(places, (m.x, m.y, m.out), strict=True)
        ]

    def _numbers(self, number: str) -> dict[int, str]:
        """The index of each batch label for the number of a product."""
        counters, rest = {}, number
        for axis in reversed(range(1, len(self.matrices.batch))):
            extent = self.matrices.batch[axis]
            counters[axis] = self.function.do(f"urem i64 {rest}, {extent}")
            rest = self.function.do(f"udiv i64 {rest}, {extent}")
        return counters | {0: rest}

    def _piece(self, pieces: Pieces, places: Sequence[str], piece: str) -> None:
        x, y, out = places
        m, start = self.matrices, self.function.do(f"mul i64 {piece}, {pieces.size}")
        if pieces.along == "rows":
            x = self._at(x, start, 1 if m.x.transposed else m.x.leading)
            out = self._at(out, start, 1 if m.out.transposed else m.out.leading)
        else:
            y = self._at(y, start, m.y.leading if m.y.transposed else 1)
            out = self._at(out, start, m.out.leading if m.out.transposed else 1)
        last = self.kernel.last
        if last is None:
            self._product(x, y, out)
            return
        is_last = self.function.do(f"icmp eq i64 {piece}, {pieces.count - 1}")
        with self.function.when(is_last):
            self._part(last, x, y, out)
        others = self.function.do(f"xor i1 {is_last}, true")
        with self.function.when(others):
            self._product(x, y, out)

    def _at(self, pointer: str, number: str, step: int) -> str:
        offset = number if step == 1 else self.function.do(f"mul i64 {number}, {step}")
        return self.function.do(f"getelementptr inbounds {self.type}, ptr {pointer}, i64 {offset}")


class _Caller(_Batch):
    """Calls a routine of BLAS."""

    def __init__(
        self,
        kernel: Product,
        matrices: Matrices,
        pointers: Pointers,
        scratch: Sequence[Place],
        blas: Blas,
        import_: Place,
    ) -> None:
        super().__init__(kernel, matrices, pointers, scratch)
        self.blas = blas
        self.routine = pointers.name(import_)

    def _product(self, x: str, y: str, out: str) -> None:
        m = self.matrices
        if m.columns == 1:
            vector = y, _down(m.y)
            self._matrix_vector(m.x, x, m.rows, m.summed, vector, out, _down(m.out))
        elif m.rows == 1:
            flipped = Matrix(not m.y.transposed, m.y.leading, ())
            vector = x, _across(m.x)
            self._matrix_vector(flipped, y, m.columns, m.summed, vector, out, _across(m.out))
        else:
            self._matrix_matrix(x, y, out)

    def _matrix_matrix(self, x: str, y: str, out: str) -> None:
        m = self.matrices
        a, b, rows, columns = (m.x, x), (m.y, y), m.rows, m.columns
        if m.out.transposed:
            # The memory holds the transpose, which is the product of the transposes.
            a, b = (_flipped(m.y), y), (_flipped(m.x), x)
            rows, columns = columns, rows
        if self.blas.interface == "fortran":
            # Column-major memory is row-major memory of the transpose.
            a, b, rows, columns = b, a, columns, rows
        self._call(
            [a[0].transposed, b[0].transposed],
            [rows, columns, m.summed],
            [1.0, (a[1], a[0].leading), (b[1], b[0].leading), 0.0, (out, m.out.leading)],
        )

    def _matrix_vector(
        self,
        matrix: Matrix,
        pointer: str,
        rows: int,
        columns: int,
        vector: tuple[str, int],
        out: str,
        out_step: int,
    ) -> None:
        """The matrix (`rows` by `columns`, as transposed as it says) times the vector."""
        transposed = matrix.transposed
        height, width = (columns, rows) if transposed else (rows, columns)
        if self.blas.interface == "fortran":
            height, width, transposed = width, height, not transposed
        # gemv scales what it finds, and 0 times NaN is NaN.
        with self.function.loop(rows) as row:
            where = row if out_step == 1 else self.function.do(f"mul i64 {row}, {out_step}")
            store(self.function, out, where, self.dtype, literal(0, self.dtype), 1)
        self._call(
            [transposed],
            [height, width],
            [1.0, (pointer, matrix.leading), vector, 0.0, (out, out_step)],
        )

    def _call(
        self,
        flags: Sequence[bool],
        sizes: Sequence[int],
        rest: Sequence[float | tuple[str, int]],
    ) -> None:
        fortran = self.blas.interface == "fortran"
        write = self._by_reference if fortran else self._by_value
        arguments = [] if fortran else ["i32 101"]  # row-major
        arguments += [write("flag", flag) for flag in flags]
        arguments += [write("size", size) for size in sizes]
        for item in rest:
            if isinstance(item, tuple):
                arguments += [f"ptr {item[0]}", write("size", item[1])]
            else:
                arguments.append(write("number", item))
        self.function.act(f"call void {self.routine}({', '.join(arguments)})")

    def _by_value(self, sort: str, value: float) -> str:
        if sort == "flag":
            return f"i32 {112 if value else 111}"
        if sort == "size":
            return f"i{self.blas.int_bits} {int(value)}"
        return f"{self.type} {literal(value, self.dtype)}"

    def _by_reference(self, sort: str, value: float) -> str:
        kind, text = {
            "flag": ("i8", str(ord("T" if value else "N"))),
            "size": (f"i{self.blas.int_bits}", str(int(value))),
            "number": (self.type, literal(value, self.dtype)),
        }[sort]
        place = self.function.local(kind, 8)
        self.function.act(f"store {kind} {text}, ptr {place}")
        return f"ptr {place}"


def _flipped(matrix: Matrix) -> Matrix:
    return Matrix(not matrix.transposed, matrix.leading, matrix.batch)


def _down(matrix: Matrix) -> int:
    """The step between the elements of a matrix of one column."""
    return matrix.leading


def _across(matrix: Matrix) -> int:
    """The step between the elements of a matrix of one row."""
    return matrix.leading if matrix.transposed else 1


def copy(
    function: Function,
    axes: Sequence[tuple[int, int, int]],
    source: str,
    target: str,
    dtype: DType,
    *,
    back: bool = False,
) -> None:
    """Copy elements between two orders of dimensions; `back` swaps the two."""
    loops = [Loop(number, extent) for number, (extent, _, _) in enumerate(axes)]
    with nested(function, loops) as counters:
        one = address(function, counters, [step for _, step, _ in axes])
        other = address(function, counters, [step for _, _, step in axes])
        read, written = (other, one) if back else (one, other)
        store(function, target, written, dtype, load(function, source, read, dtype, 1), 1)


def address(function: Function, counters: Mapping[int, str], steps: Sequence[int]) -> str:
    """The sum of the counters times their steps."""
    total = "0"
    for number, step in enumerate(steps):
        counter = counters.get(number, "0")
        if counter == "0" or step == 0:
            continue
        part = counter if step == 1 else function.do(f"mul i64 {counter}, {step}")
        total = part if total == "0" else function.do(f"add i64 {total}, {part}")
    return total
