"""Movements of elements without arithmetic."""
