"""Writing a body as Python: the walk over statements, and names for what is used again.

Listings and the runnable form share it, so that what is read is what runs.
"""

from __future__ import annotations

import keyword
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from ..scalar import Scalar, Word
from .grammar import (
    Array,
    Body,
    Combine,
    For,
    Local,
    Statement,
    Store,
    When,
    expressions,
    locals_of,
    outside,
    walk,
    written,
)
from .terms import postorder

_COUNTERS = "ijklmnpqrstuvw"
LEAVES = frozenset({Word.INPUT, Word.LITERAL, Word.LOAD})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a written kernel.

    Attributes
    ----------
    depth : int
        How many blocks it stands in.
    text : str
        The code.
    comment : str
        What stands beside it; "" for nothing.
    statement : statement
        What it belongs to.
    """

    depth: int
    text: str
    comment: str
    statement: Statement


class Writer(ABC):
    """Writes the lines of a body; subclasses say how each thing is spelled.

    Parameters
    ----------
    body : Body
        What is written.
    taken : iterable of str
        Names that mean something else already.
    called : callable, optional
        ``called(array)`` is the name that an array has if it can; its own by default.

    Attributes
    ----------
    lines : list of Line
        What is written so far.
    arrays : dict of int to str
        Names, by the arrays' ids.
    indices : dict of int to str
        Names of loop indices, by axis.
    named : dict of int to str
        Names of the expressions that have one now, by their ids.
    """

    def __init__(
        self,
        body: Body,
        taken: Iterable[str] = (),
        called: Callable[[Array], str] = attrgetter("name"),
    ) -> None:
        self.body = body
        self.lines: list[Line] = []
        self._taken = {*taken, *keyword.kwlist}
        self._numbers: Counter[str] = Counter()  # how often each name was wished for again
        reads, writes = outside(body.statements)
        self.outside = tuple(dict.fromkeys((*reads, *writes)))
        everything = (*self.outside, *locals_of(body.statements))
        self.arrays = {id(array): self.fresh(called(array)) for array in everything}
        self.indices: dict[int, str] = {}
        self.named: dict[int, str] = {}
        self._sources: dict[int, frozenset[int]] = {}
        self._letters: list[str] = []
        self._depth = 0
        self._loops = 0
        self._temporaries = 0

    def write(self) -> list[Line]:
        """All lines of the body."""
        self._block(self.body.statements)
        return self.lines

    def fresh(self, wish: str) -> str:
        """A name that nothing has yet, like `wish`."""
        stem = name = re.sub(r"\W|^(?=\d)", "_", wish) or "_"
        while name in self._taken:
            self._numbers[stem] += 1
            name = f"{stem}_{self._numbers[stem]}"
        self._taken.add(name)
        return name

    def emit(self, statement: Statement, text: str, comment: str = "") -> None:
        """Add a line."""
        self.lines.append(Line(self._depth, text, comment, statement))

    def array(self, array: Array) -> str:
        """What an array is called."""
        return self.arrays.get(id(array), array.name)

    # What subclasses say.

    def operands(self, scalar: Scalar) -> Sequence[Scalar]:
        """What an expression is written in terms of."""
        return scalar.operands

    @abstractmethod
    def text(self, scalar: Scalar, parts: Sequence[str]) -> str:
        """An expression, its operands being written."""

    @abstractmethod
    def name(self, scalar: Scalar, uses: int, length: int) -> tuple[str, str] | None:
        """A name for an expression ("" for any) and the comment of its line, or None.

        `length` is the number of its characters, 0 where it stands alone.
        """

    @abstractmethod
    def place(self, array: Array, where: Sequence[Scalar], parts: Sequence[str]) -> str:
        """An element of an array, its indices being written."""

    @abstractmethod
    def value(self, scalar: Scalar, text: str) -> str:
        """An expression where it is stored."""

    @abstractmethod
    def declared(self, array: Array) -> tuple[str, str]:
        """What makes a local array, and a comment."""

    @abstractmethod
    def combined(self, statement: Combine, places: Sequence[str], values: Sequence[str]) -> str:
        """A combine, its parts being written."""

    # The walk.

    def _block(self, statements: Sequence[Statement]) -> None:
        uses = self._uses(statements)
        before = set(self.named)
        for statement in statements:
            self._statement(statement, uses)
        for key in self.named.keys() - before:
            del self.named[key]

    def _statement(self, statement: Statement, uses: Counter[int]) -> None:
        if isinstance(statement, For):
            self._for(statement)
        elif isinstance(statement, Local):
            for array in statement.arrays:
                made, comment = self.declared(array)
                self.emit(statement, f"{self.array(array)} = {made}", comment)
            self._forget(statement.arrays)
            self._block(statement.statements)
        elif isinstance(statement, When):
            (condition,) = self._texts(statement, (statement.condition,), uses)
            self.emit(statement, f"if {condition}:")
            self._inner(statement)
        elif isinstance(statement, Store):
            self._store(statement, uses)
        else:
            self._combine(statement, uses)

    def _for(self, loop: For) -> None:
        self._forget(array for each in walk(loop.statements) for array in written(each))
        extents = self.body.terms.extents
        extent = extents[loop.axis] if loop.axis < len(extents) else "?"
        if extent == 1:
            self._block(loop.statements)
            return
        index = self.indices[loop.axis] = self._letter()
        comment = "in order" if loop.ordered else ""
        self.emit(loop, f"for {index} in range({extent}):", comment)
        self._loops += 1
        self._inner(loop)
        self._loops -= 1

    def _inner(self, statement: For | When) -> None:
        self._depth += 1
        if not statement.statements:
            self.emit(statement, "pass")
        self._block(statement.statements)
        self._depth -= 1

    def _letter(self) -> str:
        """The index of a loop by its depth."""
        while len(self._letters) <= self._loops:
            free = [letter for letter in _COUNTERS if letter not in self._taken]
            wish = free[0] if free else f"i{len(self._letters)}"
            self._letters.append(self.fresh(wish))
        return self._letters[self._loops]

    def _store(self, statement: Store, uses: Counter[int]) -> None:
        *parts, text = self._texts(statement, expressions(statement), uses)
        target = self.place(statement.array, statement.where, parts)
        self.emit(statement, f"{target} = {self.value(statement.value, text)}")
        self._forget((statement.array,))

    def _combine(self, statement: Combine, uses: Counter[int]) -> None:
        texts = self._texts(statement, expressions(statement), uses)
        count = len(statement.where)
        places = [self.place(each, statement.where, texts[:count]) for each in statement.arrays]
        values = [self.value(*each) for each in zip(statement.values, texts[count:], strict=True)]
        self.emit(statement, self.combined(statement, places, values))
        self._forget(statement.arrays)

    # Expressions.

    def _texts(
        self, statement: Statement, roots: Sequence[Scalar], uses: Counter[int]
    ) -> list[str]:
        """The expressions, after lines for those of their parts that get names."""
        texts: dict[int, str] = {}
        alone = set(map(id, roots))
        for scalar in postorder(roots, self._below):
            if id(scalar) in self.named:
                texts[id(scalar)] = self.named[id(scalar)]
                continue
            text = self.text(scalar, [texts[id(operand)] for operand in self.operands(scalar)])
            self._sources[id(scalar)] = self._read_by(scalar)
            length = 0 if id(scalar) in alone else len(text)
            wish = self.name(scalar, uses[id(scalar)], length)
            if wish is not None:
                name = self.fresh(wish[0]) if wish[0] else self._temporary()
                self.emit(statement, f"{name} = {text}", wish[1])
                self.named[id(scalar)] = text = name
            texts[id(scalar)] = text
        return [texts[id(root)] for root in roots]

    def _temporary(self) -> str:
        self._temporaries += 1
        return self.fresh(f"t{self._temporaries - 1}")

    def _read_by(self, scalar: Scalar) -> frozenset[int]:
        """The arrays that an expression reads; its operands' are known."""
        own = {id(scalar.detail)} if scalar.word is Word.LOAD else ()
        return frozenset(own).union(*(self._sources[id(each)] for each in self.operands(scalar)))

    def _below(self, scalar: Scalar) -> Sequence[Scalar]:
        return () if id(scalar) in self.named else self.operands(scalar)

    def _uses(self, statements: Sequence[Statement]) -> Counter[int]:
        """How often each expression is an operand or a root in the statements."""
        roots = [root for statement in walk(statements) for root in expressions(statement)]
        uses = Counter(map(id, roots))
        for scalar in postorder(roots, self.operands):
            uses.update(map(id, self.operands(scalar)))
        return uses

    def _forget(self, arrays: Iterable[Array]) -> None:
        """Drop the names of values that were computed from what the arrays held."""
        changed = {id(array) for array in arrays}
        for key in [key for key in self.named if self._sources.get(key, frozenset()) & changed]:
            del self.named[key]
