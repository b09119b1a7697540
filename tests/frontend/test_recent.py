"""Calls that come again: the short way answers what the lookup would, or leaves it to it."""

import collections
import gc
import sys
import threading
import warnings
from typing import Any, NamedTuple

import numpy as np
import optree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.compiler.errors import DTypeError
from chainrule.frontend.compile import RECENT_CALLS
from chainrule.frontend.pytree import flatten
from chainrule.runtime.errors import DonationWarning


class Pair(NamedTuple):
    """A named tuple among the arguments."""

    first: Any
    second: Any


@cr.module
class Affine:
    """A module with a field that belongs to the structure."""

    weight: Any
    bias: Any
    power: int = cr.static(default=2)


def is_recent(compiled, *args, **kwargs):
    """Whether a call now takes the short way."""
    taken = []
    looked_up = type(compiled)._looked_up
    compiled._looked_up = lambda args, kwargs: (
        taken.append(1),
        looked_up(compiled, args, kwargs),
    )[1]
    try:
        compiled(*args, **kwargs)
    finally:
        del compiled._looked_up
    return not taken


def warmed(function, *args, **options):
    """The function compiled and called until a call like this one is recent."""
    compiled = cr.compile(function, **options)
    compiled(*args)
    compiled(*args)
    return compiled


def leaf():
    return st.integers(0, 9).map(lambda n: np.full(2, float(n)))


def other_leaf():
    return st.one_of(
        leaf(),
        st.just(None),
        st.just(2.0),
        st.just(np.float64(3)),
        st.just(np.array(4.0)),
        st.just(True),
        st.just(np.ones((1, 2))),
        st.just(np.arange(4.0)[::2]),
        st.just(np.arange(2)),
    )


def trees(leaves):
    return st.recursive(
        leaves,
        lambda children: st.one_of(
            st.lists(children, max_size=3),
            st.lists(children, max_size=3).map(tuple),
            st.dictionaries(st.sampled_from("abc"), children, max_size=3),
            st.builds(Pair, children, children),
            st.builds(Affine, children, children, st.sampled_from([1, 1.0, True, 300, "x"])),
            st.lists(children, max_size=2).map(collections.deque),
            st.dictionaries(st.sampled_from("ab"), children).map(collections.OrderedDict),
        ),
        max_leaves=5,
    )


def answer(compiled, args):
    """What a caller sees of a call: the result's structure, values and types, or the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = compiled(*args)
        except cr.compiler.errors.LocatedError as error:
            return type(error), error.sentence
    leaves, structure = flatten(result)
    return structure, repr(result), [(leaf.dtype, leaf.shape) for leaf in leaves]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_sequence_of_calls_gives_what_first_calls_give(data):
    def doubled(tree, factor):
        return optree.tree_map(lambda x: x * factor, tree, namespace="chainrule"), tree

    known = [
        (data.draw(trees(other_leaf())), data.draw(st.sampled_from([2.0, 3, np.ones(2)])))
        for _ in range(data.draw(st.integers(1, 3)))
    ]
    calls = data.draw(st.lists(st.sampled_from(known), min_size=2, max_size=8))
    compiled = cr.compile(doubled)
    for args in [*calls, *known]:
        assert answer(compiled, args) == answer(cr.compile(doubled), args)


@pytest.mark.parametrize(
    "tree",
    [
        np.ones(2),
        [np.ones(2), np.zeros(2)],
        (np.ones(2), None, [np.ones(2)]),
        {"b": np.ones(2), "a": {"c": np.ones(2)}},
        Pair(np.ones(2), [np.ones(2)]),
        Affine(np.ones(2), np.ones(2)),
        [Affine(np.ones(2), {"x": np.ones(2)}, power=3), ()],
        2.5,
        True,
        np.float32(1.5),
        np.array(3.0),
        np.arange(4.0)[::2],
    ],
    ids=str,
)
def test_pytrees_of_our_own_become_recent(tree):
    def function(tree):
        return tree, [optree.tree_map(lambda x: x + 1, tree, namespace="chainrule")]

    compiled = warmed(function, tree)
    assert is_recent(compiled, tree)
    out = compiled(tree)
    first = cr.compile(function)(tree)
    assert flatten(out)[1] == flatten(first)[1]
    assert repr(out) == repr(first)


def test_pytrees_of_others_are_looked_up_each_time():
    compiled = warmed(lambda tree: tree["a"] * 2, collections.OrderedDict(a=np.ones(2)))
    assert not is_recent(compiled, collections.OrderedDict(a=np.ones(2)))


def test_results_of_other_peoples_nodes_are_built_by_their_own_rules():
    compiled = warmed(lambda x: collections.deque([x, {"b": x + 1}], maxlen=3), np.ones(2))
    assert is_recent(compiled, np.ones(2))
    out = compiled(np.ones(2))
    assert type(out) is collections.deque
    assert out.maxlen == 3
    np.testing.assert_array_equal(out[1]["b"], [2.0, 2.0])


def test_containers_in_results_are_new_at_each_call():
    compiled = warmed(lambda x: {"a": [x]}, np.ones(2))
    first, second = compiled(np.ones(2)), compiled(np.ones(2))
    assert first is not second
    assert first["a"] is not second["a"]


@pytest.mark.parametrize(
    "other",
    [
        [np.ones(2)],
        [np.ones(2)] * 3,
        (np.ones(2), np.ones(2)),
        [np.ones(2), None],
        [np.ones(2), [np.ones(2)]],
        [np.ones(2), np.ones(3)],
        [np.ones(2), np.ones(2, np.float32)],
        [np.ones(2), 1.0],
        [np.ones(2), cr.ShapeDtype(2, "float64")],
    ],
    ids=lambda other: str(len(other)),
)
def test_what_differs_is_looked_up(other):
    def function(tree):
        return flatten(tree)[0]

    compiled = warmed(function, [np.ones(2), np.ones(2)])
    if any(isinstance(leaf, cr.ShapeDtype) for leaf in other):
        with pytest.raises(Exception, match="ShapeDtype"):
            compiled(other)
        return
    assert not is_recent(compiled, other)
    assert len(compiled(other)) == len(flatten(other)[0])


def test_static_fields_and_arguments_are_compared():
    def function(layer, exponent):
        return layer.weight**layer.power + exponent

    compiled = warmed(function, Affine(np.ones(2), np.ones(2)), 5, static_argnames="exponent")
    for power, exponent in [(2, 5), (3, 5), (2, 6), (2, 5.0), (2, True), (2, 5)]:
        out = compiled(Affine(np.full(2, 2.0), np.ones(2), power=power), exponent)
        np.testing.assert_array_equal(out, [2.0**power + exponent] * 2)
    assert is_recent(compiled, Affine(np.ones(2), np.ones(2)), int("5"))


def test_keywords_in_any_order_are_recent():
    compiled = cr.compile(lambda a, *, b, c=1.0: a + 10 * b + 100 * c)
    one = np.ones(1)
    for _ in range(2):
        compiled(one, b=2 * one, c=3 * one)
    assert is_recent(compiled, one, c=3 * one, b=2 * one)
    assert compiled(one, c=3 * one, b=2 * one) == 321.0
    assert compiled(one, b=2 * one) == 121.0
    assert compiled(a=one, b=2 * one, c=one) == 121.0


def test_several_signatures_are_recent_at_once():
    compiled = cr.compile(lambda x: x + 1)
    arrays = [np.ones(n) for n in range(1, RECENT_CALLS + 1)]
    for array in 2 * arrays:
        compiled(array)
    assert all(is_recent(compiled, array) for array in arrays)


def test_a_rebound_capture_ends_a_recent_call():
    scale = 2.0

    def function(x):
        return x * scale

    compiled = warmed(function, np.ones(1))
    assert is_recent(compiled, np.ones(1))
    scale = 3.0
    assert compiled(np.ones(1)) == 3.0
    scale = 2.0
    for _ in range(3):
        assert compiled(np.ones(1)) == 2.0


def test_a_long_captured_list_stays_unchanged_until_it_changes():
    weights = [np.ones(1) for _ in range(300)]
    compiled = warmed(lambda x: x + weights[299], np.ones(1))
    assert is_recent(compiled, np.ones(1))
    weights.append(np.ones(1))
    assert not is_recent(compiled, np.ones(1))


def test_a_recent_call_inside_a_trace_is_inlined():
    inner = warmed(lambda x: x * 2, np.ones(2))
    outer = cr.compile(lambda x: x + inner(np.ones(2)))
    np.testing.assert_array_equal(outer(np.ones(2)), [3.0, 3.0])
    np.testing.assert_array_equal(cr.grad(lambda x: inner(x).sum())(np.ones(2)), [2.0, 2.0])


def test_donation_is_the_same_the_short_way():
    compiled = warmed(lambda w, x: w + x, np.ones(3), np.ones(3), donate_argnames="w")
    w = np.zeros(3)
    assert is_recent(compiled, w, np.ones(3))
    assert compiled(w, np.ones(3)) is w
    np.testing.assert_array_equal(w, [2.0, 2.0, 2.0])
    with pytest.warns(DonationWarning, match="is passed twice"):
        out = compiled(w, w)
    np.testing.assert_array_equal(out, [4.0, 4.0, 4.0])
    np.testing.assert_array_equal(w, [2.0, 2.0, 2.0])


def test_numbers_that_do_not_fit_fail_the_same_way():
    compiled = warmed(lambda x: x + 1, 1)
    with pytest.raises(DTypeError) as short:
        compiled(2**70)
    with pytest.raises(DTypeError) as long:
        compiled._looked_up((2**70,), {})
    assert short.value.sentence == long.value.sentence


def test_an_index_out_of_bounds_is_told_the_same_way():
    compiled = warmed(lambda x, i: x[i], np.ones(3), np.array([0]))
    with pytest.raises(cr.compiler.errors.OutOfBoundsError) as short:
        compiled(np.ones(3), np.array([7]))
    with pytest.raises(cr.compiler.errors.OutOfBoundsError) as long:
        compiled._looked_up((np.ones(3), np.array([7])), {})
    assert str(short.value) == str(long.value)


def test_a_hundred_thousand_calls_keep_no_memory():
    layer = Affine(np.ones(2), np.ones(2))
    compiled = warmed(lambda m, x: [Affine(m.weight + x, m.bias), 2.0 * x], layer, np.ones(2))
    x = np.ones(2)
    assert is_recent(compiled, layer, x)
    references = sys.getrefcount(layer), sys.getrefcount(layer.weight), sys.getrefcount(x)

    def calls(count):
        for _ in range(count):
            compiled(layer, x)

    calls(100)
    gc.collect()
    before = sys.getallocatedblocks()
    calls(100_000)
    gc.collect()
    assert sys.getallocatedblocks() - before < 200
    after = sys.getrefcount(layer), sys.getrefcount(layer.weight), sys.getrefcount(x)
    assert after == references


def test_threads_with_signatures_of_their_own():
    compiled = cr.compile(lambda x: x * 2 + 1)
    wrong = []

    def work(length):
        for step in range(300):
            x = np.full(length, float(step))
            if not np.array_equal(compiled(x), 2 * x + 1):
                wrong.append((length, step))

    threads = [threading.Thread(target=work, args=(length,)) for length in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
