"""Slices with steps."""

import builtins

from ... import ops
from ...compiler.plugin import ArgumentError, ShapeError, bad, case, movement, normal


def _reference(x, *, start, stop, step):
    return x[tuple(map(builtins.slice, start, stop, step))]


@movement(
    formula=r"y_i = x_{a + i s}",
    linear_in=[("x",)],
    reference=_reference,
)
def slice(index, x, *, start, stop, step=None):
    """The elements from `start` to before `stop` by `step`, one entry per axis of `x`.

    Entries are Python's: negative ones count from the end, those outside are clamped, None means
    the whole way. Units hold them in one canonical form: no negative entries, and a `stop` of
    None only where a negative step runs past the first element.
    """
    return x[tuple(first + i * by for i, first, by in zip(index, start, step, strict=True))]


@slice.normalise
def slice_bounds(x, *, start, stop, step):
    step = (1,) * x.ndim if step is None else step
    for entries in (start, stop, step):
        if not isinstance(entries, tuple) or len(entries) != x.ndim:
            raise ShapeError(f"got the bounds {entries}, wanted one for each axis of {x}")
        if any(not isinstance(entry, (int, type(None))) for entry in entries):
            raise ArgumentError(f"the bounds {entries} are not all integers or None")
    if 0 in step:
        raise ArgumentError("a step is 0")
    bounds = [_canonical(*entries) for entries in zip(x.shape, start, stop, step, strict=True)]
    names = ("start", "stop", "step")
    return {name: tuple(entry[i] for entry in bounds) for i, name in enumerate(names)}


def _canonical(extent, start, stop, step):
    first, last, step = builtins.slice(start, stop, step).indices(extent)
    count = len(range(first, last, step))
    if count == 0:
        return 0, 0, 1
    if count == 1:
        return first, first + 1, 1
    end = first + count * step
    return first, (end if end >= 0 else None), step


def _count(start, stop, step):
    return len(range(start, -1 if stop is None else stop, step))


@slice.type_rule
def slice_type(x, *, start, stop, step):
    return x.with_shape(map(_count, start, stop, step))


@slice.vjp
def slice_vjp(ct, x, out, *, start, stop, step):
    """The cotangent spaced out and put back between zeros."""
    backward = tuple(a for a, by in enumerate(step) if by < 0)
    low, high, interior = [], [], []
    for extent, first, by, count in zip(x.shape, start, step, out.shape, strict=True):
        last = first + (count - 1) * by
        before = min(first, last) if count else 0
        after = extent - max(first, last) - 1 if count else extent
        low.append(before)
        high.append(after)
        interior.append(abs(by) - 1)
    ct = ops.flip(ct, axis=backward) if backward else ct
    return ops.pad(ct, low=low, high=high, interior=interior)


slice.samples(
    case(normal(5), start=(1,), stop=(4,)),
    case(normal(5, 6), start=(None, -2), stop=(None, None), step=(2, -3)),
    case(normal(7), start=(None,), stop=(None,), step=(-1,)),
    case(normal(7), start=(6,), stop=(1,), step=(-2,)),
    case(normal(4), start=(-100,), stop=(100,)),
    case(normal(4, 2), start=(3, 0), stop=(1, 2)),
    case(normal(0, 3), start=(0, 1), stop=(9, 2)),
    case(normal(), start=(), stop=()),
    bad(normal(3, 4), start=(0,), stop=(1,), says="wanted one for each axis"),
    bad(normal(3), start=(0,), stop=(1,), step=(0,), says="a step is 0"),
    bad(normal(3), start=(0.5,), stop=(1,), says="are not all integers or None"),
)
