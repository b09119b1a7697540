"""The Laplace distribution."""

from __future__ import annotations

import math
from typing import Any

from ... import ops
from ...compiler.catalogue import plugin
from ..pytree import module


@plugin("distribution")
@module
class Laplace:
    r"""About `loc`, with `scale` > 0, element by element.

    .. math:: \log p(x) = -\frac{|x - \mu|}{b} - \log 2 b

    Examples
    --------
    >>> import chainrule as cr
    >>> round(float(cr.distributions.Laplace(0.0, 1.0).log_prob(0.0)), 6)
    -0.693147
    """

    loc: Any
    scale: Any

    def log_prob(self, x: Any) -> Any:
        """The logarithm of the density at `x`."""
        return -abs(x - self.loc) / self.scale - ops.log(2 * self.scale)

    @property
    def mean(self) -> Any:
        """The mean, loc."""
        return self.loc

    @property
    def variance(self) -> Any:
        """Twice the square of scale."""
        return 2 * self.scale * self.scale

    def entropy(self) -> Any:
        """1 + log(2 scale), in nats."""
        return math.log(2) + 1 + ops.log(self.scale)

    def kl(self, other: Laplace) -> Any:
        """The divergence from `other`, by its closed form."""
        ratio, apart = self.scale / other.scale, abs(self.loc - other.loc)
        return ratio * ops.exp(-apart / self.scale) + apart / other.scale - 1 - ops.log(ratio)
