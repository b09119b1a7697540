"""Square."""

import numpy as np

from ...compiler.plugin import bad, booleans, case, elementwise, integers, ordinary, specials


@elementwise(
    formula=r"x^2",
    zero_preserving=True,
    reference=np.square,
)
def square(x):
    """Each element times itself."""
    return x * x


@square.vjp
def square_vjp(ct, x, out):
    return ct * (2 * x)


square.samples(
    ordinary(),
    specials(),
    case(integers(-9, 9, 5)),
    bad(booleans(3), says="got bool, wanted integers"),
)
