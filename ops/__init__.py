"""The op plugins: one operation a file, one folder a family.

A file is read when its op is first asked for: a program uses a few of them, and reading all would
be half of importing chainrule.
"""

if not __name__.startswith("chainrule."):
    raise ImportError(f"`{__name__}` is a part of chainrule: import `chainrule.{__name__}`.")

from importlib import import_module
from typing import Any

from ..compiler.registry import registry

FAMILIES = {
    "act": "elu gelu log_softmax silu softmax",
    "arithmetic": """
        abs add div floor_divide integer_power maximum minimum mod mul neg power reciprocal
        sign square stop_gradient sub
    """,
    "comparison": """
        equal greater greater_equal isfinite isinf isnan less less_equal not_equal signbit
    """,
    "contraction": "dot_general einsum matmul outer",
    "indexing": """
        gather scatter_add scatter_max scatter_min scatter_mul scatter_set take
        take_along_axis
    """,
    "lin": "affine hyperplane_distance linear project_to_hyperplane",
    "logic": """
        bitwise_and bitwise_or bitwise_xor invert left_shift logical_and logical_not
        logical_or logical_xor right_shift
    """,
    "loss": "cross_entropy logistic_loss soft_cross_entropy zero_one_error",
    "mat": "frobenius trace vdot vector_norm",
    "movement": """
        broadcast_to concatenate diagonal expand_dims eye flip iota one_hot pad repeat
        reshape roll slice split squeeze stack tile transpose tril triu
    """,
    "nlp": "pmi",
    "norm": "batch_norm batch_norm_inference",
    "prob": """
        bayes binary_cross_entropy conditional_entropy cross_entropy_probs entropy js_divergence
        kl_divergence log_bayes mutual_information
    """,
    "pwl": "leaky_relu relu",
    "reduction": "all any argmax argmin logsumexp max mean min prod std sum var",
    "rounding": "ceil floor round trunc",
    "selection": "cast clip where",
    "transcendental": """
        arccos arcsin arctan arctan2 cbrt cos cosh erf exp exp2 expm1 hypot log log1p log2
        log10 log_sigmoid logaddexp rsqrt sigmoid sin sinh softplus sqrt tan tanh xlogy
    """,
}
"""The ops of each folder; each has the name of its file."""

FUNCTIONS = {
    "full": "movement.full",
    "getitem": "indexing.getitem",
    "spread": "reduction.spread",
    "updated": "indexing.at",
}
"""Functions that build units of several ops, and their files."""

OPS = {name: f"{family}.{name}" for family, names in FAMILIES.items() for name in names.split()}

# What the compiler finds by its role, and Python by its operators, has to be there.
STRUCTURE = """
    abs add bitwise_and bitwise_or bitwise_xor broadcast_to cast div dot_general equal
    floor_divide getitem greater greater_equal invert left_shift less less_equal matmul mod mul
    neg not_equal power reshape right_shift sub sum transpose updated where
"""

__all__ = [*OPS, *FUNCTIONS]


def __getattr__(name: str) -> Any:
    home = OPS.get(name) or FUNCTIONS.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found  # so that it is looked for once
    return found


def __dir__() -> list[str]:
    return sorted(__all__)


registry.expect({name: f"{__name__}.{home}" for name, home in OPS.items()})
for _name in STRUCTURE.split():
    __getattr__(_name)

from . import rewrites as rewrites  # noqa: E402  (its rules name the ops above)
