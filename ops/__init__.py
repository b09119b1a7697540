"""The op plugins: one operation a file, one folder a family."""

if not __name__.startswith("chainrule."):
    raise ImportError(f"`{__name__}` is a part of chainrule: import `chainrule.{__name__}`.")

from .act.log_softmax import log_softmax
from .act.softmax import softmax
from .arithmetic.add import add
from .arithmetic.mul import mul
from .arithmetic.neg import neg
from .arithmetic.sub import sub
from .comparison.greater import greater
from .contraction.dot_general import dot_general
from .contraction.matmul import matmul
from .indexing.gather import gather
from .indexing.getitem import getitem
from .indexing.scatter_add import scatter_add
from .indexing.take import take
from .indexing.take_along_axis import take_along_axis
from .loss.cross_entropy import cross_entropy
from .movement.broadcast_to import broadcast_to
from .movement.concatenate import concatenate
from .movement.expand_dims import expand_dims
from .movement.flip import flip
from .movement.full import full
from .movement.iota import iota
from .movement.one_hot import one_hot
from .movement.pad import pad
from .movement.reshape import reshape
from .movement.slice import slice
from .movement.squeeze import squeeze
from .movement.stack import stack
from .movement.transpose import transpose
from .pwl.relu import relu
from .reduction.all import all
from .reduction.any import any
from .reduction.argmax import argmax
from .reduction.argmin import argmin
from .reduction.logsumexp import logsumexp
from .reduction.max import max
from .reduction.mean import mean
from .reduction.min import min
from .reduction.prod import prod
from .reduction.spread import spread
from .reduction.std import std
from .reduction.sum import sum
from .reduction.var import var
from .selection.cast import cast
from .selection.where import where
from .transcendental.tanh import tanh

from . import rewrites as rewrites  # isort: skip  (its rules name the ops above)

__all__ = [
    "add",
    "all",
    "any",
    "argmax",
    "argmin",
    "broadcast_to",
    "cast",
    "concatenate",
    "cross_entropy",
    "dot_general",
    "expand_dims",
    "flip",
    "full",
    "gather",
    "getitem",
    "greater",
    "iota",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "mean",
    "min",
    "mul",
    "neg",
    "one_hot",
    "pad",
    "prod",
    "relu",
    "reshape",
    "scatter_add",
    "slice",
    "softmax",
    "spread",
    "squeeze",
    "stack",
    "std",
    "sub",
    "sum",
    "take",
    "take_along_axis",
    "tanh",
    "transpose",
    "var",
    "where",
]
