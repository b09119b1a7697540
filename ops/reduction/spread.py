"""The inverse shape of a reduction: what gradient rules of reductions share."""

from ... import ops


def spread(value, like, axis, keepdims):
    """`value`, a reduction of `like` over `axis`, broadcast back to the shape of `like`."""
    if not keepdims:
        kept = tuple(1 if a in axis else extent for a, extent in enumerate(like.shape))
        value = ops.reshape(value, shape=kept)
    return ops.broadcast_to(value, shape=like.shape)
