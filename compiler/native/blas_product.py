"""Products by a routine of BLAS."""

from __future__ import annotations

from collections.abc import Sequence

from ...runtime.blas import Blas
from .elements import Pointers, store
from .kernels import Product
from .layout import Matrix
from .place import Place
from .product_code import ProductCode
from .scalar_llvm import literal


class BlasProduct(ProductCode):
    """Calls a routine of BLAS."""

    def __init__(
        self,
        kernel: Product,
        pointers: Pointers,
        scratch: Sequence[Place],
        blas: Blas,
        import_: Place,
    ) -> None:
        super().__init__(kernel, pointers, scratch)
        self.blas = blas
        self.routine = pointers.name(import_)

    def product(self, x: str, y: str, first: str) -> None:
        m, out = self.matrices, self.at(self.out, first)
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
