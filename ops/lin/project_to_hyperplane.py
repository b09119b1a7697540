"""The nearest point of a hyperplane."""

import numpy as np

from ... import ops
from ...compiler.plugin import case, composite, normal


def _reference(x, w, b, c):
    return x - ((np.matmul(x, w) + b - c) / np.sum(w * w))[..., None] * w


@composite(
    theory="lin-02",
    formula=r"P(x) = x - \frac{w^T x + b - c}{\lVert w \rVert^2}\, w",
    reference=_reference,
)
def project_to_hyperplane(x, w, b, c):
    """The point of ``{x: w^T x + b = c}`` that is nearest to each row of `x` (..., n).

    Infinite or NaN for ``w = 0``: there is no hyperplane.
    """
    over = (ops.linear(x, w) + b - c) / ops.sum(w * w)
    return x - ops.expand_dims(over, axis=-1) * w


project_to_hyperplane.samples(
    case(normal(4, 3), normal(3), normal(), normal()),
    case(normal(3), normal(3), normal(), normal()),
)
