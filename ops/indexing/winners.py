"""Where the cotangents of a scattered maximum or minimum go."""

from ... import ops


def winners(ct, operand, updates, indices, out):
    """Each element's cotangent for the number that stands there: the operand's, if it is that
    number (or NaN), else the first of the updates that are."""
    own = (operand == out) | (operand != operand)
    meets = ops.gather(out, *indices)
    candidate = (updates == meets) | (updates != updates)
    numbers = ops.reshape(ops.iota(shape=(updates.type.size,)), shape=updates.shape)
    nobody = ops.full(operand.shape, -1, numbers.dtype)
    # Numbers count down, so that the first candidate is the largest.
    countdown = ops.where(candidate, updates.type.size - 1 - numbers, -1)
    best = ops.gather(ops.scatter_max(nobody, countdown, *indices), *indices)
    wins = candidate & (best == countdown) & ~ops.gather(own, *indices)
    return ops.where(own, ct, 0), ops.where(wins, ops.gather(ct, *indices), 0)
