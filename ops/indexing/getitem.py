"""Indexing: ``x[key]`` as slices, gathers and movements."""

from ... import ops
from ...compiler.errors import LocatedError
from ...compiler.plugin import Role, registry
from ...compiler.value import describe_operand
from ..movement.permuted import permuted
from .key import read_key


def getitem(x, key):
    """``x[key]`` by NumPy's rules for basic and integer-array indexing.

    Parameters
    ----------
    x : array
    key : index or tuple of indices
        Integers, slices, ``...``, None, integer arrays (traced or not, broadcast together) and
        boolean NumPy arrays. Negative integers count from the end.

    Raises
    ------
    OutOfBoundsError
        For a constant index outside its axis; a traced one is checked when the program runs.
    UnsupportedError
        For a traced mask: the shape of the result would depend on data.
    """
    try:
        key = read_key(x, key)
        part = boxed(x, key)
        if key.picked:
            part = ops.gather(permuted(part, key.front), *key.arrays)
            part = permuted(part, key.settled)
        return part if part.shape == key.shape else ops.reshape(part, shape=key.shape)
    except LocatedError as error:
        raise error.within("getitem", [describe_operand("x", x)]) from error.__cause__


def boxed(x, key):
    """The box of `x` that the key's slices keep."""
    if key.is_whole(x.shape):
        return x
    bounds = key.slices
    return ops.slice(
        x,
        start=tuple(s.start for s in bounds),
        stop=tuple(s.stop for s in bounds),
        step=tuple(s.step for s in bounds),
    )


registry.play(Role.INDEX, getitem)
