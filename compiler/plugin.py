"""What a plugin file imports: the decorators, the scalar words, domains, roles and samples."""

from .algebra import Rule
from .algebra import table as rewrites
from .constants import number_of
from .domains import (
    Domain,
    above_minus_one,
    finite_exponential,
    inside_one,
    nonzero,
    positive,
)
from .dtypes import DType
from .dtypes import bool_ as bool_
from .dtypes import float32 as float32
from .dtypes import float64 as float64
from .dtypes import int32 as int32
from .dtypes import int64 as int64
from .dtypes import uint32 as uint32
from .dtypes import uint64 as uint64
from .errors import (
    ArgumentError,
    AxisError,
    DTypeError,
    OutOfBoundsError,
    ShapeError,
    UnsupportedError,
)
from .kinds import (
    Labels,
    composite,
    contraction,
    elementwise,
    movement,
    reduction,
    scatter,
)
from .kinds.reduction import normalise_axes, normalise_axis
from .patterns import variables
from .registry import registry
from .roles import Role
from .samples import (
    around,
    bad,
    booleans,
    case,
    distinct,
    given,
    integers,
    normal,
    ordinary,
    ranges,
    special_pairs,
    specials,
    uniform,
)
from .scalar import (
    Accessor,
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
    rarely,
    round_even,
    select,
    sqrt,
    trunc,
    truncated_divide,
    truncated_remainder,
)
from .types import ArrayType, broadcast_shapes
from .value import Value

__all__ = [
    "Accessor",
    "ArgumentError",
    "ArrayType",
    "AxisError",
    "DType",
    "DTypeError",
    "Domain",
    "Labels",
    "OutOfBoundsError",
    "Role",
    "Rule",
    "Scalar",
    "ShapeError",
    "UnsupportedError",
    "Value",
    "above_minus_one",
    "abs_",
    "around",
    "bad",
    "bitcast",
    "bool_",
    "booleans",
    "broadcast_shapes",
    "case",
    "cast",
    "ceil",
    "composite",
    "contraction",
    "copysign",
    "distinct",
    "elementwise",
    "finite_exponential",
    "float32",
    "float64",
    "floor",
    "fma",
    "given",
    "inside_one",
    "int32",
    "int64",
    "integers",
    "isnan",
    "ldexp",
    "literal",
    "logical_not",
    "movement",
    "nonzero",
    "normal",
    "normalise_axes",
    "normalise_axis",
    "number_of",
    "ordinary",
    "positive",
    "ranges",
    "rarely",
    "reduction",
    "registry",
    "rewrites",
    "round_even",
    "scatter",
    "select",
    "special_pairs",
    "specials",
    "sqrt",
    "trunc",
    "truncated_divide",
    "truncated_remainder",
    "uint32",
    "uint64",
    "uniform",
    "variables",
]
