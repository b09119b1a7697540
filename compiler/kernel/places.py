"""Whether every place whose index has a known range is inside its array, conditions considered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import gcd

from ..dtypes import int64
from ..scalar import Scalar, Word
from .grammar import For, When
from .invariants import Fault, Kernel, Visit
from .terms import Terms, postorder

_CHOICES = 8  # in one index; each is tried both ways


def accesses_inside(kernel: Kernel) -> Iterator[Fault]:
    """Where the range of an index is known, it stays inside its array."""
    terms = kernel.terms
    for visit in kernel.visits:
        if _never_runs(terms, visit):
            continue
        guards = [
            bound
            for each in visit.path
            if isinstance(each, When)
            for bound in _bounds(terms, each.condition, True)
        ]
        for array, where in visit.accesses:
            for dimension, (index, extent) in enumerate(zip(where, array.shape, strict=True)):
                span = terms.range(index)
                if span is None or _within(terms, index, extent, guards):
                    continue
                yield Fault(
                    f"an index of {array} reaches from {span[0]} to {span[1]} in dimension "
                    f"{dimension} of length {extent}",
                    visit.statement,
                )


def _never_runs(terms: Terms, visit: Visit) -> bool:
    return any(isinstance(each, For) and terms.extents[each.axis] == 0 for each in visit.path)


def _within(
    terms: Terms, index: Scalar, extent: int, guards: Sequence[Scalar], choices: int = _CHOICES
) -> bool:
    """True when ``0 <= index < extent``, given that no guard is positive."""
    span = terms.range(index)
    if span is not None and span[0] >= 0 and span[1] < extent:
        return True
    over = _difference(terms, index, terms.number(extent - 1))
    under = _difference(terms, terms.number(0), index)
    if all(_never_positive(terms, each, guards) for each in (over, under)):
        return True
    choice = _choice(index)
    if choice is None or not choices:
        return False
    condition, *results = choice.operands
    return all(
        _within(
            terms,
            _chosen(terms, index, choice, result),
            extent,
            [*guards, *_bounds(terms, condition, holds)],
            choices - 1,
        )
        for result, holds in zip(results, (True, False), strict=True)
    )


def _never_positive(terms: Terms, scalar: Scalar, guards: Sequence[Scalar], times: int = 1) -> bool:
    """True when a sum is not positive, given that no guard (each taken `times`) is."""
    scalar = _reduced(terms, scalar)
    for guard in (terms.number(0), *guards):
        span = terms.range(_difference(terms, scalar, _scaled(terms, guard, times)))
        if span is not None and span[1] <= 0:
            return True
    return any(
        _never_positive(terms, wider, guards, each)
        for quotient, factor in terms.form(scalar).products
        if (wider := _without(terms, scalar, quotient, factor)) is not None
        for each in {1, abs(factor) * times}
    )


def _without(terms: Terms, scalar: Scalar, quotient: Scalar, factor: int) -> Scalar | None:
    """A sum that is positive wherever ``scalar = a + factor * (x // d)`` is, if there is one.

    As ``x - d + 1 <= d * (x // d) <= x``, ``d * scalar`` is at most ``d * a + factor * x``, or that
    less ``factor * (d - 1)`` for a negative factor; and it is at least `d` where `scalar` is
    positive.
    """
    if quotient.word is not Word.TRUNCATED_DIVIDE or quotient.operands[1].word is not Word.LITERAL:
        return None
    x, by = quotient.operands[0], quotient.operands[1].detail
    rest = _difference(terms, scalar, _scaled(terms, quotient, factor))
    spans = terms.range(x), terms.range(rest)
    if by <= 0 or spans[0] is None or spans[1] is None or spans[0][0] < 0:
        return None
    if max(map(abs, spans[1])) * by + spans[0][1] * abs(factor) >= 2**62:
        return None
    bound = terms.make(Word.ADD, (_scaled(terms, rest, by), _scaled(terms, x, factor)), int64)
    return _difference(terms, bound, terms.number((by - 1) * (1 + min(factor, 0))))


def _reduced(terms: Terms, scalar: Scalar) -> Scalar:
    """The sum over the common divisor of its factors: positive where the sum is."""
    form = terms.form(scalar)
    by = gcd(*(factor for _, factor in form.products))
    if by < 2:
        return scalar
    total = terms.number(-(-form.constant // by))
    for atom, factor in form.products:
        total = terms.make(Word.ADD, (total, _scaled(terms, atom, factor // by)), int64)
    return total


def _scaled(terms: Terms, scalar: Scalar, factor: int) -> Scalar:
    return terms.make(Word.MULTIPLY, (scalar, terms.number(factor)), int64)


def _difference(terms: Terms, a: Scalar, b: Scalar) -> Scalar:
    return terms.make(Word.SUBTRACT, (a, b), int64)


def _choice(index: Scalar) -> Scalar | None:
    """An innermost choice between two indices."""
    found = (s for s in postorder([index], _arithmetic) if s.word is Word.SELECT)
    return next(found, None)


def _arithmetic(scalar: Scalar) -> tuple[Scalar, ...]:
    """The operands that are summed, divided or chosen from."""
    if scalar.word is Word.SELECT:
        return scalar.operands[1:]
    return () if scalar.word is Word.LOAD else scalar.operands


def _chosen(terms: Terms, index: Scalar, choice: Scalar, result: Scalar) -> Scalar:
    """The index with a choice made."""
    new = {id(choice): result}
    for scalar in postorder([index]):
        if id(scalar) not in new:
            operands = tuple(new[id(operand)] for operand in scalar.operands)
            new[id(scalar)] = terms.make(scalar.word, operands, scalar.dtype, scalar.detail)
    return new[id(index)]


def _bounds(terms: Terms, condition: Scalar, holds: bool) -> Iterator[Scalar]:
    """Sums of indices that are not positive where a condition holds, or where it does not."""
    word = condition.word
    if word is Word.NOT:
        yield from _bounds(terms, condition.operands[0], not holds)
    if word is (Word.AND if holds else Word.OR):
        for operand in condition.operands:
            yield from _bounds(terms, operand, holds)
    if word not in (Word.LESS, Word.LESS_EQUAL, Word.EQUAL):
        return
    a, b = condition.operands
    if a.dtype is not int64:
        return
    if word is Word.EQUAL:
        pairs = [(a, b), (b, a)] if holds else []
    else:
        pairs = [(a, b) if holds else (b, a)]
    strict = (word is Word.LESS) is holds and word is not Word.EQUAL
    for low, high in pairs:
        step = terms.number(1 if strict else 0)
        yield terms.make(Word.ADD, (_difference(terms, low, high), step), int64)
