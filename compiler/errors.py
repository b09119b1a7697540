"""Error and warning classes; each message is one sentence, then types and the user's line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from ..runtime.errors import CacheWarning as CacheWarning
from ..runtime.errors import ChainruleError as ChainruleError
from ..runtime.errors import ChainruleWarning as ChainruleWarning
from .provenance import Frame, user_frame


class LocatedError(ChainruleError):
    """An error with a sentence, the operands' types, the user's source line and a hint.

    Parameters
    ----------
    sentence : str
        What went wrong, in one sentence without the op's name.
    hint : str
        What to write instead, printed last.
    frame : Frame, optional
        The user's line; found on the stack when not given.
    """

    def __init__(self, sentence: str, hint: str = "", frame: Frame | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.frame = frame or user_frame()
        self.op: str | None = None
        self.operands: tuple[str, ...] = ()

    def within(self, op: str, operands: Sequence[str]) -> Self:
        """The same error with the op's name and operands added, once (the innermost op wins)."""
        if self.op is None:
            self.op = op
            self.operands = self.operands or tuple(operands)
        return self

    def __str__(self) -> str:
        sentence = f"{self.op}: {self.sentence}" if self.op else self.sentence
        place = [str(self.frame)] if self.frame else []
        hint = self.hint.splitlines()
        return "\n    ".join([sentence, *self.operands, *place, *hint])


class ShapeError(LocatedError, ValueError):
    """Shapes that an op cannot combine: ``np.ones((2, 4)) @ np.ones((3, 2))``."""


class AxisError(LocatedError, ValueError, IndexError):
    """An axis that the array does not have: ``np.sum(x, axis=2)`` of a matrix."""


class DTypeError(LocatedError, TypeError):
    """A dtype that an op does not take: ``np.sin`` of labels, labels of a float dtype."""


class ArgumentError(LocatedError, TypeError):
    """A call that does not fit the op's signature: an argument missing, or unknown."""


class OutOfBoundsError(LocatedError, IndexError):
    """An index outside its axis, found while a program ran."""


class UnsupportedError(LocatedError, NotImplementedError, TypeError):
    """A NumPy function or a form of it that cannot be traced; the message names the nearest."""


class TracerError(LocatedError):
    """A traced value used where Python needs a number; see the sentence for what to write.

    No TypeError on purpose: NumPy swallows those of ``__index__`` and ``__float__``.
    """


class TracerBoolError(TracerError):
    """``if``, ``and``, ``while`` or ``bool()`` on a traced value.

    Wrong: ``if x > 0: return x``. Right: ``return np.where(x > 0, x, 0)``.
    """


class LeakedTracerError(TracerError):
    """A traced value kept after its trace ended (in a global, an attribute, a closure)."""


class GradientError(LocatedError, TypeError):
    """A derivative that does not exist: of an integer, through an op without a rule."""


class PluginError(ChainruleError):
    """A plugin that breaks the op contract; names the field to fill or to mend."""


class VerificationError(ChainruleError):
    """A graph or a kernel that breaks an invariant, with what stands round the fault."""


class ParseError(ChainruleError, ValueError):
    """A text or JSON form that is not a graph."""


class PromotionWarning(ChainruleWarning):
    """A captured NumPy scalar widened an array: ``x / np.sqrt(64)`` makes float64 of float32."""


class RecompilationWarning(ChainruleWarning):
    """A compiled function was traced again and again; names the argument that changed."""
