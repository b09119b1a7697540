"""Kernels in words: structured pseudo-Python with the user's lines beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..graph import Graph, Unit
from ..scalar import Scalar, Word
from ..structural import CONSTANT, INPUT
from .kernels import Check, Fold, Kernel, Loop, Product, Scattering
from .terms import postorder
from .values import Values

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
    body = {Loop: _loop, Fold: _fold, Product: _product, Scattering: _scattering, Check: _check}
    yield from ("    " + line for line in body[type(kernel)](kernel, names))


def _loop(kernel: Kernel, names: _Names) -> Iterator[str]:
    assert isinstance(kernel, Loop)
    extents = kernel.values.terms.extents
    indent = yield from _for(range(len(extents)), extents)
    named = yield from _statements(kernel.values, [v for _, v in kernel.stores], names, indent)
    for unit, value in kernel.stores:
        place = _indexed(names.of(unit), extents)
        yield f"{indent}{place} = {_text(value, named, names)}"


def _fold(kernel: Kernel, names: _Names) -> Iterator[str]:
    assert isinstance(kernel, Fold)
    extents = kernel.values.terms.extents
    folded = kernel.unit.attributes["axis"]
    kept = [axis for axis in range(len(extents)) if axis not in folded]
    target = f"{names.of(kernel.unit)}[{', '.join(_COUNTERS[a] for a in kept)}]"
    indent = yield from _for(kept, extents)
    yield f"{indent}state = start"
    inner = yield from _for(folded, extents, indent)
    named = yield from _statements(kernel.values, [kernel.element], names, inner)
    element = _text(kernel.element, named, names)
    line = f"{inner}state = {kernel.unit.op.name}(state, {element})"
    yield _beside(line, names.line(kernel.unit))
    yield f"{indent}{target if kept else names.of(kernel.unit)} = state"


def _product(kernel: Kernel, names: _Names) -> Iterator[str]:
    assert isinstance(kernel, Product)
    labels = kernel.layout.labels
    letter = {label: _COUNTERS[n] for n, label in enumerate(kernel.layout.extents)}
    x, y, out = ("".join(letter[label] for label in each) for each in labels)
    one, other = (names.of(unit) for unit in kernel.unit.inputs)
    line = f"{names.of(kernel.unit)} = einsum('{x},{y}->{out}', {one}, {other})"
    yield _beside(line, names.line(kernel.unit))


def _scattering(kernel: Kernel, names: _Names) -> Iterator[str]:
    assert isinstance(kernel, Scattering)
    base, start = kernel.base
    target = names.of(kernel.unit)
    indent = yield from _for(range(len(base.terms.extents)), base.terms.extents)
    named = yield from _statements(base, [start], names, indent)
    place = _indexed(target, base.terms.extents)
    yield f"{indent}{place} = {_text(start, named, names)}"
    extents = kernel.values.terms.extents
    indent = yield from _for(range(len(extents)), extents)
    roots = [kernel.update, *kernel.target]
    named = yield from _statements(kernel.values, roots, names, indent)
    where = ", ".join(_text(index, named, names) for index in kernel.target)
    update = _text(kernel.update, named, names)
    line = f"{indent}{target}[{where}] = {kernel.unit.op.name}({target}[{where}], {update})"
    yield _beside(line, names.line(kernel.unit))


def _check(kernel: Kernel, names: _Names) -> Iterator[str]:
    assert isinstance(kernel, Check)
    indices, extent = names.of(kernel.indices), kernel.bound.extent
    line = f"assert ((0 <= {indices}) & ({indices} < {extent})).all()"
    yield _beside(line, names.line(kernel.owner))


def _for(
    axes: Sequence[int] | range, extents: Sequence[int], indent: str = ""
) -> Generator[str, None, str]:
    """Headers of loops over the axes; returns the indent inside."""
    for axis in axes:
        if extents[axis] != 1:
            yield f"{indent}for {_COUNTERS[axis]} in range({extents[axis]}):"
            indent += "    "
    return indent


def _statements(
    values: Values, roots: Sequence[Scalar], names: _Names, indent: str
) -> Generator[str, None, dict[int, str]]:
    """Assignments for units, and for what is used more than once; returns their names."""
    order = postorder(roots)
    uses = Counter(id(operand) for scalar in order for operand in scalar.operands)
    named: dict[int, str] = {}
    for scalar in order:
        unit = values.results.get(id(scalar))
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
        where = f"[{', '.join(parts)}]" if parts else ""
        return f"{names.of(scalar.detail)}{where}"
    if scalar.word in _INFIX:
        return f"({parts[0]} {_INFIX[scalar.word]} {parts[1]})"
    if scalar.word in _PREFIX:
        return f"{_PREFIX[scalar.word]}{parts[0]}"
    if scalar.word is Word.SELECT:
        return f"({parts[1]} if {parts[0]} else {parts[2]})"
    if scalar.word in (Word.CAST, Word.BITCAST):
        parts.append(str(scalar.dtype))
    return f"{scalar.word.name.lower()}({', '.join(parts)})"


def _indexed(name: str, extents: Sequence[int]) -> str:
    where = ", ".join("0" if n == 1 else _COUNTERS[axis] for axis, n in enumerate(extents))
    return f"{name}[{where}]" if extents else name


def _beside(line: str, comment: str) -> str:
    return f"{line:<{_COMMENT_COLUMN}}  # {comment}" if comment else line
