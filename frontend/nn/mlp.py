"""The multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ...compiler.errors import ArgumentError
from ..pytree import module, static
from .initial import Initial, glorot
from .linear import Linear


@module
class MLP:
    r"""Affine layers with an activation between every two.

    .. math:: h_0 = x, \qquad h_l = \phi(h_{l-1} W_l + b_l), \qquad y = h_{L-1} W_L + b_L

    Attributes
    ----------
    layers : tuple of Linear
    activation : callable
        A Python function of one array, the same for all layers; part of the structure, no leaf.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> net = cr.nn.MLP.create((64, 32, 10), seed=0)
    >>> net(np.ones((5, 64), np.float32)).shape
    (5, 10)
    """

    layers: tuple[Linear, ...]
    activation: Callable[[Any], Any] = static(default=np.tanh)

    @classmethod
    def create(
        cls,
        sizes: Sequence[int],
        seed: int | np.random.Generator,
        activation: Callable[[Any], Any] = np.tanh,
        initial: Initial = glorot,
    ) -> MLP:
        """A network with fresh float32 weights.

        Parameters
        ----------
        sizes : sequence of int
            Extents of the last axis from the input to the output: one layer less than sizes.
        seed : int or numpy.random.Generator
            What the weights are drawn from.
        activation : callable
            Applied after every layer but the last.
        initial : callable
            `glorot`, or `he` for rectifiers.

        Raises
        ------
        ArgumentError
            When there are fewer than two sizes.
        """
        if len(sizes) < 2:
            raise ArgumentError(f"MLP wants at least two sizes, input and output, got {sizes!r}")
        rng = np.random.default_rng(seed)
        layers = tuple(Linear.create(m, n, rng, initial) for m, n in pairwise(sizes))
        return cls(layers, activation)

    def __call__(self, x: Any) -> Any:
        """x (..., sizes[0]) -> (..., sizes[-1])."""
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)
