"""The uniform distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import ops
from ...compiler.catalogue import plugin
from ..pytree import module


@plugin("distribution")
@module
class Uniform:
    r"""Between `low` and `high` > low, element by element.

    .. math:: \log p(x) = -\log(b - a) \text{ for } a \le x \le b, \quad -\infty \text{ elsewhere}

    Examples
    --------
    >>> import chainrule as cr
    >>> round(float(cr.distributions.Uniform(0.0, 4.0).log_prob(1.0)), 6)
    -1.386294
    """

    low: Any
    high: Any

    def log_prob(self, x: Any) -> Any:
        """The logarithm of the density at `x`; -inf outside."""
        inside = (x >= self.low) & (x <= self.high)
        return ops.where(inside, -ops.log(self.high - self.low), -math.inf)

    @property
    def mean(self) -> Any:
        """The middle."""
        return (self.low + self.high) / 2

    @property
    def variance(self) -> Any:
        """The width squared over 12."""
        width = self.high - self.low
        return width * width / 12

    def entropy(self) -> Any:
        """The logarithm of the width, in nats."""
        return ops.log(self.high - self.low)

    def kl(self, other: Uniform) -> Any:
        """The divergence from `other`; inf where that does not hold all of this one."""
        held = (other.low <= self.low) & (self.high <= other.high)
        return ops.where(held, other.entropy() - self.entropy(), math.inf)
