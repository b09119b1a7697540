"""Roles: the few ops and functions that the compiler must find, named by what they do for it."""

from __future__ import annotations

import enum


class Role(enum.Enum):
    """What a plugin with ``role=...`` promises; one plugin fills each role.

    INDEX and AT are played by functions (`Registry.play`): a key of indices is no attribute.
    """

    ADD = enum.auto()
    """``add(x, y)``: sums cotangents."""
    SUM = enum.auto()
    """``sum(x, axis=, keepdims=)``: undoes broadcasting."""
    BROADCAST = enum.auto()
    """``broadcast_to(x, shape=)``."""
    RESHAPE = enum.auto()
    """``reshape(x, shape=)``."""
    TRANSPOSE = enum.auto()
    """``transpose(x, axes=)``."""
    CAST = enum.auto()
    """``cast(x, dtype=)``."""
    SELECT = enum.auto()
    """``where(condition, x, y)``."""
    MULTIPLY = enum.auto()
    """``mul(x, y)``."""
    CONTRACT = enum.auto()
    """``dot_general(x, y, contract=, batch=)``."""
    INDEX = enum.auto()
    """Basic and integer-array indexing: ``getitem(x, key)``, behind ``x[key]``."""
    AT = enum.auto()
    """Updated copies: ``at(x)``, behind ``x.at[key].set(values)``."""
