"""The verifier of kernels refuses what breaks a rule, says which, and shows where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nine_kernels import NINE, product, skip_gram, softmax

from chainrule import ops
from chainrule.compiler.dtypes import float32, float64, int32, int64
from chainrule.compiler.errors import VerificationError
from chainrule.compiler.kernel.builder import Builder, Combiner
from chainrule.compiler.kernel.grammar import Array, Body, Combine, For, Local, Store, When
from chainrule.compiler.kernel.terms import Terms
from chainrule.compiler.kernel.verify import verify
from chainrule.compiler.scalar import (
    Scalar,
    Word,
    cast,
    select,
    truncated_divide,
    truncated_remainder,
)


def refused(body: Body) -> str:
    with pytest.raises(VerificationError) as error:
        verify(body)
    return str(error.value)


def sentence(body: Body) -> str:
    return refused(body).splitlines()[0].removeprefix("kernel kernel: ")


@pytest.mark.parametrize("name", NINE)
def test_the_nine_kernels_are_sound(name: str) -> None:
    verify(NINE[name]().body(), name)


def test_a_fault_is_shown_among_ten_lines() -> None:
    k = softmax(2, 3)
    body = k.body()
    (loop,) = body.statements
    assert isinstance(loop, For)
    greatest = loop.statements[0]
    total = greatest.statements[0]
    row = total.statements[0]
    wrong = replace(row, statements=row.statements[1:])
    nest = replace(greatest, statements=(replace(total, statements=(wrong,)),))
    told = refused(Body(body.terms, (replace(loop, statements=(nest,)),)))
    assert told.splitlines()[:6] == [
        "kernel kernel: greatest is read before anything was written to it",
        "    for i in range(2):",
        "        greatest = local(float32)",
        "        total = local(float32)",
        "        row = local(float32, 3)",
        "        for j in range(3):",
    ]
    assert told.splitlines()[6] == "  >         greatest = max(greatest, x[i, j])"
    assert len(told.splitlines()) == 11


# Small kernels, each with one fault.


def memory(k: Builder) -> tuple[Any, Any]:
    return k.array("x", float32, 4), k.array("y", float32, 4)


def stored(place: tuple[Scalar, ...], value: Scalar, terms: Terms, axis: int) -> Body:
    """``for ...: y[place] = value`` over an array of four float32."""
    y = Array("y", float32, (4,), owner="y")
    return Body(terms, (For(axis, (Store(y, place, value),)),))


def foreign_expression() -> Body:
    terms = Terms([4])
    return stored((terms.indices[0],), Scalar(Word.LITERAL, (), float32, 1.0), terms, 0)


def index_outside_its_loop() -> Body:
    terms = Terms([4, 4])
    return stored((terms.indices[0],), terms.literal(1.0, float32), terms, 1)


def axis_twice() -> Body:
    terms = Terms([4])
    (loop,) = stored((terms.indices[0],), terms.literal(1.0, float32), terms, 0).statements
    return Body(terms, (For(0, (loop,)),))


def no_such_axis() -> Body:
    terms = Terms([4])
    return stored((terms.number(0),), terms.literal(1.0, float32), terms, 3)


def wrong_count_of_indices() -> Body:
    terms = Terms([4])
    return stored((terms.indices[0],) * 2, terms.literal(1.0, float32), terms, 0)


def index_of_32_bits() -> Body:
    terms = Terms([4])
    return stored((terms.literal(2, int32),), terms.literal(1.0, float32), terms, 0)


def value_of_another_dtype() -> Body:
    terms = Terms([4])
    return stored((terms.indices[0],), terms.literal(1.0, float64), terms, 0)


def load_of_another_dtype() -> Body:
    terms = Terms([4])
    x = Array("x", float64, (4,), owner="x")
    load = terms.make(Word.LOAD, (terms.indices[0],), float32, x)
    return stored((terms.indices[0],), load, terms, 0)


def condition_of_numbers() -> Body:
    terms = Terms([4])
    body = stored((terms.indices[0],), terms.literal(1.0, float32), terms, 0)
    return Body(terms, (When(terms.literal(1, int64), body.statements),))


STRUCTURE: list[tuple[Callable[[], Body], str]] = [
    (foreign_expression, "an expression (literal) was not made by the body's terms"),
    (index_outside_its_loop, "the index of axis 0 is used outside a loop"),
    (axis_twice, "axis 0 is looped over inside its own loop"),
    (no_such_axis, "there is no axis 3"),
    (wrong_count_of_indices, "y has 1 dimensions, and 2 indices"),
    (index_of_32_bits, "an index of y is int32, not int64"),
    (value_of_another_dtype, "y holds float32, and is given float64"),
    (load_of_another_dtype, "x holds float64, and is read as float32"),
    (condition_of_numbers, "the condition is int64, not bool"),
]


@pytest.mark.parametrize(
    ("make", "says"), STRUCTURE, ids=lambda each: getattr(each, "__name__", "")
)
def test_expressions_and_accesses_fit(make: Callable[[], Body], says: str) -> None:
    assert sentence(make()) == says


def changed_combine(times: int = 1, **changes: Any) -> Body:
    """A sum with some fields of its combine replaced, or its parts repeated."""
    k = Builder()
    x, y = k.array("x", float32, 4), k.array("y", float32)
    y[()] = 0.0
    with k.loop(4) as i:
        k.combine(y[()], ops.sum, x[i])
    start, loop = k.body().statements
    assert isinstance(loop, For)
    (combine,) = loop.statements
    assert isinstance(combine, Combine)
    for name in ("arrays", "values", "init", "combine"):
        changes.setdefault(name, getattr(combine, name) * times)
    return Body(k.terms, (start, replace(loop, statements=(replace(combine, **changes),))))


Y = Array("y", float32, (), owner="y")
FLOAT_INPUT = Scalar(Word.INPUT, (), float32, 2)
LOADED = Scalar(Word.LOAD, (), float32, Y)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"init": ()}, "sum has 1 arrays, 1 values, 0 starts and 1 results"),
        ({"init": (FLOAT_INPUT,)}, "the start of sum is no literal"),
        ({"init": (Scalar(Word.LITERAL, (), int64, 0),)}, "y holds float32, and starts with int64"),
        ({"combine": (FLOAT_INPUT,)}, "sum has no input 2 of float32"),
        ({"combine": (LOADED,)}, "sum reads an array"),
        ({"combine": (Scalar(Word.INPUT, (), int64, 0),)}, "y holds float32, and becomes int64"),
    ],
)
def test_the_parts_of_a_combine_fit(changes: dict[str, Any], says: str) -> None:
    assert sentence(changed_combine(**changes)) == says


def test_the_parts_of_a_state_are_different_arrays() -> None:
    says = "the parts of sum are not different arrays of one shape"
    assert sentence(changed_combine(times=2)) == says
    other = Array("z", float32, (2,), owner="z")
    (first,) = changed_combine().statements[0:1]
    assert isinstance(first, Store)
    assert sentence(changed_combine(times=2, arrays=(first.array, other))) == says


# Local arrays.


def test_local_arrays_stay_inside() -> None:
    k = Builder()
    y = k.array("y", float32)
    with k.local(float32, name="kept") as kept:
        kept[()] = 1.0
    y[()] = kept[()]
    assert sentence(k.body()) == "kept is used where it is not local"
    twice = Body(k.terms, (k.body().statements[0], k.body().statements[0]))
    assert sentence(twice) == "kept is made local twice"


def test_an_array_of_nobody_is_local() -> None:
    terms = Terms([4])
    store = Store(Array("lost", float32, (4,)), (terms.indices[0],), terms.literal(1.0, float32))
    assert sentence(Body(terms, (For(0, (store,)),))) == "lost is used where it is not local"


def carried(guarded: bool) -> Body:
    """A value that each round leaves to the next; the first one finds nothing."""
    k = Builder()
    y = k.array("y", float32, 4)
    with k.local(float32, name="last") as last, k.loop(4, ordered=True) as t:
        if guarded:
            y[t] = 0.0
            with k.when(t > 0):
                y[t] = last[()]
        else:
            y[t] = last[()]
        last[()] = 2.0
    return k.body()


def test_local_arrays_are_written_first() -> None:
    assert sentence(carried(False)) == "last is read before anything was written to it"
    verify(carried(True))


def test_a_loop_without_rounds_writes_nothing() -> None:
    k = Builder()
    y = k.array("y", float32)
    with k.local(float32, name="s") as s:
        with k.loop(0):
            s[()] = 1.0
        y[()] = s[()]
    assert sentence(k.body()) == "s is read before anything was written to it"


# Places.


def shifted(by: int, guard: Callable[[Scalar], Scalar] | None = None) -> Body:
    """``y[i] = x[i + by]``, where a condition may hold."""
    k = Builder()
    x, y = memory(k)
    with k.loop(4) as i:
        if guard is None:
            y[i] = x[i + by]
        else:
            with k.when(guard(i)):
                y[i] = x[i + by]
    return k.body()


@pytest.mark.parametrize(
    ("by", "says"),
    [(1, "reaches from 1 to 4"), (-1, "reaches from -1 to 2"), (9, "reaches from 9 to 12")],
)
def test_places_are_inside(by: int, says: str) -> None:
    assert sentence(shifted(by)) == f"an index of x {says} in dimension 0 of length 4"


@pytest.mark.parametrize(
    ("by", "guard"),
    [
        (1, lambda i: i < 3),
        (1, lambda i: i + 1 <= 3),
        (1, lambda i: ~(i >= 3)),
        (-1, lambda i: i > 0),
        (-1, lambda i: (i > 0) & (i < 3)),
        (-3, lambda i: i == 3),
    ],
)
def test_conditions_keep_places_inside(by: int, guard: Callable[[Scalar], Scalar]) -> None:
    verify(shifted(by, guard))


def chosen(index: Callable[[Scalar], Scalar]) -> Body:
    """``y[i] = x[index(i)]`` for eight indices and four elements."""
    k = Builder()
    x, y = k.array("x", float32, 4), k.array("y", float32, 8)
    with k.loop(8) as i:
        y[i] = x[index(i)]
    return k.body()


@pytest.mark.parametrize(
    "index",
    [
        lambda i: select(i >= 4, i - 4, 0),
        lambda i: select(i < 4, i, i - 4),
        lambda i: select((i > 2) & (i < 7), i - 3, 0),
        lambda i: select((i < 2) | (i > 5), 0, i - 2),
        lambda i: truncated_divide(select(i >= 2, i - 2, 0), 2) + 1,
        lambda i: select(i > 3, select(i > 5, i - 6, i - 2), 3 - i),
        lambda i: select(i == 7, i - 5, 1),
        lambda i: 1 - truncated_divide(select(i < 3, i, 0), 2),
        lambda i: truncated_divide(select(i < 4, i, 0), 2) * 3,
        lambda i: select(i > 3, truncated_divide(i, 2) - 2, 0),
    ],
)
def test_choices_keep_places_inside(index: Callable[[Scalar], Scalar]) -> None:
    verify(chosen(index))


@settings(max_examples=300, deadline=None)
@given(
    bound=st.integers(-1, 9),
    by=st.integers(1, 5),
    factor=st.integers(-3, 3),
    start=st.integers(-4, 9),
    shift=st.integers(-4, 9),
)
def test_places_that_pass_are_inside(
    bound: int, by: int, factor: int, start: int, shift: int
) -> None:
    """Conditions, choices and quotients of random sizes, against every index that there is."""
    indices = [(i if i < bound else 1) // by * factor + max(i - start, 0) + shift for i in range(8)]
    try:
        verify(
            chosen(
                lambda i: (
                    truncated_divide(select(i < bound, i, 1), by) * factor
                    + select(i >= start, i - start, 0)
                    + shift
                )
            )
        )
    except VerificationError:
        return
    assert all(0 <= index < 4 for index in indices)


def test_choices_that_do_not_help() -> None:
    wide = chosen(lambda i: 1 - truncated_divide(select(i < 5, i, 0), 2))
    assert "reaches from -2 to 1" in sentence(wide)
    wide = chosen(lambda i: truncated_divide(select(i < 5, i, 0), 2) * 3)
    assert "reaches from 0 to 9" in sentence(wide)
    assert "reaches from -4 to 3" in sentence(chosen(lambda i: select(i >= 3, i - 4, 0)))
    assert "reaches from 0 to 7" in sentence(chosen(lambda i: select(i < 4, 0, i)))
    assert "reaches from 0 to 7" in sentence(chosen(lambda i: select((i < 4) & (i > 2), 0, i)))


def test_conditions_that_do_not_help() -> None:
    assert "reaches from 1 to 4" in sentence(shifted(1, lambda i: i > 0))
    assert "reaches from 2 to 5" in sentence(shifted(2, lambda i: i < 3))


def test_what_never_runs_may_reach_anywhere() -> None:
    k = Builder()
    x = k.array("x", float32, 4)
    with k.loop(0) as i:
        x[i + 9] = 1.0
    verify(k.body())


# Rounds.

ROUNDS: dict[str, tuple[Callable[[Builder], None], str]] = {}


def rounds(says: str) -> Callable[[Callable[[Builder], None]], Callable[[Builder], None]]:
    """A kernel, and what is wrong with it without order ("" for nothing)."""

    def note(make: Callable[[Builder], None]) -> Callable[[Builder], None]:
        ROUNDS[make.__name__] = make, says
        return make

    return note


READS = "a round of a loop of 4 without order may read of y what another writes"
WRITES = "two rounds of a loop of 4 without order may write to one place of y"
SAME = "every round of a loop of 4 without order stores to the same place of y"


@rounds(SAME)
def one_place(k: Builder) -> None:
    x, y = memory(k)
    with k.loop(4) as i:
        y[0] = x[i]


@rounds(READS)
def running_sum(k: Builder) -> None:
    _, y = memory(k)
    with k.loop(4) as i, k.when(i > 0):
        y[i] = y[i] + y[i - 1]


@rounds("")
def in_place(k: Builder) -> None:
    _, y = memory(k)
    with k.loop(4) as i:
        y[i] = y[i] * 2.0


@rounds(READS)
def sum_read_too_early(k: Builder) -> None:
    x, y = memory(k)
    z = k.array("z", float32, 4)
    with k.loop(4) as i:
        k.combine(y[0], ops.sum, x[i])
        z[i] = y[0]


@rounds(WRITES)
def sum_and_maximum_of_one_state(k: Builder) -> None:
    x, y = memory(k)
    with k.loop(4) as i:
        k.combine(y[0], ops.sum, x[i])
        k.combine(y[0], ops.max, x[i])


@rounds("")
def two_terms_of_one_sum(k: Builder) -> None:
    x, y = memory(k)
    with k.loop(4) as i:
        k.combine(y[0], ops.sum, x[i])
        k.combine(y[0], ops.sum, x[i] * x[i])


@rounds(WRITES)
def halves_meet(k: Builder) -> None:
    y = k.array("y", float32, 8)
    with k.loop(4) as i, k.loop(4) as j:
        y[i + j] = 1.0


@rounds(WRITES)
def sums_meet(k: Builder) -> None:
    y = k.array("y", float32, 8)
    with k.loop(4) as i, k.loop(4) as j:
        k.combine(y[i + j], ops.sum, 1.0)


@rounds("")
def tiles(k: Builder) -> None:
    y = k.array("y", float32, 16)
    with k.loop(4) as i, k.loop(4) as j:
        y[i * 4 + j] = 1.0


@rounds("")
def transposed_tiles(k: Builder) -> None:
    y = k.array("y", float32, 16)
    with k.loop(4) as i, k.loop(4) as j:
        y[j * 4 + i] = 1.0


@rounds("")
def evens_and_odds(k: Builder) -> None:
    y = k.array("y", float32, 8)
    with k.loop(4) as i:
        y[2 * i] = 1.0
        y[2 * i + 1] = y[2 * i] + 1.0


@rounds(READS)
def evens_and_next(k: Builder) -> None:
    y = k.array("y", float32, 12)
    with k.loop(4) as i:
        y[2 * i] = 1.0
        y[2 * i + 1] = y[2 * i + 2] + 1.0


@rounds("")
def row_by_another_loop(k: Builder) -> None:
    y, z = k.array("y", float32, 4, 3), k.array("z", float32, 4, 3)
    with k.loop(4) as i:
        with k.loop(3) as j:
            y[i, j] = 1.0
        with k.loop(3) as j:
            z[i, j] = y[i, 2 - j]


@rounds("")
def reshaped(k: Builder) -> None:
    y = k.array("y", float32, 2, 2)
    with k.loop(4) as i:
        y[truncated_divide(i, 2), truncated_remainder(i, 2)] = 1.0


@rounds(WRITES)
def scattered(k: Builder) -> None:
    at, y = k.array("at", int64, 4), k.array("y", float32, 4)
    with k.loop(4) as i:
        k.combine(y[at[i]], ops.sum, 1.0)


@rounds("")
def rows_at_an_offset(k: Builder) -> None:
    at, y = k.array("at", int64), k.array("y", float32, 9)
    with k.loop(4) as i:
        y[at[()] + i] = 1.0


@rounds("")
def scratch_of_each_round(k: Builder) -> None:
    x, y = memory(k)
    with k.loop(4) as i, k.local(float32, name="scratch") as scratch:
        scratch[()] = x[i]
        y[i] = scratch[()]


@pytest.mark.parametrize("name", ROUNDS)
def test_rounds_without_order_are_apart(name: str) -> None:
    make, says = ROUNDS[name]
    k = Builder()
    make(k)
    if says:
        assert sentence(k.body()) == says
        verify(in_order(k.body()))
    else:
        verify(k.body())


def in_order(body: Body) -> Body:
    """The same with every loop in order."""

    def ordered(statement: Any) -> Any:
        if isinstance(statement, For):
            return replace(statement, statements=several(statement.statements), ordered=True)
        if isinstance(statement, (When, Local)):
            return replace(statement, statements=several(statement.statements))
        return statement

    def several(statements: Any) -> Any:
        return tuple(ordered(statement) for statement in statements)

    return Body(body.terms, several(body.statements))


def test_the_nine_without_order_are_refused() -> None:
    """Scattering in a loop without order is what the verifier is there for."""
    body = skip_gram(3, 4, 2).body()
    start, loop = body.statements
    assert isinstance(loop, For)
    loose = Body(body.terms, (start, replace(loop, ordered=False)))
    says = "two rounds of a loop of 3 without order may write to one place of du"
    assert sentence(loose) == says


def test_tiles_without_their_condition_are_refused() -> None:
    def bare(statement: Any) -> Any:
        if isinstance(statement, (For, Local)):
            inner: list[Any] = []
            for each in statement.statements:
                inner.extend(each.statements if isinstance(each, When) else [bare(each)])
            return replace(statement, statements=tuple(inner))
        return statement

    body = product(5, 8, 2).body()
    loose = Body(body.terms, tuple(map(bare, body.statements)))
    assert "reaches from 0 to 7 in dimension 0 of length 5" in sentence(loose)


def test_states_of_different_dtypes() -> None:
    k = Builder()
    x, n, y = k.array("x", float32, 4), k.array("n", int64), k.array("y", float32)
    counted = Combiner.made(
        "counted", [(0.0, float32), (0, int64)], lambda a, b: (a[0] + b[0], a[1] + b[1])
    )
    k.start((y[()], n[()]), counted)
    with k.loop(4) as i:
        k.combine((y[()], n[()]), counted, (x[i], cast(x[i] > 0.0, int64)))
    verify(k.body())
