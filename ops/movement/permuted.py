"""Transposition without a unit where nothing moves."""

from ... import ops


def permuted(x, axes):
    """`x` with its axes in the order `axes`; itself when that is their order."""
    axes = tuple(axes)
    return x if axes == tuple(range(len(axes))) else ops.transpose(x, axes=axes)


def inverse(axes):
    """The order of axes that undoes `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))
