"""A scanner over a text: words, numbers, strings and marks, with the place of what is wrong."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from .errors import ParseError

_BLANK = re.compile(r"(?:\s+|#[^\n]*)*")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_SHOWN = re.compile(r"[\w.]+|\S")


class Scanner:
    """Reads a text from left to right; blanks, line ends and ``#`` comments stand anywhere.

    Attributes
    ----------
    position : int
        Where the next token starts.
    """

    def __init__(self, text: str) -> None:
        self.source = text
        self.position = 0
        self._skip()

    @property
    def at_end(self) -> bool:
        return self.position == len(self.source)

    def peek(self, pattern: re.Pattern[str]) -> str:
        """The token that `pattern` matches here; empty when it does not."""
        match = pattern.match(self.source, self.position)
        return match.group() if match else ""

    def take(self, pattern: re.Pattern[str]) -> str:
        """The same, and step over it."""
        token = self.peek(pattern)
        if token:
            self.position += len(token)
            self._skip()
        return token

    def accept(self, mark: str) -> bool:
        """Step over `mark` if it stands here."""
        if not self.source.startswith(mark, self.position):
            return False
        self.position += len(mark)
        self._skip()
        return True

    def expect(self, mark: str) -> None:
        """Step over `mark`, which must stand here."""
        if not self.accept(mark):
            self.fail(f"'{mark}'")

    def need(self, pattern: re.Pattern[str], what: str) -> str:
        """The token that `pattern` matches, which must stand here."""
        return self.take(pattern) or self.fail(what)

    def string(self) -> str | None:
        """A string in double quotes, if one stands here."""
        start = self.position
        token = self.take(_STRING)
        if not token:
            return None
        try:
            return str(json.loads(token))
        except ValueError:
            self.fail("a string with JSON's escapes", start)

    def fail(self, wanted: str, position: int | None = None) -> NoReturn:
        """Say what was expected at a position (here when not given), and what stands there.

        Raises
        ------
        ParseError
            Always.
        """
        where = self.position if position is None else position
        shown = _SHOWN.match(self.source, where)
        got = repr(shown.group()) if shown else "the end of the text"
        raise ParseError(f"{self.place(where)}: expected {wanted}, got {got}")

    def place(self, position: int) -> str:
        """``line 3, column 7``, both from 1."""
        line = self.source.count("\n", 0, position) + 1
        column = position - self.source.rfind("\n", 0, position)
        return f"line {line}, column {column}"

    def _skip(self) -> None:
        match = _BLANK.match(self.source, self.position)
        assert match is not None
        self.position = match.end()
