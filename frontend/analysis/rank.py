"""The rank of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...compiler.catalogue import plugin


@plugin("analysis", theory="lin-04")
def rank(matrix: Any, tolerance: float | None = None) -> int:
    r"""How many singular values are above a tolerance.

    .. math:: \operatorname{rank}(W_L \cdots W_1) \le \min_l \operatorname{rank}(W_l)

    Parameters
    ----------
    matrix : array (m, n)
        Of floats.
    tolerance : float, optional
        What counts as zero; by default the largest singular value times the greater extent times
        the spacing of the dtype at 1, as in NumPy.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> cr.analysis.rank(np.outer([1.0, 2.0], [3.0, 4.0, 5.0]))
    1
    """
    return int(np.linalg.matrix_rank(np.asarray(matrix), tol=tolerance))
