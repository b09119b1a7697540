"""Matrices and norms."""
