"""Kernels in words: structured pseudo-Python with the user's lines beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..graph import Graph, Unit
from ..kernel.terms import order_of
from ..kernel.text import Caption, combiners, lines, rendered
from ..kernel.writing import LEAVES
from ..kinds import Elementwise
from ..scalar import Scalar
from .arrays import name_of
from .kernels import Check, Kernel, Nest, Product
from .many import Many
from .tiled import Tiled

if TYPE_CHECKING:
    from .record import KernelRecord

_LETTERS = "ijklmnpqrstuvw"
_COMMENT_COLUMN = 60

SHORT = 4
"""Words up to which an op's body is printed; longer ones are printed as a call of the op."""


def listing(graph: Graph, kernels: Sequence[KernelRecord]) -> str:
    """The program's text: a function per kernel, then the entry that calls them."""
    parts = []
    for record in {record.name: record for record in kernels}.values():
        parts.append("\n".join(_kernel(record, graph)))
    entry = [f"def {graph.name}({_names(graph.inputs, graph)}):"]
    for record in kernels:
        written, read = (_names(u, graph) for u in (record.kernel.writes, record.kernel.reads))
        entry.append(f"    {written + ' = ' if written else ''}{record.name}({read})")
    entry.append(f"    return {_names(graph.outputs, graph)}")
    return "\n\n\n".join([*parts, "\n".join(entry)]) + "\n"


def _kernel(record: KernelRecord, graph: Graph) -> Iterator[str]:
    yield f"def {record.name}({_names(record.kernel.reads, graph)}):  # {record.summary()}"
    for reason in record.kernel.apart:
        yield f"    # apart: {reason}"
    if record.kernel.again:
        yield f"    # computed again: {_names(record.kernel.again, graph)}"
    yield from ("    " + line for line in _body(record.kernel, graph))


def _body(kernel: Kernel, graph: Graph) -> Iterator[str]:
    if isinstance(kernel, Nest):
        yield from combiners(kernel.body)
        yield from rendered(lines(kernel.body, _Captions(kernel, graph)))
    elif isinstance(kernel, Product):
        yield _product(kernel, graph)
        if kernel.epilogue is not None:
            yield from _body(kernel.epilogue.nest, graph)
    elif isinstance(kernel, Tiled):
        yield from _tiled(kernel, graph)
    elif isinstance(kernel, Many):
        yield from _many(kernel, graph)
    elif isinstance(kernel, Check):
        indices, extent = name_of(graph, kernel.indices), kernel.bound.extent
        line = f"assert ((0 <= {indices}) & ({indices} < {extent})).all()"
        yield _beside(line, _line(graph, kernel.owner))


class _Captions:
    """Names elements of units, with the user's lines; long bodies are calls of their ops."""

    def __init__(self, kernel: Nest, graph: Graph) -> None:
        self.kernel = kernel
        self.graph = graph

    def __call__(self, scalar: Scalar) -> Caption | None:
        found = self.kernel.results.get(id(scalar))
        if found is None or scalar.word in LEAVES:
            return None
        unit = found.unit
        call = None
        if isinstance(unit.op, Elementwise) and found.operands:
            types = [operand.array_type for operand in unit.inputs]
            if len(order_of(unit.op.body(types, unit.attributes))) > SHORT + len(types):
                call = unit.op.name, found.operands
        return Caption(name_of(self.graph, unit), _line(self.graph, unit), call)


def _product(kernel: Product, graph: Graph) -> str:
    labels = kernel.layout.labels
    letter = {label: _LETTERS[n] for n, label in enumerate(kernel.layout.extents)}
    x, y, out = ("".join(letter[label] for label in each) for each in labels)
    one, other = (name_of(graph, unit) for unit in kernel.unit.inputs)
    line = f"{name_of(graph, kernel.unit)} = einsum('{x},{y}->{out}', {one}, {other})"
    return _beside(line, _line(graph, kernel.unit))


def _tiled(kernel: Tiled, graph: Graph) -> Iterator[str]:
    yield f"for matrix in range({kernel.space.batches}):"
    yield f"    for rows in blocks({kernel.space.rows}, {kernel.block}):"
    for member in kernel.members:
        if member.again:
            yield "        # computed again:"
        yield from ("        " + line for line in _body(member.kernel, graph))


def _many(kernel: Many, graph: Graph) -> Iterator[str]:
    first, *others = kernel.nests
    yield f"# one range of rounds for {len(kernel.nests)} sets of arrays; the first of them:"
    yield from _body(first, graph)
    for nest in others:
        read, written = (_names(units, graph) for units in (nest.reads, nest.writes))
        yield f"# the same: {written} from {read}"


def _names(units: Iterable[Unit], graph: Graph) -> str:
    return ", ".join(name_of(graph, unit) for unit in units)


def _line(graph: Graph, unit: Unit) -> str:
    """The user's line that the unit comes from."""
    frames = sorted(graph.origin(unit).frames, key=str)
    return str(frames[0]) if frames else ""


def _beside(line: str, comment: str) -> str:
    return f"{line:<{_COMMENT_COLUMN}}  # {comment}" if comment else line
