"""Probability distributions: densities, moments, entropies and divergences."""

__all__: list[str] = []
