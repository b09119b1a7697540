"""Wrong uses as data: a function with one mistake, and the message that must be given.

The line with the mistake is marked ``# wrong``; the message must quote it with its file and number.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Mistake(NamedTuple):
    """A function that is traced with `arguments`, and what must be said of it."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    error: type[Exception]
    message: str


class Mistakes(list[Mistake]):
    """The mistakes of one test file, in the order in which they stand there."""

    def wrong(
        self,
        error: type[Exception],
        sentence: str,
        *operands: str,
        args: tuple[Any, ...],
        hint: str = "",
        at: Callable[..., Any] | None = None,
    ) -> Callable[[F], F]:
        """Register the decorated function; `at` is the function with the marked line, if another.

        The message is the sentence, a line for each operand, the user's line and the hint.
        """

        def register(function: F) -> F:
            lines = [sentence, *operands, marked_line(at or function), *([hint] if hint else [])]
            self.append(Mistake(function, args, error, "\n    ".join(lines)))
            return function

        return register


def marked_line(function: Callable[..., Any]) -> str:
    """``file.py:line, in name:  code`` of the line marked as wrong."""
    lines, first = inspect.getsourcelines(function)
    (offset,) = (i for i, line in enumerate(lines) if "# wrong" in line)
    name = Path(inspect.getsourcefile(function) or "").name
    return f"{name}:{first + offset}, in {function.__name__}:  {lines[offset].strip()}"


def name_of(mistake: Mistake) -> str:
    """The test's name."""
    return mistake.function.__name__
