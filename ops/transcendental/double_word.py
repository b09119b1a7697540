"""Unevaluated sums of two floats: sums and products with what they round away.

The product of two scalars may be fused into a sum that takes it, which is welcome elsewhere and
fatal here, where its rounding is what is wanted: `product` is the one that stays by itself.
"""

from ...compiler.plugin import fma


def product(a, b):
    """``a * b`` rounded, never fused into a later sum."""
    return fma(a, b, -0.0)


def two_product(a, b):
    """``high, low`` with ``high + low == a * b`` exactly."""
    high = product(a, b)
    return high, fma(a, b, -high)


def fast_two_sum(a, b):
    """``high, low`` with ``high + low == a + b`` exactly where ``|a| >= |b|`` or a is 0."""
    high = a + b
    return high, b - (high - a)


def two_sum(a, b):
    """``high, low`` with ``high + low == a + b`` exactly, whichever is larger (Knuth)."""
    high = a + b
    share = high - a
    return high, (a - (high - share)) + (b - share)


def times(high, low, factor, factor_low):
    """The product of two double words, to about twice the precision."""
    top, rest = two_product(high, factor)
    return fast_two_sum(top, rest + fma(high, factor_low, low * factor))
