"""Padding with a constant."""

import builtins

import numpy as np

from ... import ops
from ...compiler.plugin import (
    DTypeError,
    ShapeError,
    bad,
    case,
    integers,
    literal,
    movement,
    normal,
    select,
    truncated_divide,
    truncated_remainder,
)


def _reference(x, *, low, high, interior, value):
    out = np.full(_shape(x.shape, low, high, interior), value, x.dtype)
    spaced = [
        builtins.slice(before, before + _span(extent, gap), gap + 1)
        for extent, before, gap in zip(x.shape, low, interior, strict=True)
    ]
    out[tuple(spaced)] = x
    return out


def _span(extent, gap):
    """What an axis takes with `gap` new elements between its neighbours."""
    return max(0, extent + (extent - 1) * gap)


def _shape(shape, low, high, interior):
    return tuple(
        before + _span(extent, gap) + after
        for extent, before, after, gap in zip(shape, low, high, interior, strict=True)
    )


@movement(
    formula=r"y_{l + i (g + 1)} = x_i, \quad c \text{ elsewhere}",
    reference=_reference,
)
def pad(index, x, *, low, high, interior=0, value=0):
    """`x` with `low` elements before, `high` after and `interior` between neighbours, per axis.

    An integer stands for every axis; counts are not negative. The new elements are `value`.
    """
    if x.type.size == 0:
        return literal(value, x.dtype)
    inside, place = None, []
    for i, extent, before, gap in zip(index, x.shape, low, interior, strict=True):
        offset = i - before
        fits = (offset >= 0) & (offset < _span(extent, gap))
        near = select(fits, offset, 0)
        if gap:
            fits = fits & (truncated_remainder(near, gap + 1) == 0)
            near = truncated_divide(near, gap + 1)
        place.append(near)
        inside = fits if inside is None else inside & fits
    element = x[tuple(place)]
    return element if inside is None else select(inside, element, value)


@pad.normalise
def pad_amounts(x, *, low, high, interior, value):
    amounts = {}
    for name, given in (("low", low), ("high", high), ("interior", interior)):
        entries = (given,) * x.ndim if isinstance(given, int) else given
        if len(entries) != x.ndim:
            raise ShapeError(f"{name} is {entries}, wanted one entry for each axis of {x}")
        if any(entry < 0 for entry in entries):
            raise ShapeError(f"{name} is {entries}, wanted no negative entry")
        amounts[name] = entries
    if isinstance(value, float) and not x.dtype.is_inexact:
        raise DTypeError(f"the value {value!r} does not fit {x.dtype}")
    return {**amounts, "value": x.dtype.numpy.type(value).item()}


@pad.type_rule
def pad_type(x, *, low, high, interior, value):
    return x.with_shape(_shape(x.shape, low, high, interior))


@pad.vjp
def pad_vjp(ct, x, out, *, low, high, interior, value):
    stop = tuple(map(_stop, x.shape, low, interior))
    return ops.slice(ct, start=low, stop=stop, step=tuple(gap + 1 for gap in interior))


def _stop(extent, before, gap):
    return before + _span(extent, gap)


pad.samples(
    case(normal(3), low=1, high=2),
    case(normal(3, 2), low=(0, 1), high=(2, 0), value=1.5),
    case(normal(3, 2), low=1, high=0, interior=(2, 1)),
    case(normal(0, 2), low=(2, 0), high=(1, 1), interior=3, value=-1.0),
    case(normal(0), low=0, high=0),
    case(normal(), low=0, high=0),
    case(integers(-9, 9, 4), low=1, high=1, value=7),
    bad(normal(3), low=-1, high=0, says="low is (-1,), wanted no negative entry"),
    bad(normal(3), low=(1, 1), high=0, says="wanted one entry for each axis"),
    bad(integers(0, 9, 3), low=1, high=0, value=0.5, says="the value 0.5 does not fit int64"),
)
