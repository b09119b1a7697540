"""Linear algebra: what of ``numpy.linalg`` takes traced values."""

from __future__ import annotations

from .products import multi_dot
from .reductions import norm

__all__ = ["multi_dot", "norm"]
