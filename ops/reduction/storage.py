"""Storage types in composites of sums: widened once, and the result rounded once."""

from ... import ops
from ...compiler.plugin import float32


def widened(x):
    """`x` in a type that arithmetic is done in: float32 for what is only stored."""
    return ops.cast(x, dtype=float32) if x.type.dtype.storage_only else x


def rounded(y, like):
    """`y` in the type of `like`, of which it was computed by way of `widened`."""
    return ops.cast(y, dtype=like.dtype) if like.type.dtype.storage_only else y
