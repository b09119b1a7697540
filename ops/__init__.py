"""The op plugins: one operation a file, one folder a family."""

if not __name__.startswith("chainrule."):
    raise ImportError(f"`{__name__}` is a part of chainrule: import `chainrule.{__name__}`.")

from .act.elu import elu
from .act.gelu import gelu
from .act.log_softmax import log_softmax
from .act.silu import silu
from .act.softmax import softmax
from .arithmetic.abs import abs
from .arithmetic.add import add
from .arithmetic.div import div
from .arithmetic.floor_divide import floor_divide
from .arithmetic.integer_power import integer_power
from .arithmetic.maximum import maximum
from .arithmetic.minimum import minimum
from .arithmetic.mod import mod
from .arithmetic.mul import mul
from .arithmetic.neg import neg
from .arithmetic.power import power
from .arithmetic.reciprocal import reciprocal
from .arithmetic.sign import sign
from .arithmetic.square import square
from .arithmetic.stop_gradient import stop_gradient
from .arithmetic.sub import sub
from .comparison.equal import equal
from .comparison.greater import greater
from .comparison.greater_equal import greater_equal
from .comparison.isfinite import isfinite
from .comparison.isinf import isinf
from .comparison.isnan import isnan
from .comparison.less import less
from .comparison.less_equal import less_equal
from .comparison.not_equal import not_equal
from .comparison.signbit import signbit
from .contraction.dot_general import dot_general
from .contraction.einsum import einsum
from .contraction.matmul import matmul
from .contraction.outer import outer
from .indexing.at import updated
from .indexing.gather import gather
from .indexing.getitem import getitem
from .indexing.scatter_add import scatter_add
from .indexing.scatter_max import scatter_max
from .indexing.scatter_min import scatter_min
from .indexing.scatter_mul import scatter_mul
from .indexing.scatter_set import scatter_set
from .indexing.take import take
from .indexing.take_along_axis import take_along_axis
from .logic.bitwise_and import bitwise_and
from .logic.bitwise_or import bitwise_or
from .logic.bitwise_xor import bitwise_xor
from .logic.invert import invert
from .logic.left_shift import left_shift
from .logic.logical_and import logical_and
from .logic.logical_not import logical_not
from .logic.logical_or import logical_or
from .logic.logical_xor import logical_xor
from .logic.right_shift import right_shift
from .loss.cross_entropy import cross_entropy
from .loss.logistic_loss import logistic_loss
from .movement.broadcast_to import broadcast_to
from .movement.concatenate import concatenate
from .movement.diagonal import diagonal
from .movement.expand_dims import expand_dims
from .movement.eye import eye
from .movement.flip import flip
from .movement.full import full
from .movement.iota import iota
from .movement.one_hot import one_hot
from .movement.pad import pad
from .movement.repeat import repeat
from .movement.reshape import reshape
from .movement.roll import roll
from .movement.slice import slice
from .movement.split import split
from .movement.squeeze import squeeze
from .movement.stack import stack
from .movement.tile import tile
from .movement.transpose import transpose
from .movement.tril import tril
from .movement.triu import triu
from .pwl.leaky_relu import leaky_relu
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
from .rounding.ceil import ceil
from .rounding.floor import floor
from .rounding.round import round
from .rounding.trunc import trunc
from .selection.cast import cast
from .selection.clip import clip
from .selection.where import where
from .transcendental.arccos import arccos
from .transcendental.arcsin import arcsin
from .transcendental.arctan import arctan
from .transcendental.arctan2 import arctan2
from .transcendental.cbrt import cbrt
from .transcendental.cos import cos
from .transcendental.cosh import cosh
from .transcendental.erf import erf
from .transcendental.exp import exp
from .transcendental.exp2 import exp2
from .transcendental.expm1 import expm1
from .transcendental.hypot import hypot
from .transcendental.log import log
from .transcendental.log1p import log1p
from .transcendental.log2 import log2
from .transcendental.log10 import log10
from .transcendental.log_sigmoid import log_sigmoid
from .transcendental.logaddexp import logaddexp
from .transcendental.rsqrt import rsqrt
from .transcendental.sigmoid import sigmoid
from .transcendental.sin import sin
from .transcendental.sinh import sinh
from .transcendental.softplus import softplus
from .transcendental.sqrt import sqrt
from .transcendental.tan import tan
from .transcendental.tanh import tanh
from .transcendental.xlogy import xlogy

from . import rewrites as rewrites  # isort: skip  (its rules name the ops above)

__all__ = [
    "abs",
    "add",
    "all",
    "any",
    "arccos",
    "arcsin",
    "arctan",
    "arctan2",
    "argmax",
    "argmin",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "broadcast_to",
    "cast",
    "cbrt",
    "ceil",
    "clip",
    "concatenate",
    "cos",
    "cosh",
    "cross_entropy",
    "diagonal",
    "div",
    "dot_general",
    "einsum",
    "elu",
    "equal",
    "erf",
    "exp",
    "exp2",
    "expand_dims",
    "expm1",
    "eye",
    "flip",
    "floor",
    "floor_divide",
    "full",
    "gather",
    "gelu",
    "getitem",
    "greater",
    "greater_equal",
    "hypot",
    "integer_power",
    "invert",
    "iota",
    "isfinite",
    "isinf",
    "isnan",
    "leaky_relu",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logistic_loss",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mod",
    "mul",
    "neg",
    "not_equal",
    "one_hot",
    "outer",
    "pad",
    "power",
    "prod",
    "reciprocal",
    "relu",
    "repeat",
    "reshape",
    "right_shift",
    "roll",
    "round",
    "rsqrt",
    "scatter_add",
    "scatter_max",
    "scatter_min",
    "scatter_mul",
    "scatter_set",
    "sigmoid",
    "sign",
    "signbit",
    "silu",
    "sin",
    "sinh",
    "slice",
    "softmax",
    "softplus",
    "split",
    "spread",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "stop_gradient",
    "sub",
    "sum",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tile",
    "transpose",
    "tril",
    "triu",
    "trunc",
    "updated",
    "var",
    "where",
    "xlogy",
]
