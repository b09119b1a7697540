"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import ops
from ...compiler.catalogue import plugin
from ..pytree import module


@plugin("distribution")
@module
class Normal:
    r"""Of mean `loc` and standard deviation `scale` > 0, element by element.

    .. math::
        \log p(x) = -\tfrac12 \Bigl( \frac{x - \mu}{\sigma} \Bigr)^2 - \log \sigma
        - \tfrac12 \log 2 \pi

    Examples
    --------
    >>> import chainrule as cr
    >>> round(float(cr.distributions.Normal(0.0, 1.0).log_prob(0.0)), 6)
    -0.918939
    """

    loc: Any
    scale: Any

    def log_prob(self, x: Any) -> Any:
        """The logarithm of the density at `x`."""
        z = (x - self.loc) / self.scale
        return -(z * z) / 2 - ops.log(self.scale) - math.log(2 * math.pi) / 2

    @property
    def mean(self) -> Any:
        """The mean, loc."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The variance, scale squared."""
        return self.scale * self.scale

    def entropy(self) -> Any:
        """log scale + (1 + log 2 pi) / 2, in nats."""
        return ops.log(self.scale) + (1 + math.log(2 * math.pi)) / 2

    def kl(self, other: Normal) -> Any:
        """The divergence from `other`, by its closed form."""
        ratio = self.scale / other.scale
        apart = (self.loc - other.loc) / other.scale
        return (ratio * ratio + apart * apart - 1) / 2 - ops.log(ratio)
