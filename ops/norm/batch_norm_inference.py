"""Batch normalisation with known statistics, as in inference."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, normal, uniform
from .batch_norm import along, checked


def _reference(x, mean, variance, scale, shift, *, epsilon):
    wide = (-1, *(1 for _ in x.shape[2:]))
    mean, variance, scale, shift = (each.reshape(wide) for each in (mean, variance, scale, shift))
    return (x - mean) / np.sqrt(variance + x.dtype.type(epsilon)) * scale + shift


@composite(
    theory="norm-02",
    formula=r"y = a x + c, \quad a = \gamma / \sqrt{\sigma^2 + \epsilon}, \quad c = \beta - a \mu",
    reference=_reference,
)
def batch_norm_inference(x, mean, variance, scale, shift, *, epsilon=1e-5):
    """An affine map of each channel (axis 1) by running statistics, which are not changed."""
    slope = scale * ops.rsqrt(variance + epsilon)
    return x * along(slope, x) + along(shift - slope * mean, x)


@batch_norm_inference.normalise
def batch_norm_inference_attributes(x, mean, variance, scale, shift, *, epsilon):
    named = {"mean": mean, "variance": variance, "scale": scale, "shift": shift}
    return checked(x, named, epsilon)


batch_norm_inference.samples(
    case(normal(6, 3), normal(3), uniform(0.5, 2.0, 3), normal(3), normal(3)),
    case(normal(2, 3, 2), normal(3), uniform(0.5, 2.0, 3), normal(3), normal(3), epsilon=0.1),
    bad(
        *(normal(6, 3), normal(3), uniform(0.5, 2.0, 2), normal(3), normal(3)),
        says="the variance is (2,), wanted (3,): one a channel",
    ),
)
