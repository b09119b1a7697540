"""Reductions over axes of one element."""

from ... import ops
from ...compiler.plugin import Rule, rewrites, variables
from .movement import reshaped

x, a = variables("x a")


def _itself(x, whole):
    return reshaped(x, whole.shape)


def _added_to_zero(x, whole):
    return reshaped(x, whole.shape) + 0


def _alone(op, because, result=_itself):
    return Rule(
        op(x, axis=a),
        result,
        because,
        when=lambda x, a: all(x.shape[axis] == 1 for axis in a),
        name=f"{op.name} of one element",
    )


rewrites.add(
    _alone(ops.sum, "a sum starts at 0, which makes 0.0 of -0.0", _added_to_zero),
    _alone(ops.prod, "a product of one number is that number"),
    _alone(ops.max, "the largest of one number is that number, NaN included"),
    _alone(ops.min, "the smallest of one number is that number, NaN included"),
    _alone(ops.any, "any of one is that one"),
    _alone(ops.all, "all of one is that one"),
)
