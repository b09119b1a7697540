"""Batch normalisation, as in training."""

import numpy as np

from ... import ops
from ...compiler.plugin import ArgumentError, ShapeError, bad, case, composite, normal


def checked(x, parameters, epsilon):
    """Refuse arrays without a batch, parameters that are none per channel, and a bad epsilon."""
    if x.ndim < 2:
        raise ShapeError(f"x is {x.shape}, wanted (batch, channels, ...)")
    for name, parameter in parameters.items():
        if parameter.shape != x.shape[1:2]:
            raise ShapeError(
                f"the {name} is {parameter.shape}, wanted {x.shape[1:2]}: one a channel"
            )
    if not epsilon >= 0:
        raise ArgumentError(f"epsilon is {epsilon}, wanted a number from 0")
    return {"epsilon": float(epsilon)}


def along(parameter, x):
    """A number for each channel, in the shape that broadcasts with `x`."""
    return ops.reshape(parameter, shape=(x.shape[1], *(1 for _ in x.shape[2:])))


def others(x):
    """The axes that are averaged over: all but the channels'."""
    return tuple(axis for axis in range(x.ndim) if axis != 1)


def _reference(x, scale, shift, *, epsilon):
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    wide = (-1, *(1 for _ in x.shape[2:]))
    normalised = (x - mean) / np.sqrt(variance + x.dtype.type(epsilon))
    return normalised * scale.reshape(wide) + shift.reshape(wide)


@composite(
    theory="norm-01",
    formula=r"y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta, \quad"
    r" \mu = \frac1n \sum_i x_i, \quad \sigma^2 = \frac1n \sum_i (x_i - \mu)^2",
    reference=_reference,
)
def batch_norm(x, scale, shift, *, epsilon=1e-5):
    """Each channel (axis 1) normalised over all other axes; (B, m) or (B, C, H, W), say."""
    axes = others(x)
    centred = x - ops.mean(x, axis=axes, keepdims=True)
    variance = ops.mean(centred * centred, axis=axes, keepdims=True)
    return centred * ops.rsqrt(variance + epsilon) * along(scale, x) + along(shift, x)


@batch_norm.normalise
def batch_norm_attributes(x, scale, shift, *, epsilon):
    return checked(x, {"scale": scale, "shift": shift}, epsilon)


@batch_norm.vjp
def batch_norm_vjp(ct, x, scale, shift, out, *, epsilon):
    """Through the mean and the variance: orthogonal to constants and to the normalised array."""
    axes = others(x)
    centred = x - ops.mean(x, axis=axes, keepdims=True)
    variance = ops.mean(centred * centred, axis=axes, keepdims=True)
    root = ops.rsqrt(variance + epsilon)
    normalised = centred * root
    slope = ops.mean(ct * normalised, axis=axes, keepdims=True)
    rest = ct - ops.mean(ct, axis=axes, keepdims=True) - normalised * slope
    return (
        along(scale, x) * root * rest,
        ops.sum(ct * normalised, axis=axes),
        ops.sum(ct, axis=axes),
    )


batch_norm.samples(
    case(normal(6, 3), normal(3), normal(3)),
    case(normal(4, 2, 3, 2), normal(2), normal(2), epsilon=0.1),
    bad(normal(6), normal(6), normal(6), says="x is (6,), wanted (batch, channels, ...)"),
    bad(normal(6, 3), normal(6), normal(3), says="the scale is (6,), wanted (3,): one a channel"),
    bad(normal(6, 3), normal(3), normal(3), epsilon=-1, says="epsilon is -1, wanted a number"),
)
