"""What is known of a kernel after compilation: its name, its work, and why it stands apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..graph import Unit
from ..scalar import Scalar, Word
from .kernels import Check, Fold, Kernel, Loop, Product, Scattering
from .terms import postorder

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
        ``loop``, ``fold``, ``product``, ``scattering`` or ``check``.
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
    kernel: Kernel

    def summary(self) -> str:
        """One line: what it does, on what, and how much work that is."""
        names = ", ".join(unit.op.name for unit in self.units[:8])
        more = ", ..." if len(self.units) > 8 else ""
        shape = " x ".join(map(str, _domain(self.kernel))) or "scalar"
        work = f"{_count(self.flops)}FLOP, {_count(self.nbytes)}B"
        by = f" by {self.routine}" if self.routine else ""
        return f"{self.kind:<10} {names}{more}{by}   {shape}   {work}"


def record(kernel: Kernel, name: str, routine: str | None = None) -> KernelRecord:
    """The record of a kernel."""
    arrays = dict.fromkeys((*kernel.reads, *kernel.writes))
    return KernelRecord(
        name,
        type(kernel).__name__.lower(),
        kernel.units,
        kernel.apart,
        _flops(kernel),
        sum(unit.array_type.nbytes for unit in arrays),
        routine,
        kernel,
    )


def _flops(kernel: Kernel) -> int:
    if isinstance(kernel, Product):
        return kernel.layout.flops
    if isinstance(kernel, Loop):
        values = [value for _, value in kernel.stores]
        return _operations(values) * kernel.stores[0][0].array_type.size
    if isinstance(kernel, Fold):
        size = kernel.unit.inputs[0].array_type.size
        return (_operations([kernel.element]) + 1) * size
    if isinstance(kernel, Scattering):
        return (_operations([kernel.update]) + 1) * kernel.unit.inputs[1].array_type.size
    return 0


def _operations(roots: Iterable[Scalar]) -> int:
    """Arithmetic on floats in the expressions of one element."""
    return sum(s.dtype.is_float and s.word not in _NO_WORK for s in postorder(roots))


def _domain(kernel: Kernel) -> tuple[int, ...]:
    if isinstance(kernel, Product):
        return tuple(kernel.layout.extents.values())
    if isinstance(kernel, Check):
        return kernel.indices.shape
    assert isinstance(kernel, (Loop, Fold, Scattering))
    return kernel.values.terms.extents


def _count(number: int) -> str:
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} "
