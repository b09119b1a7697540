"""Expected and empirical risk, and its minimiser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...compiler.catalogue import plugin
from ...compiler.errors import ArgumentError
from ..compile import compile
from ..optim import Optimizer, apply_updates
from ..transforms import value_and_grad


@plugin("model", theory="loss-03")
@dataclass(frozen=True, slots=True)
class Risk:
    r"""What a model loses on average.

    .. math::
        J^*(F) = E_{x, y}\, \ell(y, F(x)), \qquad J(F; S_N) = \frac1N \sum_i \ell(y_i, F(x_i))

    Attributes
    ----------
    model : callable
        ``model(params, x)``: predictions for a batch.
    loss : callable
        ``loss(prediction, y)``: one number for each example.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> risk = cr.models.Risk(lambda w, x: x * w, cr.losses.squared_error)
    >>> float(risk.empirical(2.0, np.array([1.0, 2.0]), np.array([1.0, 1.0])))
    5.0
    """

    model: Callable[[Any, Any], Any]
    loss: Callable[[Any, Any], Any]

    def empirical(self, params: Any, x: Any, y: Any, batch: int | None = None) -> Any:
        """The mean over examples, taken `batch` at a time: that changes no more than rounding.

        Raises
        ------
        ArgumentError
            For no examples, or a batch of none.
        """
        count = len(x)
        size = count if batch is None else batch
        if count < 1 or size < 1:
            raise ArgumentError(f"risk: {count} examples in batches of {size}, wanted at least 1")
        total: Any = 0
        for start in range(0, count, size):
            chunk = slice(start, start + size)
            total = total + np.sum(self.loss(self.model(params, x[chunk]), y[chunk]))
        return total / count

    def monte_carlo(
        self,
        params: Any,
        sampler: Callable[[np.random.Generator, int], tuple[Any, Any]],
        count: int,
        seed: int,
    ) -> tuple[float, float]:
        """The expected risk from ``sampler(generator, count)``: an estimate, its standard error."""
        x, y = sampler(np.random.default_rng(seed), count)
        losses = np.asarray(self.loss(self.model(params, x), y), np.float64)
        return float(losses.mean()), float(losses.std(ddof=1) / np.sqrt(count))

    def minimise(self, params: Any, x: Any, y: Any, optimizer: Optimizer, steps: int) -> Any:
        """Parameters after so many steps down the empirical risk of all examples."""

        @compile
        def step(params: Any, state: Any, x: Any, y: Any) -> Any:
            _, slopes = value_and_grad(self.empirical)(params, x, y)
            updates, state = optimizer.update(slopes, state, params)
            return apply_updates(params, updates), state

        state = optimizer.init(params)
        for _ in range(steps):
            params, state = step(params, state, x, y)
        return params
