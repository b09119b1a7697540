"""Movements after one another, and movements that move nothing. None touches a number."""

from ... import ops
from ...compiler.plugin import Rule, rewrites, variables

x, p, q, a, c = variables("x p q a c")


def reshaped(x, shape):
    """`x` in another shape; itself when it has it."""
    return x if x.shape == tuple(shape) else ops.reshape(x, shape=shape)


def _spread(x, whole):
    """One element everywhere in the shape of `whole`."""
    return ops.broadcast_to(reshaped(x, ()), shape=whole.shape)


def _slice_of_slice(x, a, c, whole):
    """One slice for two: `whole` starts and steps within the slice (a, c) of x."""
    inside = whole.unit.attributes
    start = [first + at * by for first, at, by in zip(a, inside["start"], c, strict=True)]
    step = [by * again for by, again in zip(c, inside["step"], strict=True)]
    stop = [
        _end(first, count, by) for first, count, by in zip(start, whole.shape, step, strict=True)
    ]
    return ops.slice(x, start=tuple(start), stop=tuple(stop), step=tuple(step))


def _end(first, count, by):
    """Where a slice of `count` elements stops; None when it runs past the first element."""
    end = first + count * by
    return end if end >= 0 else None


rewrites.add(
    Rule(
        ops.transpose(ops.transpose(x, axes=p), axes=q),
        lambda x, p, q: ops.transpose(x, axes=tuple(p[axis] for axis in q)),
        "permutations compose",
        name="transpose of transpose",
    ),
    Rule(
        ops.transpose(x, axes=p),
        lambda x: x,
        "every axis stays in its place",
        when=lambda p: p == tuple(range(len(p))),
        name="transpose to the same order",
    ),
    Rule(
        ops.reshape(ops.reshape(x), shape=p),
        lambda x, p: reshaped(x, p),
        "the row-major order of the elements is the same in every shape",
        name="reshape of reshape",
    ),
    Rule(
        ops.broadcast_to(ops.broadcast_to(x), shape=p),
        lambda x, p: x if x.shape == p else ops.broadcast_to(x, shape=p),
        "stretching by NumPy's rule is transitive",
        name="broadcast of broadcast",
    ),
    Rule(
        ops.reshape(ops.broadcast_to(x)),
        _spread,
        "every element is the same one",
        when=lambda x: x.size == 1,
        name="reshape of one element broadcast",
    ),
    Rule(
        ops.transpose(ops.broadcast_to(x)),
        _spread,
        "every element is the same one",
        when=lambda x: x.size == 1,
        name="transpose of one element broadcast",
    ),
    Rule(
        ops.slice(x, step=c),
        lambda x: x,
        "every element stays in its place",
        when=lambda x, c, whole: x.shape == whole.shape and all(by == 1 for by in c),
        name="slice of the whole",
    ),
    Rule(
        ops.slice(ops.slice(x, start=a, step=c)),
        _slice_of_slice,
        "positions compose",
        when=lambda whole: whole.size > 0,
        name="slice of slice",
    ),
    Rule(ops.concatenate(x), x, "there is nothing to join"),
    Rule(
        ops.pad(x),
        lambda x: x,
        "there is nothing to add",
        when=lambda x, whole: x.shape == whole.shape,
        name="pad by nothing",
    ),
)
