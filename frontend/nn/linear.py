"""The affine layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..pytree import module
from .initial import Initial, glorot


@module
class Linear:
    r"""An affine map of the last axis.

    .. math:: y = x W + b

    The weight is stored as ``(inputs, outputs)``, so that the code reads as the formula and a batch
    needs no transpose. PyTorch stores the transpose.

    Attributes
    ----------
    weight : array (inputs, outputs)
    bias : array (outputs,)

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> layer = cr.nn.Linear.create(3, 2, seed=0)
    >>> layer(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    weight: Any
    bias: Any

    @classmethod
    def create(
        cls, inputs: int, outputs: int, seed: int | np.random.Generator, initial: Initial = glorot
    ) -> Linear:
        """A layer with fresh float32 weights and a bias of zeros.

        Parameters
        ----------
        inputs, outputs : int
            Extents of the last axis before and after.
        seed : int or numpy.random.Generator
            A generator is drawn from, so that several layers can share one.
        initial : callable
            ``initial(generator, inputs, outputs) -> weight``: `glorot`, or `he` before rectifiers.
        """
        rng = np.random.default_rng(seed)
        return cls(initial(rng, inputs, outputs), np.zeros(outputs, np.float32))

    def __call__(self, x: Any) -> Any:
        """x (..., inputs) -> (..., outputs)."""
        return x @ self.weight + self.bias
