"""Losses: one value per example or per element, which the caller averages.

None of them reduces over the batch, so that weighting and masking stay ordinary code::

    cr.losses.cross_entropy(logits, labels).mean()
"""

from __future__ import annotations

from typing import Any

from ..compiler.catalogue import plugin
from ..ops import cross_entropy as cross_entropy
from ..ops import logistic_loss as logistic_loss
from ..ops import soft_cross_entropy as soft_cross_entropy
from ..ops import zero_one_error as zero_one_error


@plugin("loss", theory="loss-01")
def squared_error(prediction: Any, target: Any) -> Any:
    r"""The squared difference, element by element.

    .. math:: \ell_i = (\hat y_i - y_i)^2

    No factor 1/2: the gradient is :math:`2 (\hat y_i - y_i)`, and the mean is the mean squared
    error.

    Parameters
    ----------
    prediction, target : arrays
        Of shapes that broadcast together.

    Returns
    -------
    array
        Of their common shape and dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.losses.squared_error(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    array([1., 4.])
    """
    difference = prediction - target
    return difference * difference


@plugin("loss", theory="loss-01")
def half_squared_error(prediction: Any, target: Any) -> Any:
    r"""Half the squared difference, element by element: the negative gradient is the difference.

    .. math:: \ell_i = \tfrac12 (\hat y_i - y_i)^2, \qquad
              -\frac{\partial \ell_i}{\partial \hat y_i} = y_i - \hat y_i

    Parameters
    ----------
    prediction, target : arrays
        Of shapes that broadcast together.

    Returns
    -------
    array
        Of their common shape and dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.losses.half_squared_error(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    array([0.5, 2. ])
    """
    return squared_error(prediction, target) / 2


__all__ = [
    "cross_entropy",
    "half_squared_error",
    "logistic_loss",
    "soft_cross_entropy",
    "squared_error",
    "zero_one_error",
]
