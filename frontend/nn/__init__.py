"""Layers: frozen dataclasses of arrays, called like functions, that are pytrees by themselves."""

from .batch_norm import BatchNorm
from .initial import glorot, he
from .linear import Linear
from .mlp import MLP

__all__ = ["MLP", "BatchNorm", "Linear", "glorot", "he"]
