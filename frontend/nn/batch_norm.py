"""The layer of batch normalisation, and how it folds into the affine layer before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ... import ops
from ...compiler.catalogue import plugin
from ..pytree import module, static
from .linear import Linear


@plugin("model", theory="norm-01 norm-02")
@module
class BatchNorm:
    r"""Channels normalised by the batch in training, by running statistics in inference.

    .. math:: y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta

    Attributes
    ----------
    scale, shift : array (channels,)
        Trained.
    mean, variance : array (channels,)
        Running averages: `train` returns a layer with new ones; no gradient reaches them.
    momentum, epsilon : float
        How much of the running averages is kept, and what is added to the variance.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> layer = cr.nn.BatchNorm.create(2)
    >>> y, layer = layer.train(np.array([[1.0, 2.0], [3.0, 6.0]], np.float32))
    >>> y.round(3)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    >>> layer.mean.round(3)
    array([0.2, 0.4], dtype=float32)
    """

    scale: Any
    shift: Any
    mean: Any
    variance: Any
    momentum: float = static(default=0.9)
    epsilon: float = static(default=1e-5)

    @classmethod
    def create(cls, channels: int, momentum: float = 0.9, epsilon: float = 1e-5) -> BatchNorm:
        """A layer that changes nothing but to normalise, in float32."""
        ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        return cls(ones, zeros, zeros.copy(), ones.copy(), momentum, epsilon)

    def train(self, x: Any) -> tuple[Any, BatchNorm]:
        """x (batch, channels, ...) normalised by itself, and the layer with new averages."""
        axes = tuple(axis for axis in range(x.ndim) if axis != 1)
        kept, seen = self.momentum, ops.stop_gradient(x)
        mean, variance = ops.mean(seen, axis=axes), ops.var(seen, axis=axes)
        after = replace(
            self,
            mean=kept * self.mean + (1 - kept) * mean,
            variance=kept * self.variance + (1 - kept) * variance,
        )
        return ops.batch_norm(x, self.scale, self.shift, epsilon=self.epsilon), after

    def __call__(self, x: Any) -> Any:
        """x (batch, channels, ...) normalised by the running averages."""
        return ops.batch_norm_inference(
            x, self.mean, self.variance, self.scale, self.shift, epsilon=self.epsilon
        )

    def folded(self, layer: Linear) -> Linear:
        """The affine layer that does what `layer` and this one do after it, in inference."""
        slope = self.scale / np.sqrt(self.variance + self.epsilon)
        return Linear(layer.weight * slope, (layer.bias - self.mean) * slope + self.shift)
