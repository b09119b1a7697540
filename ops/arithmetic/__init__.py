"""Arithmetic, elementwise."""
