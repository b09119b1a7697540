"""Generalised linear models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...compiler.catalogue import plugin
from ...compiler.errors import ArgumentError
from ..compile import compile
from ..jacobians import hessian
from ..losses import half_squared_error
from ..pytree import module, static
from ..transforms import grad

Of = Callable[..., Any]

MEANS: dict[str, Of] = {
    "identity": lambda z: z,
    "logit": ops.sigmoid,
    "log": ops.exp,
    "softmax": lambda z: ops.softmax(z, axis=-1),
}
"""The expected target, by the name of the link."""

LOSSES: dict[str, Of] = {
    "identity": half_squared_error,
    "logit": ops.logistic_loss,
    "log": lambda z, y: ops.exp(z) - y * z,
    "softmax": lambda z, y: ops.cross_entropy(z, y),
}
"""The negative log-likelihood but for what the parameters do not change: of Gaussian targets of
variance 1, Bernoulli, Poisson and categorical ones."""

MOST_STEPS = 100


@plugin("model", theory="loss-04")
@module
class GLM:
    r"""A linear map behind a link: the expected target is a function of ``x W + b``.

    .. math::
        E[y \mid x] = s(x W + b), \qquad J = -\log p(y \mid x; W, b), \qquad
        \nabla_W J = x^T (E[y \mid x] - y)

    Attributes
    ----------
    weight : array (n,) or (n, m)
        With a column for each class under ``"softmax"``.
    bias : array () or (m,)
    link : str
        ``"identity"``, ``"logit"``, ``"log"`` or ``"softmax"``: the canonical ones.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> model = cr.models.GLM.fit(x, np.array([1.0, 3.0, 5.0]), "identity")
    >>> model.weight.round(6), float(model.bias.round(6))
    (array([2.]), 1.0)
    """

    weight: Any
    bias: Any
    link: str = static(default="identity")

    def __call__(self, x: Any) -> Any:
        """The expected target of each row of `x` (N, n)."""
        return MEANS[self.link](x @ self.weight + self.bias)

    def loss(self, x: Any, y: Any) -> Any:
        """The negative log-likelihood of each target, but for constants."""
        return LOSSES[self.link](x @ self.weight + self.bias, y)

    @classmethod
    def fit(cls, x: Any, y: Any, link: str, *, penalty: float = 0.0) -> GLM:
        """The parameters of greatest likelihood, by Newton's method in float64.

        Parameters
        ----------
        x : array (N, n)
        y : array (N,)
            Targets; integers from 0 under ``"softmax"``.
        link : str
            See `GLM`.
        penalty : float
            Half of it times the weights' squares is added to the sum of losses; 0 for none, for
            which classes that a plane parts have no finite solution.

        Raises
        ------
        ArgumentError
            For an unknown link, or when the steps do not come to rest.
        """
        if link not in MEANS:
            raise ArgumentError(f"GLM: the link is {link!r}, wanted one of {', '.join(MEANS)}")
        x, y = np.asarray(x, np.float64), np.asarray(y)
        classes = (int(y.max()) + 1,) if link == "softmax" else ()
        width = x.shape[1]

        def model(flat: Any) -> GLM:
            whole = ops.reshape(flat, shape=(width + 1, *classes))
            return cls(whole[:-1], whole[-1], link)

        def total(flat: Any) -> Any:
            own = model(flat)
            return np.sum(own.loss(x, y)) + penalty / 2 * np.sum(own.weight * own.weight)

        slope, curvature = compile(grad(total)), compile(hessian(total))
        flat = np.zeros((width + 1) * (classes[0] if classes else 1))
        value = float(total(flat))
        for _ in range(MOST_STEPS):
            gradient = slope(flat)
            # Softmax logits may all be moved by the same number: the shortest step is taken.
            step = np.linalg.lstsq(curvature(flat), -gradient, rcond=1e-12)[0]
            scale = 1.0
            while scale > 1e-6 and not float(total(flat + scale * step)) <= value:
                scale /= 2
            flat = flat + scale * step
            value = min(value, float(total(flat)))
            if np.linalg.norm(scale * step) <= 1e-10 * (1 + np.linalg.norm(flat)):
                return cls(*_parts(flat, width, classes), link)
        raise ArgumentError(f"GLM: Newton's method did not come to rest in {MOST_STEPS} steps")


def _parts(flat: Any, width: int, classes: tuple[int, ...]) -> tuple[Any, Any]:
    whole = flat.reshape(width + 1, *classes)
    return whole[:-1], whole[-1]
