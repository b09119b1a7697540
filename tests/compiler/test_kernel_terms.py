"""Index arithmetic of kernels: simplified, and still the same numbers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.compiler.dtypes import bool_, int64
from chainrule.compiler.kernel.joining import Accesses, loops_over
from chainrule.compiler.kernel.terms import Terms, postorder
from chainrule.compiler.scalar import Scalar, Word

INTEGER_WORDS = (
    *(Word.ADD, Word.SUBTRACT, Word.MULTIPLY, Word.TRUNCATED_DIVIDE, Word.TRUNCATED_REMAINDER),
    *(Word.LESS, Word.LESS_EQUAL, Word.EQUAL, Word.NOT_EQUAL),
)


def truncated(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


MEANING: dict[Word, Any] = {
    Word.ADD: lambda a, b: a + b,
    Word.SUBTRACT: lambda a, b: a - b,
    Word.MULTIPLY: lambda a, b: a * b,
    Word.TRUNCATED_DIVIDE: truncated,
    Word.TRUNCATED_REMAINDER: lambda a, b: a - truncated(a, b) * b,
    Word.LESS: lambda a, b: a < b,
    Word.LESS_EQUAL: lambda a, b: a <= b,
    Word.EQUAL: lambda a, b: a == b,
    Word.NOT_EQUAL: lambda a, b: a != b,
    Word.SELECT: lambda c, a, b: a if c else b,
}


def value(root: Scalar, indices: tuple[int, ...]) -> Any:
    """An expression's value at a place of the domain."""
    known: dict[int, Any] = {}
    for scalar in postorder([root]):
        if scalar.word is Word.INPUT:
            known[id(scalar)] = indices[scalar.detail]
        elif scalar.word is Word.LITERAL:
            known[id(scalar)] = scalar.detail
        else:
            operands = [known[id(operand)] for operand in scalar.operands]
            known[id(scalar)] = MEANING[scalar.word](*operands)
    return known[id(root)]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_simplified_expressions_have_the_same_value(data: Any) -> None:
    """Random integer expressions over a small domain, everywhere in it."""
    extents = tuple(data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)))
    terms = Terms(extents)
    places = list(itertools.product(*map(range, extents)))
    pool = [(terms.indices[a], [p[a] for p in places]) for a in range(len(extents))]
    for _ in range(data.draw(st.integers(1, 10))):
        word = data.draw(st.sampled_from(INTEGER_WORDS))
        a, b = data.draw(st.sampled_from(pool)), data.draw(st.sampled_from(pool))
        if (word is not Word.ADD and word is not Word.SUBTRACT) or data.draw(st.booleans()):
            literal = data.draw(st.integers(1, 12))
            b = terms.number(literal), [literal] * len(places)
        made = terms.make(word, (a[0], b[0]), bool_ if word.name in COMPARED else int64)
        wanted = [MEANING[word](x, y) for x, y in zip(a[1], b[1], strict=True)]
        assert [value(made, p) for p in places] == wanted
        if made.dtype is bool_:
            yes, no = data.draw(st.sampled_from(pool)), data.draw(st.sampled_from(pool))
            chosen = terms.make(Word.SELECT, (made, yes[0], no[0]), int64)
            wanted = [y if c else n for c, y, n in zip(wanted, yes[1], no[1], strict=True)]
            assert [value(chosen, p) for p in places] == wanted
            made = chosen
        span = terms.range(made)
        assert span is None or all(span[0] <= v <= span[1] for v in wanted)
        pool.append((made, wanted))


COMPARED = {"LESS", "LESS_EQUAL", "EQUAL", "NOT_EQUAL"}


def unravelled(terms: Terms, linear: Scalar, shape: tuple[int, ...]) -> list[Scalar]:
    """The position in `shape` of a row-major number."""
    position = []
    for extent in reversed(shape):
        d = terms.number(extent)
        position.append(terms.make(Word.TRUNCATED_REMAINDER, (linear, d), int64))
        linear = terms.make(Word.TRUNCATED_DIVIDE, (linear, d), int64)
    return position[::-1]


def test_reshapes_that_fit_leave_no_quotient() -> None:
    """(4, 6) read as (2, 2, 2, 3): every index is linear again, and one loop walks all."""
    terms = Terms((2, 2, 2, 3))
    linear = terms.flat(terms.indices, terms.extents)
    rows = unravelled(terms, linear, (4, 6))
    words = {scalar.word for scalar in postorder(rows)}
    assert words <= {Word.INPUT, Word.LITERAL, Word.ADD, Word.MULTIPLY}
    assert terms.flat(rows, (4, 6)) is linear
    loops = loops_over(terms, range(len(terms.extents)))
    assert len(Accesses(terms, [], [linear]).joined(loops)) == 1


def test_two_reshapes_that_do_not_fit_cancel() -> None:
    terms = Terms((6, 4))
    linear = terms.flat(terms.indices, terms.extents)
    there = unravelled(terms, linear, (3, 8))
    assert terms.flat(there, (3, 8)) is linear


def test_a_part_of_three_axes_that_they_do_not_fit_cancels() -> None:
    """Blocks of 16 elements of an array of (5, 7, 9), read in its own shape: quotients twice."""
    terms = Terms((19, 16))
    linear = terms.flat(terms.indices, terms.extents)
    assert terms.flat(unravelled(terms, linear, (5, 7, 9)), (5, 7, 9)) is linear


def test_sums_wrap_as_integers_of_64_bits_do() -> None:
    terms = Terms((3,))
    big = terms.number(2**62)
    doubled = terms.make(Word.MULTIPLY, (big, terms.number(4)), int64)
    assert value(doubled, (0,)) == 0
    huge = terms.make(Word.MULTIPLY, (terms.indices[0], big), int64)
    assert terms.range(huge) is None


def test_negative_zero_and_zero_are_two_literals() -> None:
    from chainrule.compiler.dtypes import float32

    terms = Terms(())
    assert terms.literal(0.0, float32) is not terms.literal(-0.0, float32)
    assert terms.literal(np.nan, float32) is terms.literal(np.nan, float32)
