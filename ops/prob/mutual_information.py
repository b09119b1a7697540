"""What one variable tells of another."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import ShapeError, bad, case, composite, uniform
from .entropy import checked_base


def _reference(joint, *, base):
    both = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(joint == 0, 0, joint * np.log(joint / both))
    return terms.sum() / math.log(base)


@composite(
    theory="prob-04",
    formula=r"I(X; Y) = KL(p(x, y) \Vert p(x) p(y)) = H(X) - H(X \mid Y)",
    reference=_reference,
)
def mutual_information(joint, *, base=math.e):
    """Of a table ``p(x, y)``: 0 where the variables are independent."""
    apart = ops.sum(joint, axis=1, keepdims=True) * ops.sum(joint, axis=0, keepdims=True)
    return ops.kl_divergence(joint, apart, base=base, axis=(0, 1))


@mutual_information.normalise
def mutual_information_attributes(joint, *, base):
    if joint.ndim != 2:
        raise ShapeError(f"the joint distribution is {joint.shape}, wanted a table")
    return {"base": checked_base(base)}


mutual_information.samples(
    case(uniform(0.1, 1.0, 3, 4)),
    case(uniform(0.1, 1.0, 3, 4), base=2),
    bad(uniform(0.1, 1.0, 3), says="is (3,), wanted a table"),
)
