"""Functions of products in batches and pieces: they call generated functions, or what derives.

A result that has an epilogue may exist as one tile at a time only; then it has no memory here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..dtypes import DType
from ..kernel.joining import Loop
from .elements import Pointers, element, load, nested, store
from .function import Function
from .gemm import Epilogue, emit_product
from .kernels import Product
from .layout import Copy
from .pieces import Pieces
from .place import Place
from .product_schedule import Plan
from .scalar_llvm import register_type
from .window import WindowCode


class ProductCode:
    """Writes the loops over a batch of matrices, and what has to be copied around them."""

    def __init__(self, kernel: Product, pointers: Pointers, scratch: Sequence[Place]) -> None:
        self.kernel = kernel
        self.matrices = kernel.matrices
        self.pointers = pointers
        self.function = Function()
        self.dtype = kernel.unit.array_type.dtype
        self.type = register_type(self.dtype)
        self.out = ""
        self._scratch = list(scratch)

    def product(self, x: str, y: str, first: str) -> None:
        """Write one product, whose first element is the `first` in the result's memory."""
        raise NotImplementedError

    def write(self) -> Function:
        """The function's instructions."""
        m = self.matrices
        x, y = (self.pointers.of(unit)[0] for unit in self.kernel.unit.inputs)
        x = self._rewritten(m.x.copy, x) if m.x.copy else x
        y = self._rewritten(m.y.copy, y) if m.y.copy else y
        out = "" if self.kernel.local else self.pointers.of(self.kernel.unit, written=True)[0]
        self.out = self._working() if m.out.copy else out
        self.all(x, y)
        if m.out.copy:
            copy(self.function, self._strided(m.out.copy), self.out, out, self.dtype, back=True)
        return self.function

    def all(self, x: str, y: str) -> None:
        """Write all products of the batch."""
        axes = [Loop(number, extent) for number, extent in enumerate(self.matrices.batch)]
        with nested(self.function, axes) as counters:
            self.product(*self.of_batch(x, y, counters))

    def of_batch(self, x: str, y: str, counters: Mapping[int, str]) -> tuple[str, str, str]:
        """Where one of the batch has its matrices."""
        m = self.matrices
        steps = (address(self.function, counters, matrix.batch) for matrix in (m.x, m.y, m.out))
        of_x, of_y, first = steps
        return self.at(x, of_x), self.at(y, of_y), first

    def at(self, pointer: str, number: str, step: int = 1) -> str:
        """The address of so many elements, or of so many times some elements, further."""
        return element(self.function, pointer, times(self.function, number, step), self.dtype)

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


class GeneratedProduct(ProductCode):
    """Calls a generated function."""

    def __init__(
        self,
        kernel: Product,
        pointers: Pointers,
        scratch: Sequence[Place],
        plan: Plan,
    ) -> None:
        super().__init__(kernel, pointers, scratch)
        self.plan = plan
        # Working memory for copies comes first.
        place = self._scratch.pop() if kernel.plan_bytes else None
        self.working = pointers.name(place, written=True) if place else "null"
        self.epilogue: Epilogue | None = None
        if kernel.epilogue is not None:
            step = self.matrices.out.leading // kernel.epilogue.columns
            code = WindowCode(kernel.epilogue, Pointers(pointers.place), step)
            self.epilogue = Epilogue(code, kernel.local)

    def product(self, x: str, y: str, first: str) -> None:
        self.part(self.plan, x, y, first)

    def part(self, plan: Plan, x: str, y: str, first: str) -> None:
        """Call the function of a plan."""
        m = self.matrices
        emitted = emit_product(plan, self.epilogue)
        a, b = f"ptr {x}, i64 {m.x.leading}", f"ptr {y}, i64 {m.y.leading}"
        if m.out.transposed:
            a, b = b, a  # the memory holds the transpose, which is the product of the transposes
        out = self.at(self.out, first) if self.out else "null"
        given = [a, b, f"ptr {out}, i64 {m.out.leading}", f"ptr {self.working}", "i1 true"]
        if self.epilogue is not None:
            given += self._after(self.epilogue.code, first)
        self.function.act(f"call void @{emitted.name}({', '.join(given)})")
        for text in (emitted.text, *emitted.parts.values(), *emitted.declarations):
            self.function.declare(text)

    def _after(self, code: WindowCode, first: str) -> list[str]:
        """What the epilogue takes: its arrays, and the row and column of the first element."""
        written = code.pointers.written
        names = [self.pointers.name(p, written=p in written) for p in code.places]
        columns = code.window.columns
        row = self.function.do(f"udiv i64 {first}, {columns}")
        column = self.function.do(f"urem i64 {first}, {columns}")
        return [*(f"ptr {name}" for name in names), f"i64 {row}", f"i64 {column}"]


class ProductInPieces(GeneratedProduct):
    """Calls generated functions for the pieces from ``%from`` on and below ``%to``."""

    def all(self, x: str, y: str) -> None:
        pieces = self.kernel.pieces
        assert pieces is not None
        if pieces.along == "batch":
            with self.function.loop("%to", start="%from") as number:
                self.product(*self.of_batch(x, y, self._numbers(number)))
            return
        axes = [Loop(number, extent) for number, extent in enumerate(self.matrices.batch)]
        with nested(self.function, axes) as counters:
            here = self.of_batch(x, y, counters)
            with self.function.loop("%to", start="%from") as piece:
                self._piece(pieces, here, piece)

    def _numbers(self, number: str) -> dict[int, str]:
        """The index of each batch label for the number of a product."""
        counters, rest = {}, number
        for axis in reversed(range(1, len(self.matrices.batch))):
            extent = self.matrices.batch[axis]
            counters[axis] = self.function.do(f"urem i64 {rest}, {extent}")
            rest = self.function.do(f"udiv i64 {rest}, {extent}")
        return counters | {0: rest}

    def _piece(self, pieces: Pieces, places: tuple[str, str, str], piece: str) -> None:
        x, y, first = places
        m, start = self.matrices, times(self.function, piece, pieces.size)
        if pieces.along == "rows":
            x = self.at(x, start, 1 if m.x.transposed else m.x.leading)
            moved = times(self.function, start, 1 if m.out.transposed else m.out.leading)
        else:
            y = self.at(y, start, m.y.leading if m.y.transposed else 1)
            moved = times(self.function, start, m.out.leading if m.out.transposed else 1)
        first = moved if first == "0" else self.function.do(f"add i64 {first}, {moved}")
        last = self.kernel.last
        if last is None:
            self.product(x, y, first)
            return
        is_last = self.function.do(f"icmp eq i64 {piece}, {pieces.count - 1}")
        with self.function.when(is_last):
            self.part(last, x, y, first)
        others = self.function.do(f"xor i1 {is_last}, true")
        with self.function.when(others):
            self.product(x, y, first)


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
        part = times(function, counter, step)
        total = part if total == "0" else function.do(f"add i64 {total}, {part}")
    return total


def times(function: Function, counter: str, step: int) -> str:
    """A counter times a number."""
    if counter == "0" or step == 1:
        return counter
    return function.do(f"mul i64 {counter}, {step}")
