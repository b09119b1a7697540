"""Pointwise mutual information."""

import numpy as np

from ... import ops
from ...compiler.plugin import ArgumentError, ShapeError, bad, case, composite, given, uniform


def _reference(counts, *, smoothing):
    joint = counts + counts.dtype.type(smoothing)
    joint = joint / joint.sum()
    both = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.log(joint / both)


@composite(
    theory="nlp-01",
    formula=r"\operatorname{pmi}(v, w) = \log \frac{p(v, w)}{p(v) p(w)}",
    reference=_reference,
)
def pmi(counts, *, smoothing=0.0):
    """Of a table of counts (V, W), each greater by `smoothing`; -inf where two never meet.

    NaN for a word that does not occur at all. ``maximum(pmi(counts), 0)`` is the positive form.
    """
    joint = counts + smoothing
    joint = joint / ops.sum(joint)
    rows, columns = ops.sum(joint, axis=1, keepdims=True), ops.sum(joint, axis=0, keepdims=True)
    return ops.log(joint / (rows * columns))


@pmi.normalise
def pmi_attributes(counts, *, smoothing):
    if counts.ndim != 2:
        raise ShapeError(f"the counts are {counts.shape}, wanted a table")
    if not smoothing >= 0:
        raise ArgumentError(f"smoothing is {smoothing}, wanted a number from 0")
    return {"smoothing": float(smoothing)}


pmi.samples(
    case(uniform(0.5, 9.0, 3, 4)),
    case(uniform(0.5, 9.0, 4, 4), smoothing=0.5),
    case(given([[0.0, 2.0], [1.0, 1.0]]), smooth=False),
    bad(uniform(0.5, 9.0, 3), says="the counts are (3,), wanted a table"),
    bad(uniform(0.5, 9.0, 3, 3), smoothing=-1, says="smoothing is -1, wanted a number from 0"),
)
