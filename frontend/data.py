"""Data: seeded mini-batches of arrays in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..compiler.errors import ArgumentError, ShapeError
from .pytree import flatten, leaf_names, tree_map


def batches(
    arrays: Any, size: int, *, seed: int, epoch: int = 0, drop_last: bool = False
) -> Iterator[Any]:
    """The rows of `arrays` in an order that seed and epoch alone determine, `size` at a time.

    Parameters
    ----------
    arrays : pytree of arrays
        All with the same extent along axis 0: the number of examples.
    size : int
        Examples in a batch.
    seed, epoch : int
        Each epoch has its own order, which does not depend on earlier ones: training can resume in
        any epoch.
    drop_last : bool
        Whether to leave out the last batch when it is smaller. A compiled step needs a second
        program for it; the examples left out differ from epoch to epoch.

    Yields
    ------
    pytree of arrays
        In the structure of `arrays`; copies, so that a step may keep or donate them.

    Raises
    ------
    ShapeError
        When the arrays differ in their number of examples, or one has no axis.
    ArgumentError
        When there is no array, or `size` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> [len(x) for x in cr.data.batches(np.arange(10), 4, seed=0)]
    [4, 4, 2]
    """
    count = example_count(arrays)
    if size < 1:
        raise ArgumentError(f"batches wants a positive size, got {size}")
    return _batches(arrays, count, size, np.random.default_rng((seed, epoch)), drop_last)


def _batches(
    arrays: Any, count: int, size: int, rng: np.random.Generator, drop_last: bool
) -> Iterator[Any]:
    order = rng.permutation(count)
    stop = count - count % size if drop_last else count
    for start in range(0, stop, size):
        rows = order[start : start + size]
        yield tree_map(lambda array, rows=rows: array[rows], arrays)


def batch_count(arrays: Any, size: int, *, drop_last: bool = False) -> int:
    """How many batches of `size` `batches` yields."""
    count = example_count(arrays)
    return count // size if drop_last else -(-count // size)


def example_count(arrays: Any) -> int:
    """The common extent of the arrays along axis 0."""
    leaves, structure = flatten(arrays)
    if not leaves:
        raise ArgumentError("there is no array to take examples from")
    counts = {}
    for leaf, name in zip(leaves, leaf_names(structure, "arrays"), strict=True):
        if not np.ndim(leaf):
            raise ShapeError(f"{name} has no axis of examples: it is a scalar")
        counts[name] = len(leaf)
    first, count = next(iter(counts.items()))
    for name, other in counts.items():
        if other != count:
            raise ShapeError(f"{first} has {count} examples, {name} has {other}")
    return count
