"""Sign."""

import numpy as np

from ...compiler.plugin import (
    around,
    bad,
    booleans,
    case,
    elementwise,
    integers,
    ordinary,
    select,
    specials,
)


@elementwise(
    formula=r"\mathrm{sign}\, x \in \{-1, 0, 1\}",
    differentiable=(),
    kink="slope 0 everywhere, at 0 too",
    zero_preserving=True,
    reference=np.sign,
)
def sign(x):
    """1, 0 or -1; NaN stays NaN, and both zeros give +0."""
    if x.dtype.kind == "u":
        return select(x > 0, 1, x)
    return select(x > 0, 1, select(x < 0, -1, select(x == 0, 0, x)))


sign.samples(
    ordinary(),
    around(0.0),
    specials(),
    case(integers(-2, 3, 7)),
    case(integers(0, 3, 5, dtype="uint8")),
    bad(booleans(3), says="got bool, wanted integers"),
)
