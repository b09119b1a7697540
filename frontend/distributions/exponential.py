"""The exponential distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import ops
from ...compiler.catalogue import plugin
from ..pytree import module


@plugin("distribution")
@module
class Exponential:
    r"""Of the time to an event that happens at `rate` > 0, element by element.

    .. math:: \log p(x) = \log \lambda - \lambda x \text{ for } x \ge 0, \quad -\infty \text{ below}

    Examples
    --------
    >>> import chainrule as cr
    >>> round(float(cr.distributions.Exponential(2.0).log_prob(1.0)), 6)
    -1.306853
    """

    rate: Any

    def log_prob(self, x: Any) -> Any:
        """The logarithm of the density at `x`; -inf below 0."""
        return ops.where(x < 0, -math.inf, ops.log(self.rate) - self.rate * x)

    @property
    def mean(self) -> Any:
        """1 / rate."""
        return 1 / self.rate

    @property
    def variance(self) -> Any:
        """1 / rate squared."""
        return 1 / (self.rate * self.rate)

    def entropy(self) -> Any:
        """1 - log rate, in nats."""
        return 1 - ops.log(self.rate)

    def kl(self, other: Exponential) -> Any:
        """The divergence from `other`, by its closed form."""
        ratio = other.rate / self.rate
        return ratio - 1 - ops.log(ratio)
