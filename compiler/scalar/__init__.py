"""The vocabulary of scalar bodies: what an elementwise op, an index map or a combiner may say."""

from .expression import (
    Scalar,
    abs_,
    bitcast,
    cast,
    ceil,
    copysign,
    floor,
    fma,
    isnan,
    ldexp,
    literal,
    logical_not,
    round_even,
    select,
    sqrt,
    trunc,
    truncated_divide,
    truncated_remainder,
)
from .trace import Accessor, trace_elementwise, trace_index_map
from .words import Word

__all__ = [
    "Accessor",
    "Scalar",
    "Word",
    "abs_",
    "bitcast",
    "cast",
    "ceil",
    "copysign",
    "floor",
    "fma",
    "isnan",
    "ldexp",
    "literal",
    "logical_not",
    "round_even",
    "select",
    "sqrt",
    "trace_elementwise",
    "trace_index_map",
    "trunc",
    "truncated_divide",
    "truncated_remainder",
]
