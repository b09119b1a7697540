"""Negation."""

import numpy as np

from ...compiler.plugin import bad, booleans, case, elementwise, given, integers, ordinary, specials


@elementwise(
    formula=r"-x",
    linear_in=[("x",)],
    zero_preserving=True,
    operator="__neg__",
    reference=np.negative,
)
def neg(x):
    """The additive inverse; of a float the sign bit flipped, of an integer modulo its range."""
    return -x


@neg.vjp
def neg_vjp(ct, x, out):
    return -ct


neg.samples(
    ordinary(),
    specials(),
    case(integers(-9, 9, 5)),
    case(given([0, 1, 255], "uint8")),
    case(given([-(2**63), 2**63 - 1], "int64")),
    bad(booleans(3), says="got bool, wanted integers"),
)
