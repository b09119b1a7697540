"""Which loop kernels are done by the product whose result they read, tile by tile.

What a product leaves for a kernel of its own goes through the second-level cache or memory and
back. Where the kernel reads the result element by element, and all else that it reads is there
before the product begins, it is done while a tile is near: bias, activation, residual, a
derivative's factor, an optimiser's update. A result that nothing else reads then has no memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..graph import Unit
from .kernels import Kernel, Nest, Product
from .product_schedule import by_rows
from .tiled import Root
from .vectors import target
from .window import Window, window_of


class Epilogues:
    """Joins loop kernels to products.

    Parameters
    ----------
    kernels : sequence of Kernel
        All of them, each after those that it reads from.
    kept : set of Unit
        What must lie in memory after the program.
    root : callable
        The unit whose memory a unit shares.
    """

    def __init__(self, kernels: Sequence[Kernel], kept: set[Unit], root: Root) -> None:
        self.kernels = list(kernels)
        self.kept = kept
        self.root = root
        self.maker = {unit: kernel for kernel in kernels for unit in kernel.writes}
        self.readers: dict[Unit, list[Kernel]] = {}
        for kernel in kernels:
            for unit in dict.fromkeys(map(root, kernel.reads)):
                self.readers.setdefault(unit, []).append(kernel)

        self.home: dict[Kernel, Product] = {}
        self.windows: dict[Kernel, Window] = {}
        self.reasons: dict[Kernel, dict[str, None]] = {}

    def result(self) -> list[Kernel]:
        """The kernels, those that are epilogues inside their products."""
        for kernel in reversed(self.kernels):
            if isinstance(kernel, Product):
                self._extend(kernel)
        return [self._finished(kernel) for kernel in self.kernels if kernel not in self.home]

    def _extend(self, product: Product) -> None:
        """Take in the first reader that can be an epilogue."""
        for reader in self.readers.get(product.unit, ()):
            if not isinstance(reader, Nest) or reader.sort != "loop" or reader in self.home:
                continue
            found = _obstacle(product) or self._window(product, reader)
            if isinstance(found, Window):
                self.home[reader] = product
                self.windows[product] = found
                return
            name = reader.units[-1].op.name
            self.reasons.setdefault(product, {})[f"{name} is no epilogue: {found}"] = None

    def _window(self, product: Product, reader: Nest) -> Window | str:
        m = product.matrices
        columns = m.rows if m.out.transposed else m.columns
        steps = (m.out.leading, *m.out.batch)
        if any(step % columns for step in steps):
            return "rows of the product do not follow each other"
        if self._is_between(product, reader):
            return "another kernel has to run in between"
        return window_of(reader, product.unit, columns, self.root)

    def _is_between(self, product: Product, reader: Nest) -> bool:
        """True when the reader needs something else that comes from the product."""
        others = (unit for unit in map(self.root, reader.reads) if unit is not product.unit)
        pending = self._makers(others)
        seen: set[Kernel] = set()
        while pending:
            kernel = pending.pop()
            if kernel is product:
                return True
            if kernel not in seen:
                seen.add(kernel)
                window = self.windows.get(kernel)
                reads = (*kernel.reads, *(window.nest.reads if window else ()))
                own = (unit for unit in map(self.root, reads) if self.maker.get(unit) is not kernel)
                pending += self._makers(own)
        return False

    def _makers(self, units: Iterable[Unit]) -> list[Kernel]:
        makers = (self.maker[unit] for unit in units if unit in self.maker)
        return [self.home.get(maker, maker) for maker in makers]

    def _finished(self, kernel: Kernel) -> Kernel:
        if not isinstance(kernel, Product):
            return kernel
        reasons = (*kernel.apart, *self.reasons.get(kernel, ()))
        window = self.windows.get(kernel)
        if window is None:
            return replace(kernel, apart=reasons)
        plan, last = kernel.plan, kernel.last
        if window.far:
            # A row of tiles is a few long pieces of an array, a column of tiles many short ones.
            plan, last = (each and by_rows(each, target()) for each in (plan, last))
        others = [r for r in self.readers[kernel.unit] if r is not window.nest]
        return replace(
            kernel,
            plan=plan,
            last=last,
            units=(*kernel.units, *window.nest.units),
            apart=(*reasons, *window.nest.apart),
            again=window.nest.again,
            epilogue=window,
            kept=bool(others) or kernel.unit in self.kept,
        )


def _obstacle(product: Product) -> str:
    """Why the product takes no epilogue; empty if it may."""
    if product.plan is None:
        return "BLAS computes the product"
    if product.matrices.copies:
        return "the product's matrices are rewritten"
    if 1 in (product.matrices.columns, product.matrices.rows) and product.matrices.out.leading == 1:
        return "the product is one column"
    return ""
