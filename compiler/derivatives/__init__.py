"""Derivatives as graphs: reverse and forward mode over rules written with ops."""

from .forward import tangents
from .reverse import cotangents
from .transforms import linearised, pulled_back

__all__ = ["cotangents", "linearised", "pulled_back", "tangents"]
