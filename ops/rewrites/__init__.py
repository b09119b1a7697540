"""Rewrites about particular ops: the rules that the pass `algebra` applies, a file a family."""

from . import arithmetic, contraction, movement, reduction, selection

__all__ = ["arithmetic", "contraction", "movement", "reduction", "selection"]
