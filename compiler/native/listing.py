"""Kernels in words: structured pseudo-Python with the user's lines beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..graph import Graph, Unit
from ..kernel.grammar import Array, Combine, For, Statement, Store, expressions, inside
from ..kernel.terms import postorder
from ..scalar import Scalar, Word
from ..structural import CONSTANT, INPUT
from .kernels import Check, Kernel, Nest, Product
from .tiled import Tiled

if TYPE_CHECKING:
    from .record import KernelRecord

_INFIX = {
    Word.ADD: "+",
    Word.SUBTRACT: "-",
    Word.MULTIPLY: "*",
    Word.DIVIDE: "/",
    Word.TRUNCATED_DIVIDE: "//",
    Word.TRUNCATED_REMAINDER: "%",
    Word.LESS: "<",
    Word.LESS_EQUAL: "<=",
    Word.EQUAL: "==",
    Word.NOT_EQUAL: "!=",
    Word.AND: "&",
    Word.OR: "|",
    Word.XOR: "^",
    Word.SHIFT_LEFT: "<<",
    Word.SHIFT_RIGHT: ">>",
}
_PREFIX = {Word.NEGATE: "-", Word.NOT: "~"}
_COUNTERS = "ijklmnpqrstuvw"
_COMMENT_COLUMN = 60


def listing(graph: Graph, kernels: Sequence[KernelRecord]) -> str:
    """The program's text: a function per kernel, then the entry that calls them."""
    names = _Names(graph)
    parts = []
    for record in {record.name: record for record in kernels}.values():
        parts.append("\n".join(_kernel(record, names)))
    entry = [f"def {graph.name}({', '.join(names.of(unit) for unit in graph.inputs)}):"]
    for record in kernels:
        written = ", ".join(names.of(unit) for unit in record.kernel.writes)
        read = ", ".join(names.of(unit) for unit in record.kernel.reads)
        entry.append(f"    {written + ' = ' if written else ''}{record.name}({read})")
    entry.append(f"    return {', '.join(names.of(unit) for unit in graph.outputs)}")
    return "\n\n\n".join([*parts, "\n".join(entry)]) + "\n"


class _Names:
    """What the listing calls the units."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def of(self, unit: Unit) -> str:
        number = self.graph.numbers[unit]
        if unit.op is INPUT:
            given = sorted(self.graph.origin(unit).names)
            return given[0] if given else f"argument{number}"
        return f"{'constant' if unit.op is CONSTANT else unit.op.name}_{number}"

    def line(self, unit: Unit) -> str:
        """The user's line that the unit comes from."""
        frames = sorted(self.graph.origin(unit).frames, key=str)
        return str(frames[0]) if frames else ""


def _kernel(record: KernelRecord, names: _Names) -> Iterator[str]:
    kernel = record.kernel
    read = ", ".join(names.of(unit) for unit in kernel.reads)
    yield f"def {record.name}({read}):  # {record.summary()}"
    for reason in kernel.apart:
        yield f"    # apart: {reason}"
    body = {Nest: _nest, Product: _product, Check: _check, Tiled: _tiled}
    yield from ("    " + line for line in body[type(kernel)](kernel, names))


def _nest(kernel: Kernel, names: _Names) -> Iterator[str]:
    assert isinstance(kernel, Nest)
    yield from _block(kernel, kernel.body.statements, names, "")


def _block(
    kernel: Nest, statements: Sequence[Statement], names: _Names, indent: str
) -> Iterator[str]:
    run = [s for s in statements if isinstance(s, (Store, Combine))]
    named = yield from _statements(kernel, [r for s in run for r in expressions(s)], names, indent)
    for statement in statements:
        if isinstance(statement, Store):
            place = _place(statement.array, statement.where, named, names)
            yield f"{indent}{place} = {_text(statement.value, named, names)}"
        elif isinstance(statement, Combine):
            place = _place(statement.arrays[0], statement.where, named, names)
            values = ", ".join(_text(value, named, names) for value in statement.values)
            yield f"{indent}{place} = {statement.name}({place}, {values})"
        else:
            inner = indent
            if isinstance(statement, For):
                extent = kernel.body.terms.extents[statement.axis]
                yield f"{indent}for {_COUNTERS[statement.axis]} in range({extent}):"
                inner = indent + "    "
            yield from _block(kernel, inside(statement), names, inner)


def _place(array: Array, where: Sequence[Scalar], named: Mapping[int, str], names: _Names) -> str:
    name = array.name if array.owner is None else names.of(array.owner)
    return f"{name}[{', '.join(_text(w, named, names) for w in where)}]" if where else name


def _product(kernel: Kernel, names: _Names) -> Iterator[str]:
    assert isinstance(kernel, Product)
    labels = kernel.layout.labels
    letter = {label: _COUNTERS[n] for n, label in enumerate(kernel.layout.extents)}
    x, y, out = ("".join(letter[label] for label in each) for each in labels)
    one, other = (names.of(unit) for unit in kernel.unit.inputs)
    line = f"{names.of(kernel.unit)} = einsum('{x},{y}->{out}', {one}, {other})"
    yield _beside(line, names.line(kernel.unit))


def _tiled(kernel: Kernel, names: _Names) -> Iterator[str]:
    assert isinstance(kernel, Tiled)
    space = kernel.space
    yield f"for matrix in range({space.batches}):"
    yield f"    for rows in blocks({space.rows}, {kernel.block}):"
    body = {Nest: _nest, Product: _product}
    for member in kernel.members:
        if member.again:
            yield "        # computed again:"
        yield from ("        " + line for line in body[type(member.kernel)](member.kernel, names))


def _check(kernel: Kernel, names: _Names) -> Iterator[str]:
    assert isinstance(kernel, Check)
    indices, extent = names.of(kernel.indices), kernel.bound.extent
    line = f"assert ((0 <= {indices}) & ({indices} < {extent})).all()"
    yield _beside(line, names.line(kernel.owner))


def _statements(
    kernel: Nest, roots: Sequence[Scalar], names: _Names, indent: str
) -> Generator[str, None, dict[int, str]]:
    """Assignments for units, and for what is used more than once; returns their names."""
    order = postorder(roots)
    uses = Counter(id(operand) for scalar in order for operand in scalar.operands)
    named: dict[int, str] = {}
    for scalar in order:
        unit = kernel.results.get(id(scalar))
        leaf = scalar.word in (Word.INPUT, Word.LITERAL, Word.LOAD)
        if leaf or (unit is None and uses[id(scalar)] < 2):
            continue
        name = names.of(unit).lower() if unit is not None else f"t{len(named)}"
        line = f"{indent}{name} = {_text(scalar, named, names)}"
        yield _beside(line, names.line(unit) if unit is not None else "")
        named[id(scalar)] = name
    return named


def _text(scalar: Scalar, named: Mapping[int, str], names: _Names) -> str:
    """The expression, with the parts that have a name by their name."""
    if id(scalar) in named:
        return named[id(scalar)]
    if scalar.word is Word.INPUT:
        return _COUNTERS[scalar.detail]
    if scalar.word is Word.LITERAL:
        return repr(scalar.detail)
    parts = [_text(operand, named, names) for operand in scalar.operands]
    if scalar.word is Word.LOAD:
        return _place(scalar.detail, scalar.operands, named, names)
    if scalar.word in _INFIX:
        return f"({parts[0]} {_INFIX[scalar.word]} {parts[1]})"
    if scalar.word in _PREFIX:
        return f"{_PREFIX[scalar.word]}{parts[0]}"
    if scalar.word is Word.SELECT:
        return f"({parts[1]} if {parts[0]} else {parts[2]})"
    if scalar.word in (Word.CAST, Word.BITCAST):
        parts.append(str(scalar.dtype))
    return f"{scalar.word.name.lower()}({', '.join(parts)})"


def _beside(line: str, comment: str) -> str:
    return f"{line:<{_COMMENT_COLUMN}}  # {comment}" if comment else line
