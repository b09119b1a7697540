"""Exponentials, logarithms, circular and error functions, elementwise."""
