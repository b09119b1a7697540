"""A compiler that turns NumPy-style Python functions into fast, differentiable programs."""

__version__ = "0.1.0"

from . import ops as ops
