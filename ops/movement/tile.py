"""Repetition of the whole array."""

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normal


@composite(
    formula=r"y_{i} = x_{i \bmod n}",
    linear_in=[("x",)],
    reference=lambda x, *, reps: np.tile(x, reps),
)
def tile(x, *, reps):
    """`x` laid `reps` times along each axis; axes missing on either side are of extent 1."""
    shape = (1,) * (len(reps) - x.ndim) + x.shape
    apart = tuple(extent for n in shape for extent in (1, n))
    laid = tuple(extent for r, n in zip(reps, shape, strict=True) for extent in (r, n))
    joined = tuple(r * n for r, n in zip(reps, shape, strict=True))
    return ops.reshape(ops.broadcast_to(ops.reshape(x, shape=apart), shape=laid), shape=joined)


@tile.normalise
def tile_reps(x, *, reps):
    reps = (reps,) if isinstance(reps, int) else reps
    if any(not isinstance(r, int) or r < 0 for r in reps):
        raise ShapeError(f"reps is {reps}, wanted numbers of repetitions, not negative")
    return {"reps": (1,) * (x.ndim - len(reps)) + reps}


tile.samples(
    case(normal(3), reps=2),
    case(normal(2, 3), reps=2),
    case(normal(2, 3), reps=(2, 1)),
    case(normal(2, 3), reps=(2, 1, 2)),
    case(normal(2, 3), reps=(0, 1)),
    case(normal(), reps=(2, 2)),
    bad(normal(3), reps=(-1,), says="reps is (-1,), wanted numbers of repetitions"),
)
