"""Probability and information."""
