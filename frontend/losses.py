"""Losses: one value per example or per element, which the caller averages.

None of them reduces over the batch, so that weighting and masking stay ordinary code::

    cr.losses.cross_entropy(logits, labels).mean()
"""

from __future__ import annotations

from typing import Any

from ..ops import cross_entropy as cross_entropy


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


__all__ = ["cross_entropy", "squared_error"]
