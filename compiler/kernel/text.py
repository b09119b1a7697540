"""Kernels in words: structured pseudo-Python, with whatever a caller wants beside the lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from textwrap import fill
from typing import NamedTuple

from ..dtypes import bfloat16
from ..scalar import Scalar, Word
from .grammar import Array, Body, Combine, Statement, outside, walk
from .terms import postorder
from .writing import LEAVES, Line, Writer

COMMENT_COLUMN = 60
HEADER_WIDTH = 96
LONGEST = 72  # characters of an expression without a name

# Symbols and how strongly they bind, as in Python.
_INFIX = {
    Word.LESS: ("<", 4),
    Word.LESS_EQUAL: ("<=", 4),
    Word.EQUAL: ("==", 4),
    Word.NOT_EQUAL: ("!=", 4),
    Word.OR: ("|", 5),
    Word.XOR: ("^", 6),
    Word.AND: ("&", 7),
    Word.SHIFT_LEFT: ("<<", 8),
    Word.SHIFT_RIGHT: (">>", 8),
    Word.ADD: ("+", 9),
    Word.SUBTRACT: ("-", 9),
    Word.MULTIPLY: ("*", 10),
    Word.DIVIDE: ("/", 10),
    Word.TRUNCATED_DIVIDE: ("//", 10),
    Word.TRUNCATED_REMAINDER: ("%", 10),
}
_PREFIX = {Word.NEGATE: "-", Word.NOT: "~"}
_CHOICE, _UNARY, _ATOM = 1, 11, 12


class Caption(NamedTuple):
    """What stands for an expression in a listing: a name, a comment, a call of its op.

    Attributes
    ----------
    name : str
        What the value is called; "" for no name.
    comment : str
        What stands beside its line.
    call : tuple, optional
        The function's name and its arguments, printed instead of the body.
    """

    name: str = ""
    comment: str = ""
    call: tuple[str, tuple[Scalar, ...]] | None = None


Beside = Callable[[Scalar], Caption | None]
Called = Callable[[Array], str]


def lines(
    body: Body, beside: Beside | None = None, called: Called = attrgetter("name")
) -> list[Line]:
    """The lines of a body.

    Parameters
    ----------
    body : Body
        Any; a faulty one too.
    beside : callable, optional
        ``beside(scalar)`` gives the name, the comment and the call of an expression, or None.
    called : callable, optional
        ``called(array)`` is what an array is called.
    """
    return _Listing(body, beside, called).write()


def rendered(written: Sequence[Line]) -> Iterator[str]:
    """The lines as text, with their comments in one column."""
    for line in written:
        text = "    " * line.depth + line.text
        yield f"{text:<{COMMENT_COLUMN}}  # {line.comment}" if line.comment else text


def listing(
    body: Body,
    name: str = "kernel",
    beside: Beside | None = None,
    called: Called = attrgetter("name"),
) -> str:
    """A kernel's text: what its combiners do, its arguments, its statements; see `lines`."""
    writer = _Listing(body, beside, called)
    written = writer.write()
    writes = {id(array) for array in outside(body.statements)[1]}
    given = [f"{writer.array(array)}: {_typed(array)}" for array in writer.outside]
    targets = [writer.array(array) for array in writer.outside if id(array) in writes]
    comment = f"  # writes {', '.join(targets)}" if targets else ""
    head = [*combiners(body), *_header(name, given, comment)]
    return "\n".join([*head, *(f"    {text}" for text in rendered(written))]) + "\n"


def _header(name: str, given: Sequence[str], comment: str) -> list[str]:
    line = f"def {name}({', '.join(given)}):"
    if len(line + comment) <= HEADER_WIDTH:
        return [line + comment]
    indent = "    "
    unbroken = ", ".join(each.replace(" ", "\xa0") for each in given)
    wrapped = fill(unbroken, HEADER_WIDTH, initial_indent=indent, subsequent_indent=indent)
    # A type has spaces of its own, where no line ends.
    return [f"def {name}(", *wrapped.replace("\xa0", " ").splitlines(), f"):{comment}"]


def combiners(body: Body) -> list[str]:
    """A comment for each combiner that is no operator: what it computes, and from what start."""
    found: dict[str, None] = {}
    for statement in walk(body.statements):
        if isinstance(statement, Combine) and _sign(statement) is None:
            found[_defined(statement)] = None
    return list(found)


def _typed(array: Array) -> str:
    extents = f"[{', '.join(map(str, array.shape))}]" if array.shape else ""
    return f"{array.dtype}{extents}"


def _sign(statement: Combine) -> str | None:
    """The operator of a combiner that is one word of the two states."""
    merged = statement.combine[0]
    if len(statement.arrays) > 1 or merged.word not in _INFIX:
        return None
    states = [part.detail for part in merged.operands if part.word is Word.INPUT]
    return _INFIX[merged.word][0] if sorted(states) == [0, 1] else None


def _defined(statement: Combine) -> str:
    count = len(statement.arrays)
    old, new = (["a"], ["b"]) if count == 1 else (_numbered("a", count), _numbered("b", count))
    speller = _Speller([*old, *new])
    parts = [speller.spell(part) for part in statement.combine]
    begin = [speller.spell(part) for part in statement.init]
    taken = ", ".join([_tuple(old), _tuple(new)])
    return f"# {statement.name}({taken}) = {_tuple(parts)}, from {_tuple(begin)}"


def _numbered(letter: str, count: int) -> list[str]:
    return [f"{letter}{number}" for number in range(count)]


def _tuple(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


class _Speller:
    """Spells single expressions over inputs of given names."""

    def __init__(self, inputs: Sequence[str]) -> None:
        self.inputs = inputs

    def spell(self, root: Scalar) -> str:
        texts: dict[int, str] = {}
        for scalar in postorder([root]):
            parts = [texts[id(operand)] for operand in scalar.operands]
            known = self.inputs[scalar.detail] if scalar.word is Word.INPUT else None
            texts[id(scalar)] = known or spelled(scalar, parts, map(strength, scalar.operands))
        return texts[id(root)]


def strength(scalar: Scalar) -> int:
    """How strongly an expression's outermost word binds."""
    if scalar.word in _INFIX:
        return _INFIX[scalar.word][1]
    if scalar.word in _PREFIX:
        return _UNARY
    return _CHOICE if scalar.word is Word.SELECT else _ATOM


def spelled(scalar: Scalar, parts: Sequence[str], strengths: Iterator[int]) -> str:
    """A word of written operands, in parentheses where they bind more weakly."""
    word = scalar.word
    if word is Word.LITERAL:
        return _number(scalar)
    if word in _INFIX:
        sign, own = _INFIX[word]
        left, right = strengths
        first = _bound(parts[0], left, own + (own == 4))
        if word is Word.ADD and scalar.dtype.is_integer and parts[1].startswith("-"):
            return f"{first} - {parts[1][1:]}"
        return f"{first} {sign} {_bound(parts[1], right, own + 1)}"
    if word in _PREFIX:
        return _PREFIX[word] + _bound(parts[0], next(strengths), _UNARY)
    if word is Word.SELECT:
        condition, yes, no = map(_bound, parts, strengths, (2, 2, 1))
        return f"{yes} if {condition} else {no}"
    if word is Word.CAST:
        return f"{scalar.dtype}({parts[0]})"
    if word is Word.BITCAST:
        return f"bitcast({parts[0]}, {scalar.dtype})"
    return f"{word.name.lower().strip('_')}({', '.join(parts)})"


def _bound(text: str, own: int, wanted: int) -> str:
    return text if own >= wanted else f"({text})"


def _number(scalar: Scalar) -> str:
    if scalar.dtype.is_float and scalar.dtype is not bfloat16:
        return str(scalar.dtype.numpy.type(scalar.detail))
    return repr(scalar.detail)


class _Listing(Writer):
    """The listing of one body."""

    def __init__(self, body: Body, beside: Beside | None, called: Called) -> None:
        super().__init__(body, called=called)
        self.beside = beside or (lambda scalar: None)

    def operands(self, scalar: Scalar) -> Sequence[Scalar]:
        beside = self.beside(scalar)
        return beside.call[1] if beside and beside.call else scalar.operands

    def text(self, scalar: Scalar, parts: Sequence[str]) -> str:
        beside = self.beside(scalar)
        if beside and beside.call:
            return f"{beside.call[0]}({', '.join(parts)})"
        if scalar.word is Word.INPUT:
            return self.indices.get(scalar.detail, f"axis{scalar.detail}")
        if scalar.word is Word.LOAD:
            return self.place(scalar.detail, scalar.operands, parts)
        return spelled(scalar, parts, map(self._strength, scalar.operands))

    def _strength(self, scalar: Scalar) -> int:
        beside = self.beside(scalar)
        called = beside is not None and beside.call is not None
        return _ATOM if called or id(scalar) in self.named else strength(scalar)

    def name(self, scalar: Scalar, uses: int, length: int) -> tuple[str, str] | None:
        beside = self.beside(scalar)
        if beside and (beside.name or beside.comment):
            return beside.name, beside.comment
        if scalar.word in LEAVES or self._is_place(scalar):
            return None
        return ("", "") if uses > 1 or length > LONGEST else None

    def _is_place(self, scalar: Scalar) -> bool:
        """True for arithmetic of indices alone, which reads best where it is used."""
        terms = self.body.terms
        return terms.owns(scalar) and terms.range(scalar) is not None

    def place(self, array: Array, where: Sequence[Scalar], parts: Sequence[str]) -> str:
        return f"{self.array(array)}[{', '.join(parts)}]" if parts else self.array(array)

    def value(self, scalar: Scalar, text: str) -> str:
        return text

    def declared(self, array: Array) -> tuple[str, str]:
        extents = "".join(f", {extent}" for extent in array.shape)
        return f"local({array.dtype}{extents})", ""

    def combined(self, statement: Combine, places: Sequence[str], values: Sequence[str]) -> str:
        sign = _sign(statement)
        if sign is not None:
            return f"{places[0]} {sign}= {values[0]}"
        old, new = _tuple(places), _tuple(values)
        return f"{old} = {statement.name}({old}, {new})"


def excerpt(body: Body, statement: Statement, shown: int = 10) -> Iterator[str]:
    """The lines round a statement, whose first line is marked."""
    written = lines(body)
    within = {id(each) for each in walk([statement])}
    middle = next((n for n, line in enumerate(written) if id(line.statement) in within), 0)
    first = max(0, min(middle - shown // 2, len(written) - shown))
    for number, text in enumerate(rendered(written[first : first + shown]), start=first):
        yield f"  {'>' if number == middle else ' '} {text}"
