"""Scalar expressions of one kernel: each is made once, and index arithmetic is kept linear.

Integers of 64 bits are held as sums of products ``c0 + c1 * a1 + ...`` of atoms (loop indices,
loads, quotients, ...). That is exact, as two's complement is a ring. What needs more (a quotient, a
comparison) is simplified only where the ranges of all atoms are known, so that nothing overflows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..dtypes import DType, bool_, int64
from ..scalar import Scalar, Word

RING = frozenset({Word.ADD, Word.SUBTRACT, Word.MULTIPLY, Word.NEGATE})
Range = tuple[int, int]


class Form(NamedTuple):
    """The sum of a constant and of products of atoms and factors, in the atoms' order."""

    constant: int
    products: tuple[tuple[Scalar, int], ...]


class Terms:
    """The expressions of one kernel over the indices of its domain.

    Parameters
    ----------
    extents : sequence of int
        The axes to begin with; `axis` makes more.

    Attributes
    ----------
    extents : list of int
        How many values the index of each axis takes.
    indices : list of Scalar
        The index of each axis: an ``INPUT`` scalar, or 0 for an axis of length 1.
    """

    def __init__(self, extents: Sequence[int] = ()) -> None:
        self.extents: list[int] = []
        self.indices: list[Scalar] = []
        self._known: dict[Any, Scalar] = {}
        self._serial: dict[int, int] = {}
        self._forms: dict[int, Form] = {}
        self._ranges: dict[int, Range | None] = {}
        for extent in extents:
            self.axis(extent)

    def axis(self, extent: int) -> int:
        """A new axis; returns its number."""
        number = len(self.extents)
        self.extents.append(extent)
        index = self.number(0) if extent == 1 else self._intern(Word.INPUT, (), int64, number)
        self.indices.append(index)
        return number

    def number(self, value: int) -> Scalar:
        """An index literal."""
        return self.literal(value, int64)

    def literal(self, value: Any, dtype: DType) -> Scalar:
        """A literal; floats are told apart by their bits."""
        return self._intern(Word.LITERAL, (), dtype, value)

    def make(
        self, word: Word, operands: tuple[Scalar, ...], dtype: DType, detail: Any = None
    ) -> Scalar:
        """The expression, simplified where it is index arithmetic."""
        if word is Word.LITERAL:
            return self.literal(detail, dtype)
        if dtype is int64 and word in RING:
            form = self._ring(word, operands)
            if form is not None:
                return self._of(form)
        if dtype is int64 and word in (Word.TRUNCATED_DIVIDE, Word.TRUNCATED_REMAINDER):
            found = self._division(word, *operands)
            if found is not None:
                return found
        if dtype is bool_ or word is Word.SELECT:
            found = self._decided(word, operands)
            if found is not None:
                return found
        return self._intern(word, operands, dtype, detail)

    def substitute(self, order: Sequence[Scalar], inputs: Sequence[Scalar]) -> Scalar:
        """The last of `order` (a body from its leaves up) with its INPUTs replaced."""
        new: dict[int, Scalar] = {}
        for scalar in order:
            if scalar.word is Word.INPUT:
                new[id(scalar)] = inputs[scalar.detail]
            else:
                operands = tuple(new[id(operand)] for operand in scalar.operands)
                new[id(scalar)] = self.make(scalar.word, operands, scalar.dtype, scalar.detail)
        return new[id(order[-1])]

    def flat(self, position: Sequence[Scalar], shape: Sequence[int]) -> Scalar:
        """The row-major number of an element."""
        linear = self.number(0)
        for index, extent in zip(position, shape, strict=True):
            scaled = self.make(Word.MULTIPLY, (linear, self.number(extent)), int64)
            linear = self.make(Word.ADD, (scaled, index), int64)
        return linear

    def form(self, scalar: Scalar) -> Form:
        """An int64 expression as a sum."""
        if scalar.word is Word.LITERAL and scalar.dtype.is_integer:
            return Form(scalar.detail, ())
        return self._forms.get(id(scalar)) or Form(0, ((scalar, 1),))

    def range(self, scalar: Scalar) -> Range | None:
        """The least and the greatest value, where both are known and no sum overflows."""
        key = id(scalar)
        if key not in self._ranges:
            self._ranges[key] = self._range(scalar)
        return self._ranges[key]

    def owns(self, scalar: Scalar) -> bool:
        """True for expressions that were made here."""
        return id(scalar) in self._serial

    # Making each expression once.

    def _intern(
        self, word: Word, operands: tuple[Scalar, ...], dtype: DType, detail: Any
    ) -> Scalar:
        mark = repr(detail) if word is Word.LITERAL else detail
        key = word, dtype, mark, *map(id, operands)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Scalar(word, operands, dtype, detail)
            self._serial[id(found)] = len(self._serial)
        return found

    # Sums of products.

    def _ring(self, word: Word, operands: tuple[Scalar, ...]) -> Form | None:
        forms = [self.form(operand) for operand in operands]
        if word is Word.NEGATE:
            return _sum([(forms[0], -1)])
        if word is Word.ADD:
            return _sum([(forms[0], 1), (forms[1], 1)])
        if word is Word.SUBTRACT:
            return _sum([(forms[0], 1), (forms[1], -1)])
        for one, other in (forms, reversed(forms)):
            if not one.products:
                return _sum([(other, one.constant)])
        return None

    def _of(self, form: Form) -> Scalar:
        """The expression of a sum; the same sum is the same expression."""
        products = sorted(form.products, key=lambda product: self._serial[id(product[0])])
        form = self._rejoined(Form(form.constant, tuple(products)))
        total: Scalar | None = None
        for atom, factor in form.products:
            operands = (atom, self.number(factor))
            term = atom if factor == 1 else self._intern(Word.MULTIPLY, operands, int64, None)
            if factor != 1:
                self._forms[id(term)] = Form(0, ((atom, factor),))
            total = term if total is None else self._intern(Word.ADD, (total, term), int64, None)
        if total is None:
            return self.number(form.constant)
        if form.constant:
            operands = (total, self.number(form.constant))
            total = self._intern(Word.ADD, operands, int64, None)
        if len(form.products) > 1 or form.constant:
            self._forms[id(total)] = form
        return total

    def _rejoined(self, form: Form) -> Form:
        """``c * d * (x / d) + c * (x % d)`` is ``c * x``: what two reshapes leave behind."""
        factors = {id(atom): factor for atom, factor in form.products}
        for atom, factor in form.products:
            if atom.word is not Word.TRUNCATED_REMAINDER:
                continue
            x, d = atom.operands
            whole = self._quotient(x, d)
            if whole is None or d.word is not Word.LITERAL:
                continue
            if factors.get(id(whole)) == factor * d.detail:
                rest = [p for p in form.products if p[0] is not atom and p[0] is not whole]
                joined = _sum([(Form(form.constant, tuple(rest)), 1), (self.form(x), factor)])
                return self.form(self._of(joined))
        return form

    def _quotient(self, x: Scalar, d: Scalar) -> Scalar | None:
        """``x / d`` where it is known; of a quotient ``y / e`` that is ``y / (e * d)``."""
        if x.word is Word.TRUNCATED_DIVIDE and {x.operands[1].word, d.word} == {Word.LITERAL}:
            x, d = x.operands[0], self.number(x.operands[1].detail * d.detail)
        return self._known.get((Word.TRUNCATED_DIVIDE, int64, None, id(x), id(d)))

    def _range(self, scalar: Scalar) -> Range | None:
        low = high = self.form(scalar).constant
        for atom, factor in self.form(scalar).products:
            span = self.range(atom) if atom is not scalar else self._atom_range(atom)
            if span is None:
                return None
            ends = span[0] * factor, span[1] * factor
            low, high = low + min(ends), high + max(ends)
        return (low, high) if low > -(2**62) and high < 2**62 else None

    def _atom_range(self, atom: Scalar) -> Range | None:
        if atom.word is Word.INPUT:
            return 0, self.extents[atom.detail] - 1
        if not atom.dtype.is_integer:
            return None
        if atom.word is Word.CAST:
            span, dtype = self.range(atom.operands[0]), atom.dtype
            bits = dtype.bits - (dtype.kind == "i")
            low = -(1 << bits) if dtype.kind == "i" else 0
            return span if span and low <= span[0] and span[1] < 1 << bits else None
        if atom.word is Word.SELECT:
            yes, no = self.range(atom.operands[1]), self.range(atom.operands[2])
            return (min(yes[0], no[0]), max(yes[1], no[1])) if yes and no else None
        if atom.word in (Word.TRUNCATED_DIVIDE, Word.TRUNCATED_REMAINDER):
            x, d = self.range(atom.operands[0]), self.range(atom.operands[1])
            if x and d and x[0] >= 0 and 0 < d[0] == d[1]:
                if atom.word is Word.TRUNCATED_DIVIDE:
                    return x[0] // d[0], x[1] // d[0]
                return 0, min(x[1], d[0] - 1)
        return None

    # Quotients, comparisons, choices.

    def _division(self, word: Word, x: Scalar, d: Scalar) -> Scalar | None:
        """Quotient or remainder of a sum that is known to be non-negative, by a literal."""
        span = self.range(x)
        if d.word is not Word.LITERAL or d.detail <= 0 or span is None or span[0] < 0:
            return None
        by, form = d.detail, self.form(x)
        exact = [(atom, factor) for atom, factor in form.products if factor % by == 0]
        rest = [(atom, factor) for atom, factor in form.products if factor % by != 0]
        left = self._of(Form(form.constant % by, tuple(rest)))
        left_span = self.range(left)
        if left_span is None or left_span[0] < 0:
            return None
        whole = Form(form.constant // by, tuple((atom, factor // by) for atom, factor in exact))
        small = left_span[1] < by
        if word is Word.TRUNCATED_REMAINDER:
            return left if small else self._intern(word, (left, d), int64, None)
        if small:
            return self._of(whole)
        if left.word is Word.TRUNCATED_DIVIDE and left.operands[1].word is Word.LITERAL:
            inner = self.number(left.operands[1].detail * by)
            part = self.make(word, (left.operands[0], inner), int64)
        else:
            part = self._intern(word, (left, d), int64, None)
        return self._of(_sum([(whole, 1), (self.form(part), 1)]))

    def _decided(self, word: Word, operands: tuple[Scalar, ...]) -> Scalar | None:
        """What a comparison or a choice is when its outcome is known."""
        if word in (Word.LESS, Word.LESS_EQUAL, Word.EQUAL, Word.NOT_EQUAL):
            return self._compared(word, *operands)
        if word is Word.SELECT:
            condition, yes, no = operands
            if condition.word is Word.LITERAL:
                return yes if condition.detail else no
            return yes if yes is no else None
        if word in (Word.AND, Word.OR):
            absorbing = word is Word.OR
            for one, other in (operands, tuple(reversed(operands))):
                if one.word is Word.LITERAL:
                    return one if bool(one.detail) is absorbing else other
        return None

    def _compared(self, word: Word, a: Scalar, b: Scalar) -> Scalar | None:
        if a.dtype is not int64 or self.range(a) is None or self.range(b) is None:
            return None
        span = self.range(self._of(_sum([(self.form(a), 1), (self.form(b), -1)])))
        if span is None:
            return None
        low, high = span
        outcome = {
            Word.LESS: (high < 0, low >= 0),
            Word.LESS_EQUAL: (high <= 0, low > 0),
            Word.EQUAL: (low == high == 0, low > 0 or high < 0),
            Word.NOT_EQUAL: (low > 0 or high < 0, low == high == 0),
        }[word]
        return self.literal(outcome[0], bool_) if any(outcome) else None


def _sum(parts: Iterable[tuple[Form, int]]) -> Form:
    """The sum of forms times factors, modulo 2 ** 64."""
    constant = 0
    factors: dict[int, int] = {}
    atoms: dict[int, Scalar] = {}
    for form, times in parts:
        constant += form.constant * times
        for atom, factor in form.products:
            atoms[id(atom)] = atom
            factors[id(atom)] = factors.get(id(atom), 0) + factor * times
    products = [(atoms[key], _wrapped(factor)) for key, factor in factors.items()]
    return Form(_wrapped(constant), tuple(p for p in products if p[1]))


def _wrapped(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


@lru_cache(maxsize=4096)
def order_of(root: Scalar) -> tuple[Scalar, ...]:
    """`postorder` of one expression that is asked for again and again, such as an op's body."""
    return tuple(postorder([root]))


def postorder(
    roots: Iterable[Scalar], operands: Callable[[Scalar], Iterable[Scalar]] | None = None
) -> list[Scalar]:
    """Every part of the expressions once, operands first (or what `operands` gives for them)."""
    order: list[Scalar] = []
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(tuple(roots))]
    while stack:
        scalar, ready = stack.pop()
        if ready:
            order.append(scalar)
        elif id(scalar) not in seen:
            seen.add(id(scalar))
            stack.append((scalar, True))
            below = scalar.operands if operands is None else tuple(operands(scalar))
            stack.extend((operand, False) for operand in reversed(below))
    return order
