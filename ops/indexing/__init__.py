"""Gathers, scatters and indexing."""
