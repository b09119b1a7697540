"""The op plugins: one operation a file, one folder a family."""

if not __name__.startswith("chainrule."):
    raise ImportError(f"`{__name__}` is a part of chainrule: import `chainrule.{__name__}`.")

from .act.log_softmax import log_softmax
from .act.softmax import softmax
from .arithmetic.abs import abs
from .arithmetic.add import add
from .arithmetic.div import div
from .arithmetic.maximum import maximum
from .arithmetic.minimum import minimum
from .arithmetic.mul import mul
from .arithmetic.neg import neg
from .arithmetic.sign import sign
from .arithmetic.square import square
from .arithmetic.sub import sub
from .comparison.equal import equal
from .comparison.greater import greater
from .comparison.greater_equal import greater_equal
from .comparison.less import less
from .comparison.less_equal import less_equal
from .comparison.not_equal import not_equal
from .contraction.dot_general import dot_general
from .contraction.matmul import matmul
from .indexing.gather import gather
from .indexing.getitem import getitem
from .indexing.scatter_add import scatter_add
from .indexing.take import take
from .indexing.take_along_axis import take_along_axis
from .logic.bitwise_and import bitwise_and
from .logic.bitwise_or import bitwise_or
from .logic.bitwise_xor import bitwise_xor
from .logic.invert import invert
from .logic.logical_and import logical_and
from .logic.logical_not import logical_not
from .logic.logical_or import logical_or
from .logic.logical_xor import logical_xor
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
from .transcendental.exp import exp
from .transcendental.log import log
from .transcendental.sqrt import sqrt
from .transcendental.tanh import tanh

from . import rewrites as rewrites  # isort: skip  (its rules name the ops above)

__all__ = [
    "abs",
    "add",
    "all",
    "any",
    "argmax",
    "argmin",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "broadcast_to",
    "cast",
    "concatenate",
    "cross_entropy",
    "div",
    "dot_general",
    "equal",
    "exp",
    "expand_dims",
    "flip",
    "full",
    "gather",
    "getitem",
    "greater",
    "greater_equal",
    "invert",
    "iota",
    "less",
    "less_equal",
    "log",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mul",
    "neg",
    "not_equal",
    "one_hot",
    "pad",
    "prod",
    "relu",
    "reshape",
    "scatter_add",
    "sign",
    "slice",
    "softmax",
    "spread",
    "sqrt",
    "square",
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
