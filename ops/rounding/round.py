"""Rounding to the nearest number of so many decimals."""

import numpy as np

from ...compiler.plugin import (
    ArgumentError,
    around,
    bad,
    case,
    elementwise,
    given,
    integers,
    normal,
    ordinary,
    round_even,
    specials,
)


def _reference(x, *, decimals):
    if x.dtype.kind in "biu":
        return x
    scale = x.dtype.type(10.0 ** abs(decimals))
    return np.rint(x * scale) / scale if decimals >= 0 else np.rint(x / scale) * scale


@elementwise(
    formula=r"10^{-d} \, \mathrm{rint}(10^d x)",
    accepts="biuf",
    differentiable=(),
    kink="slope 0 everywhere, at the jumps too",
    zero_preserving=True,
    reference=_reference,
)
def round(x, *, decimals=0):
    """The nearest number of `decimals` decimals, of two equally near the even one, as in NumPy.

    Negative `decimals` round to tens; integers are themselves.
    """
    if not x.dtype.is_float:
        return x
    if decimals == 0:
        return round_even(x)
    scale = 10.0 ** abs(decimals)
    return round_even(x * scale) / scale if decimals > 0 else round_even(x / scale) * scale


@round.normalise
def round_decimals(x, *, decimals):
    if isinstance(decimals, bool) or not isinstance(decimals, int):
        raise ArgumentError(f"decimals is {decimals!r}, wanted an integer")
    if decimals < 0 and not x.dtype.is_float:
        raise ArgumentError(f"integers are not rounded to tens (decimals={decimals}): cast first")
    if abs(decimals) > 30:
        raise ArgumentError(f"decimals is {decimals}, wanted -30 to 30")
    return {"decimals": decimals}


round.samples(
    ordinary(),
    around(0.0, 0.5, 1.0, 1.5, 2.5, 2.0**23 + 1, 2.0**31, 2.0**52 + 1, 2.0**63),
    specials(),
    case(normal(5), decimals=2, smooth=False),
    case(given([0.5, 5.0, 15.0, 25.0, -1234.5]), decimals=-1, smooth=False),
    case(integers(-9, 9, 5)),
    bad(normal(3), decimals=0.5, says="decimals is 0.5, wanted an integer"),
    bad(integers(0, 9, 3), decimals=-1, says="integers are not rounded to tens"),
)
