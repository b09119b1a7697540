"""Which units may have their two inputs exchanged without changing a bit."""

from __future__ import annotations

from .graph import Unit
from .kinds import Elementwise
from .scalar import Word

# IEEE 754 addition and multiplication commute, also for infinities, signed zeros and NaN (whose
# sign and payload are not part of any promise here).
COMMUTATIVE = frozenset(
    {Word.ADD, Word.MULTIPLY, Word.AND, Word.OR, Word.XOR, Word.EQUAL, Word.NOT_EQUAL}
)


def is_symmetric(unit: Unit) -> bool:
    """True when the unit's body is one commutative word over its two inputs.

    Read from the body, so that no plugin has to promise it: ``select(x > y, x, y)`` is not
    symmetric (it tells 0.0 from -0.0), ``x + y`` is.
    """
    if len(unit.inputs) != 2 or not isinstance(unit.op, Elementwise) or unit.op.effect:
        return False
    body = unit.op.body([operand.array_type for operand in unit.inputs], unit.attributes)
    taken = [operand.detail for operand in body.operands if operand.word is Word.INPUT]
    return body.word in COMMUTATIVE and sorted(taken) == [0, 1]
