"""Rounding down."""

import numpy as np

from ...compiler.plugin import around, booleans, case, elementwise, integers, ordinary, specials
from ...compiler.plugin import floor as down


@elementwise(
    formula=r"\lfloor x \rfloor",
    accepts="biuf",
    differentiable=(),
    kink="slope 0 everywhere, at the jumps too",
    zero_preserving=True,
    reference=np.floor,
)
def floor(x):
    """Largest whole number not above each element; integers are themselves."""
    return down(x) if x.dtype.is_float else x


floor.samples(
    ordinary(),
    around(0.0, 0.5, 1.0, 2.0**23 + 1, 2.0**31, 2.0**52 + 1, 2.0**63),
    specials(),
    case(integers(-9, 9, 5)),
    case(integers(0, 9, 5, dtype="uint8")),
    case(booleans(3)),
)
