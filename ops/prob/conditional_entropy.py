"""What is left to learn of one variable when the other is known."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, normalise_axis, uniform
from .entropy import checked_base


def _xlogx(p):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p == 0, 0, p * np.log(p))


def _reference(joint, *, given, base):
    known = joint.sum(axis=1 - given)
    return (_xlogx(known).sum() - _xlogx(joint).sum()) / math.log(base)


@composite(
    theory="prob-03",
    formula=r"H(X \mid Y) = -\sum_{x, y} p(x, y) \log \frac{p(x, y)}{p(y)} = H(X, Y) - H(Y)",
    reference=_reference,
)
def conditional_entropy(joint, *, given, base=math.e):
    """Of a table ``p(x, y)``, whose axis `given` numbers the values of what is known."""
    known = ops.sum(joint, axis=1 - given)
    return ops.entropy(joint, base=base, axis=(0, 1)) - ops.entropy(known, base=base)


@conditional_entropy.normalise
def conditional_entropy_attributes(joint, *, given, base):
    if joint.ndim != 2:
        raise ShapeError(f"the joint distribution is {joint.shape}, wanted a table")
    return {"given": normalise_axis(given, 2), "base": checked_base(base)}


conditional_entropy.samples(
    case(uniform(0.1, 1.0, 3, 4), given=0),
    case(uniform(0.1, 1.0, 3, 4), given=-1, base=2),
    bad(uniform(0.1, 1.0, 3), given=0, says="is (3,), wanted a table"),
)
