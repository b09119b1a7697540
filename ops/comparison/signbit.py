"""Sign bit."""

import numpy as np

from ...compiler.plugin import (
    bool_,
    case,
    copysign,
    elementwise,
    given,
    integers,
    ordinary,
    specials,
)


@elementwise(
    formula=r"\mathrm{signbit}\, x",
    accepts="iuf",
    result=bool_,
    differentiable=(),
    reference=np.signbit,
)
def signbit(x):
    """True where the sign bit is set: below 0, and of -0.0 too."""
    return copysign(1, x) < 0 if x.dtype.is_float else x < 0


signbit.samples(
    ordinary(),
    specials(),
    case(integers(-9, 9, 5)),
    case(given([0, 255], "uint8")),
)
