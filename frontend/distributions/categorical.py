"""The categorical distribution."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...compiler.catalogue import plugin
from ..pytree import module


@plugin("distribution")
@module
class Categorical:
    r"""Of classes along the last axis, with probabilities ``softmax(logits)``.

    .. math:: \log p(k) = z_k - \log \sum_i e^{z_i}

    It has no mean: its values are names.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> float(cr.distributions.Categorical(np.zeros(4)).entropy().round(6))
    1.386294
    """

    logits: Any

    @property
    def probs(self) -> Any:
        """The probabilities (..., k)."""
        return ops.softmax(self.logits, axis=-1)

    def log_prob(self, x: Any) -> Any:
        """The logarithm of the probability of classes `x`, integers of the shape (...)."""
        return -ops.cross_entropy(self.logits, x)

    def entropy(self) -> Any:
        """In nats; finite for any finite logits."""
        return ops.soft_cross_entropy(self.logits, self.probs)

    def kl(self, other: Categorical) -> Any:
        """The divergence from `other`."""
        return ops.soft_cross_entropy(other.logits, self.probs) - self.entropy()
