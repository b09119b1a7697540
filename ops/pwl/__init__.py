"""Rectified units and piecewise-linear functions."""
