"""The op plugins: one operation a file, one folder a family."""

if not __name__.startswith("chainrule."):
    raise ImportError(f"`{__name__}` is a part of chainrule: import `chainrule.{__name__}`.")

from .arithmetic.add import add
from .arithmetic.mul import mul
from .arithmetic.neg import neg
from .arithmetic.sub import sub
from .comparison.greater import greater
from .contraction.dot_general import dot_general
from .contraction.matmul import matmul
from .movement.broadcast_to import broadcast_to
from .movement.reshape import reshape
from .movement.transpose import transpose
from .pwl.relu import relu
from .reduction.spread import spread
from .reduction.sum import sum
from .selection.cast import cast
from .selection.where import where
from .transcendental.tanh import tanh

from . import rewrites as rewrites  # isort: skip  (its rules name the ops above)

__all__ = [
    "add",
    "broadcast_to",
    "cast",
    "dot_general",
    "greater",
    "matmul",
    "mul",
    "neg",
    "relu",
    "reshape",
    "spread",
    "sub",
    "sum",
    "tanh",
    "transpose",
    "where",
]
