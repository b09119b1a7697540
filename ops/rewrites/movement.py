"""Movements after one another, and movements that move nothing. None touches a number."""

from ... import ops
from ...compiler.plugin import Rule, rewrites, variables

x, p, q = variables("x p q")


def reshaped(x, shape):
    """`x` in another shape; itself when it has it."""
    return x if x.shape == tuple(shape) else ops.reshape(x, shape=shape)


def _spread(x, whole):
    """One element everywhere in the shape of `whole`."""
    return ops.broadcast_to(reshaped(x, ()), shape=whole.shape)


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
        lambda x, p: ops.broadcast_to(x, shape=p),
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
)
