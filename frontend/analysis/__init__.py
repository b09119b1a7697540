"""Tools that tell what a function of yours is: theorems that can be pointed at code."""

from .level_set import level_set
from .linearity import is_linear, representer
from .rank import rank

__all__ = ["is_linear", "level_set", "rank", "representer"]
