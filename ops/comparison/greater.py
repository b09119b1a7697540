"""Greater than."""

import numpy as np

from ...compiler.plugin import bool_, elementwise, ordinary, specials


@elementwise(
    formula=r"x > y",
    accepts="biuf",
    result=bool_,
    differentiable=(),
    operator="__gt__",
    reference=np.greater,
)
def greater(x, y):
    """True where x is greater than y; False where either is NaN."""
    return x > y


greater.samples(ordinary(), specials())
