"""Greater than."""

import numpy as np

from ...compiler.plugin import (
    around,
    bool_,
    booleans,
    case,
    elementwise,
    given,
    integers,
    ordinary,
    special_pairs,
)


@elementwise(
    formula=r"x > y",
    accepts="biuf",
    result=bool_,
    compares=True,
    differentiable=(),
    operator="__gt__",
    reference=np.greater,
)
def greater(x, y):
    """True where x is greater than y; False where either is NaN."""
    return x > y


greater.samples(
    ordinary(),
    around(1.0),
    special_pairs(),
    case(given([0.0, -0.0, 2.0]), given([-0.0, 0.0, 2.0]), smooth=False),
    case(integers(-2, 3, 9), integers(-2, 3, 9)),
    case(integers(0, 255, 9, dtype="uint8"), integers(0, 255, 9, dtype="uint8")),
    case(booleans(9), booleans(9)),
)
