"""Comparisons, elementwise."""
