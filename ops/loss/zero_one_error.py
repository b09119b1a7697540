"""Classification error."""

import numpy as np

from ... import ops
from ...compiler.plugin import DTypeError, ShapeError, bad, case, composite, given, integers, normal


def _reference(labels, predictions):
    if predictions.ndim > labels.ndim:
        predictions = predictions.argmax(axis=-1)
    return (labels != predictions).astype(np.float64)


@composite(
    theory="loss-02",
    formula=r"\ell(y, \hat y) = 1 - \delta_{y \hat y}",
    differentiable=(),
    reference=_reference,
)
def zero_one_error(labels, predictions):
    """0 where a prediction is right, 1 where not, in float64: its mean is the error rate.

    Parameters
    ----------
    labels : array of integers
    predictions : array of integers or floats
        Labels of the same shape, or scores with the classes along one more axis, the last: the
        first greatest one counts.

    It is constant almost everywhere, so that its gradient is 0: train with `cross_entropy`.
    """
    if predictions.ndim > labels.ndim:
        predictions = ops.argmax(predictions, axis=-1)
    return ops.cast(labels != predictions, dtype="float64")


@zero_one_error.normalise
def zero_one_error_types(labels, predictions):
    if not labels.dtype.is_integer:
        raise DTypeError(f"the labels are {labels.dtype}, wanted integers")
    scores = predictions.ndim == labels.ndim + 1
    if predictions.shape[: labels.ndim] != labels.shape or predictions.ndim > labels.ndim + 1:
        raise ShapeError(f"the labels are {labels.shape}, the predictions {predictions.shape}")
    if not scores and not predictions.dtype.is_integer:
        raise DTypeError(f"the predictions are {predictions.dtype}, wanted integers or scores")
    return {}


zero_one_error.samples(
    case(integers(0, 3, 6), integers(0, 3, 6)),
    case(integers(0, 3, 6), normal(6, 3)),
    case(integers(0, 3, 2, 4), normal(2, 4, 3)),
    case(given([0], "int64"), given([[1.0, 1.0]]), smooth=False),
    bad(normal(3), integers(0, 3, 3), says="wanted integers"),
    bad(integers(0, 3, 3), integers(0, 3, 4), says="the labels are (3,), the predictions (4,)"),
    bad(integers(0, 3, 3), normal(3), says="wanted integers or scores"),
)
