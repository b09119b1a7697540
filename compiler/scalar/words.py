"""The words of the vocabulary, one member each; their meanings stand in one table per device."""

from __future__ import annotations

import enum


class Word(enum.Enum):
    """What one node of a scalar expression does; see the function of the same name."""

    INPUT = enum.auto()
    LITERAL = enum.auto()
    LOAD = enum.auto()
    ADD = enum.auto()
    SUBTRACT = enum.auto()
    MULTIPLY = enum.auto()
    DIVIDE = enum.auto()
    TRUNCATED_DIVIDE = enum.auto()
    TRUNCATED_REMAINDER = enum.auto()
    NEGATE = enum.auto()
    LESS = enum.auto()
    LESS_EQUAL = enum.auto()
    EQUAL = enum.auto()
    NOT_EQUAL = enum.auto()
    AND = enum.auto()
    OR = enum.auto()
    XOR = enum.auto()
    NOT = enum.auto()
    SHIFT_LEFT = enum.auto()
    SHIFT_RIGHT = enum.auto()
    SELECT = enum.auto()
    RARELY = enum.auto()
    FMA = enum.auto()
    SQRT = enum.auto()
    ABS = enum.auto()
    FLOOR = enum.auto()
    CEIL = enum.auto()
    TRUNC = enum.auto()
    ROUND_EVEN = enum.auto()
    COPYSIGN = enum.auto()
    LDEXP = enum.auto()
    ISNAN = enum.auto()
    BITCAST = enum.auto()
    CAST = enum.auto()


COMPARISONS = frozenset({Word.LESS, Word.LESS_EQUAL, Word.EQUAL, Word.NOT_EQUAL, Word.ISNAN})
