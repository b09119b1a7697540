"""Entropy of probabilities."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import ArgumentError, bad, case, composite, given, normalise_axes, uniform


def in_base(nats, base):
    """Information in nats, in units of another logarithm's base."""
    return nats if base == math.e else nats / math.log(base)


def checked_base(base):
    """The base of a logarithm as a float; it is greater than 1."""
    if not 1 < base < math.inf:
        raise ArgumentError(f"the base is {base}, wanted a number greater than 1")
    return float(base)


def _reference(p, *, base, axis):
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p == 0, 0, p * np.log(p))
    return -terms.sum(axis=axis) / math.log(base)


@composite(
    theory="prob-02",
    formula=r"H(X) = -\sum_x p(x) \log p(x), \quad 0 \log 0 = 0",
    reference=_reference,
)
def entropy(p, *, base=math.e, axis=-1):
    """Of probabilities along `axis` (or several axes, for joint entropy); in nats by default.

    Nothing is normalised. The gradient ``-(log p + 1)`` is inf at 0.
    """
    return in_base(-ops.sum(ops.xlogy(p, p), axis=axis), base)


@entropy.normalise
def entropy_attributes(p, *, base, axis):
    return {"base": checked_base(base), "axis": normalise_axes(axis, p.ndim)}


entropy.samples(
    case(uniform(0.05, 1.0, 4)),
    case(uniform(0.05, 1.0, 3, 4), axis=0),
    case(uniform(0.05, 1.0, 3, 4), base=2, axis=(0, 1)),
    case(given([1.0, 0.0, 0.0]), smooth=False),
    bad(uniform(0.0, 1.0, 3), base=1.0, says="the base is 1.0, wanted a number greater than 1"),
    bad(uniform(0.0, 1.0, 3), axis=1, says="axis 1 is out of range"),
)
