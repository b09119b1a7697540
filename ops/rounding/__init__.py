"""Rounding, elementwise."""
