"""Layers: frozen dataclasses of arrays, called like functions, that are pytrees by themselves."""

from .initial import glorot, he
from .linear import Linear
from .mlp import MLP

__all__ = ["MLP", "Linear", "glorot", "he"]
