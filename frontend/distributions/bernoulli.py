"""The Bernoulli distribution."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...compiler.catalogue import plugin
from ..pytree import module


@plugin("distribution")
@module
class Bernoulli:
    r"""Of 1 with probability ``sigmoid(logits)``, else 0, element by element.

    .. math:: \log p(x) = x \log \sigma(z) + (1 - x) \log \sigma(-z)

    Examples
    --------
    >>> import chainrule as cr
    >>> round(float(cr.distributions.Bernoulli(0.0).log_prob(1.0)), 6)
    -0.693147
    """

    logits: Any

    def log_prob(self, x: Any) -> Any:
        """The logarithm of the probability of `x`, which is 0 or 1."""
        return -ops.logistic_loss(self.logits, x)

    @property
    def mean(self) -> Any:
        """The probability of 1."""
        return ops.sigmoid(self.logits)

    @property
    def variance(self) -> Any:
        """p (1 - p), without cancellation."""
        return ops.sigmoid(self.logits) * ops.sigmoid(-self.logits)

    def entropy(self) -> Any:
        """In nats; finite for any logits."""
        return ops.logistic_loss(self.logits, self.mean)

    def kl(self, other: Bernoulli) -> Any:
        """The divergence from `other`, by its closed form."""
        return ops.logistic_loss(other.logits, self.mean) - self.entropy()
