"""What is known of a kernel after compilation: its name, its work, and why it stands apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..graph import Unit
from ..kernel.grammar import Body, Combine, For, Statement, Store, expressions, inside
from ..kernel.terms import postorder
from ..scalar import Scalar, Word
from .kernels import Check, Kernel, Nest, Product
from .many import Many
from .tiled import Tiled

_NO_WORK = frozenset(
    {Word.INPUT, Word.LITERAL, Word.LOAD, Word.SELECT, Word.CAST, Word.BITCAST, Word.COPYSIGN}
)


@dataclass(frozen=True, eq=False)
class KernelRecord:
    """One kernel of a program.

    Attributes
    ----------
    name : str
        From its content: equal work has an equal name, and is compiled once.
    kind : str
        ``loop``, ``fold``, ``rows``, ``scatter``, ``contraction``, ``product``, ``tiled``,
        ``many`` or ``check``.
    units : tuple of Unit
        What it computes.
    apart : tuple of str
        Why its neighbours are not in it.
    flops : int
        Floating-point operations of one call, a call of the C library counted as one.
    nbytes : int
        Bytes that it reads and writes, each array once.
    routine : str or None
        The BLAS routine that it calls; its bits depend on the library and its threads.
    threads : int
        How many threads may share it.
    kernel : Kernel
        Its expressions.
    """

    name: str
    kind: str
    units: tuple[Unit, ...]
    apart: tuple[str, ...]
    flops: int
    nbytes: int
    routine: str | None
    threads: int
    kernel: Kernel

    def summary(self) -> str:
        """One line: what it does, on what, and how much work that is."""
        names = ", ".join(unit.op.name for unit in self.units[:8])
        more = ", ..." if len(self.units) > 8 else ""
        shape = " x ".join(map(str, _domain(self.kernel))) or "scalar"
        work = f"{_count(self.flops)}FLOP, {_count(self.nbytes)}B"
        by = f" by {self.routine}" if self.routine else ""
        shared = f"   {self.threads} threads" if self.threads > 1 else ""
        return f"{self.kind:<11} {names}{more}{by}   {shape}   {work}{shared}"


def record(kernel: Kernel, name: str, routine: str | None = None, threads: int = 1) -> KernelRecord:
    """The record of a kernel."""
    arrays = dict.fromkeys((*kernel.reads, *kernel.writes))
    return KernelRecord(
        name,
        kernel.kind,
        kernel.units,
        kernel.apart,
        _flops(kernel),
        sum(unit.array_type.nbytes for unit in arrays),
        routine,
        threads,
        kernel,
    )


def _flops(kernel: Kernel) -> int:
    if isinstance(kernel, Product):
        after = kernel.epilogue
        return kernel.layout.flops + (_flops(after.nest) if after is not None else 0)
    if isinstance(kernel, Tiled):
        return sum(_flops(member.kernel) for member in kernel.members)
    if isinstance(kernel, Many):
        return sum(map(_flops, kernel.nests))
    return _work(kernel.body, kernel.body.statements, 1) if isinstance(kernel, Nest) else 0


def _work(body: Body, statements: Sequence[Statement], rounds: int) -> int:
    """Arithmetic on floats in the statements, each done `rounds` times."""
    own = [s for s in statements if isinstance(s, (Store, Combine))]
    roots = [root for statement in own for root in expressions(statement)]
    total = rounds * (_operations(roots) + sum(isinstance(s, Combine) for s in own))
    for statement in statements:
        extent = body.terms.extents[statement.axis] if isinstance(statement, For) else 1
        total += _work(body, inside(statement), rounds * extent)
    return total


def _operations(roots: Iterable[Scalar]) -> int:
    """Arithmetic on floats in the expressions of one element."""
    return sum(s.dtype.is_float and s.word not in _NO_WORK for s in postorder(roots))


def _domain(kernel: Kernel) -> tuple[int, ...]:
    if isinstance(kernel, Product):
        return tuple(kernel.layout.extents.values())
    if isinstance(kernel, Check):
        return kernel.indices.shape
    if isinstance(kernel, Tiled):
        return kernel.space.batches, kernel.space.rows
    if isinstance(kernel, Many):
        return (sum(math.prod(_domain(nest)) for nest in kernel.nests),)
    assert isinstance(kernel, Nest)
    return tuple(kernel.body.terms.extents)


def _count(number: int) -> str:
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} "
