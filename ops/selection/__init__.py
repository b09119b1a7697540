"""Choosing between values, and converting them."""
