"""Indexing against NumPy: keys of every form, gathers, scatters and updated copies."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from oracles import check_gradient, check_samples, gradient_of, graph_of, value_of

from chainrule import ops
from chainrule.compiler.errors import (
    ArgumentError,
    AxisError,
    DTypeError,
    OutOfBoundsError,
    ShapeError,
    UnsupportedError,
)
from chainrule.compiler.kinds import Movement, Scatter

X = np.arange(4 * 5 * 3, dtype=np.float64).reshape(4, 5, 3)

OPS = [
    ops.gather,
    ops.scatter_set,
    ops.scatter_add,
    ops.scatter_mul,
    ops.scatter_min,
    ops.scatter_max,
    ops.take,
    ops.take_along_axis,
]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_samples(op: Any) -> None:
    check_samples(op)


BASIC = [
    2,
    -1,
    np.int32(1),
    slice(None),
    slice(1, 3),
    slice(None, None, -1),
    slice(5, 0, -2),
    slice(2, 2),
    slice(-100, 100, 2),
    None,
    ...,
]
ARRAYS = [np.array([0, 2]), np.array([[1], [-1]]), [2, 0, 0], np.array([], dtype=int)]


def accepted(keys: Any) -> list[Any]:
    """The keys that NumPy takes for X."""
    kept = []
    for key in keys:
        try:
            X[key]
        except (IndexError, ValueError):
            continue
        kept.append(key)
    return kept


def every_key() -> list[Any]:
    """Keys of up to three entries, and longer ones that mix all forms."""
    pool = [*BASIC, *ARRAYS]
    keys = [(), *((a,) for a in pool), *itertools.product(pool, repeat=2)]
    keys += itertools.product([1, slice(None), slice(3, 0, -2), None, ..., *ARRAYS[:2]], repeat=3)
    a, b = ARRAYS[0], ARRAYS[1]
    keys += [
        (a, None, b, ...),
        (None, a, ..., b, None),
        (slice(None), a, ..., 0),
        (0, slice(None), a),
        (slice(None), 1, a),
        (a, ..., b, slice(1, 3)),
        (..., a, a, a),
        (None, slice(1, 3), a, None, slice(None, None, -1)),
    ]
    return accepted(keys)


def test_every_key_picks_what_numpy_picks() -> None:
    keys = every_key()
    assert len(keys) > 300
    for key in keys:
        np.testing.assert_array_equal(value_of(lambda x, k=key: x[k], X), X[key], err_msg=str(key))


MASK = X[:, :, 0] % 2 == 0


@pytest.mark.parametrize(
    "key",
    [
        MASK,
        (MASK, 1),
        (slice(None), X[0, :, 0] > 4),
        (..., np.array([True, False, True])),
        (np.array([True, False, True, True]), ..., np.array([0, 2, 2])),
        X > 30,
        np.zeros((4, 5, 3), bool),
    ],
    ids=range(7),
)
def test_a_constant_mask_picks_what_numpy_picks(key: Any) -> None:
    np.testing.assert_array_equal(value_of(lambda x: x[key], X), X[key])


def test_traced_indices_pick_what_numpy_picks() -> None:
    i, j, n = np.array([[0, -1], [3, -4]]), np.array([4, 0], dtype=np.int32), np.int64(-2)
    forms = [
        lambda x, i, j, n: x[i],
        lambda x, i, j, n: x[:, j, None],
        lambda x, i, j, n: x[i, j],
        lambda x, i, j, n: x[i, :, 1],
        lambda x, i, j, n: x[n],
        lambda x, i, j, n: x[..., n],
        lambda x, i, j, n: x[1:3, j, n],
        lambda x, i, j, n: x[n, ::-1, [0, 2]],
    ]
    for number, form in enumerate(forms):
        found = value_of(form, X, i, j, n)
        np.testing.assert_array_equal(found, form(X, i, j, n), err_msg=str(number))


def test_a_key_of_the_whole_adds_no_unit() -> None:
    graph = graph_of(lambda x: x[:, ...][::1], X)
    assert graph.outputs == graph.inputs


def test_reading_along_the_first_axis_is_one_gather() -> None:
    graph = graph_of(lambda x: x[np.array([1, 2])], X)
    assert [unit.op for unit in graph.units if unit.inputs] == [ops.gather]


@pytest.mark.parametrize(
    "key",
    [
        (1, slice(None, None, -2)),
        np.array([1, 1, 3]),
        (slice(None), np.array([[0], [-1]]), None, np.array([2, 2])),
        (np.array([0, 0]), slice(1, 4), np.array([1, 1])),
    ],
    ids=range(4),
)
def test_gradients_of_indexing(key: Any, rng: np.random.Generator) -> None:
    check_gradient(lambda x: x[key] * x[key], rng.standard_normal(X.shape), order=2)


def test_repeated_indices_add_up_their_cotangents() -> None:
    (ct,) = gradient_of(lambda x: x[np.array([1, 1, 3, -1])], np.zeros(4))
    np.testing.assert_array_equal(ct, [0, 2, 0, 2])


@pytest.mark.parametrize(
    ("key", "error", "says"),
    [
        (4, OutOfBoundsError, "getitem: index 4 is out of bounds for axis 0 with 4 elements"),
        (-5, OutOfBoundsError, "getitem: index -5 is out of bounds for axis 0 with 4 elements"),
        ((0, [0, 9]), OutOfBoundsError, "getitem: index 9 is out of bounds for axis 1 with 5"),
        ((0, 0, 0, 0), AxisError, "getitem: got 4 indices for an array of 3 dimensions"),
        ((..., ...), ArgumentError, "getitem: a key has at most one ellipsis"),
        (1.0, DTypeError, "getitem: 1.0 is no index: wanted integers, slices, None or ..."),
        ("a", DTypeError, "getitem: 'a' is no index: wanted integers, slices, None or ..."),
        (np.array([0.5]), DTypeError, "getitem: the indices are float64, wanted integers"),
        (True, UnsupportedError, "getitem: True and False are no indices here: use np.where"),
        (np.ones((4, 2), bool), ShapeError, "getitem: the mask has shape (4, 2), wanted (4, 5)"),
        (slice(0, 1.5), ArgumentError, "getitem: a slice takes Python integers, not 1.5"),
        (
            ([0, 1], [0, 1, 2]),
            ShapeError,
            "getitem: the shapes (2,) and (3,) do not broadcast together",
        ),
        (slice(None, None, 0), ArgumentError, "getitem: the step of a slice is 0"),
    ],
    ids=str,
)
def test_a_wrong_key_is_refused_while_tracing(key: Any, error: Any, says: str) -> None:
    with pytest.raises(error) as caught:
        graph_of(lambda x: x[key], X)
    assert str(caught.value).startswith(says)
    assert "x   float64[4, 5, 3]" in str(caught.value)
    assert "x[key]" in str(caught.value)


def test_wrong_traced_keys_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="a traced mask selects a number of elements"):
        graph_of(lambda x: x[x > 0], X)
    with pytest.raises(DTypeError, match="the indices are float64, wanted integers"):
        graph_of(lambda x: x[x], X)
    with pytest.raises(ArgumentError, match="its length is part of a type"):
        graph_of(lambda x, i: x[:i], X, np.int64(2))
    with pytest.raises(ArgumentError, match=r"join them with np\.stack"):
        graph_of(lambda x, i: x[[i, i]], X, np.int64(2))


@pytest.mark.parametrize("index", [4, -5])
def test_a_traced_index_outside_its_axis_ends_the_program(index: int) -> None:
    with pytest.raises(OutOfBoundsError, match=r"gather: index .* for axis 0 with 4 elements"):
        value_of(lambda x, i: x[i], X, np.int64(index))


def test_programs_learn_which_indices_to_check() -> None:
    i = np.zeros(2, np.int64)
    (out,) = graph_of(lambda x: ops.gather(x, i, i), X).outputs
    assert isinstance(out.op, Movement)
    bounds = out.op.checked_indices([u.array_type for u in out.inputs])
    assert [tuple(b) for b in bounds] == [(1, 0, 4), (2, 1, 5)]
    (out,) = graph_of(lambda x, u: ops.scatter_add(x, u, i), X, X[:2]).outputs
    assert isinstance(out.op, Scatter)
    assert [tuple(b) for b in out.op.checked_indices([u.array_type for u in out.inputs])] == [
        (2, 0, 4)
    ]


def numpy_update(x: Any, key: Any, values: Any, combine: str) -> Any:
    out = x.copy()
    if combine == "set":
        out[key] = values
    else:
        names = {"add": np.add, "multiply": np.multiply, "min": np.minimum, "max": np.maximum}
        names[combine].at(out, key, values)
    return out


COMBINES = ["set", "add", "multiply", "min", "max"]


@pytest.mark.parametrize("combine", COMBINES)
def test_every_key_updates_what_numpy_updates(combine: str, rng: np.random.Generator) -> None:
    keys = every_key()[:: 1 if combine == "set" else 5]
    for key in keys:
        values = 30 + 30 * rng.standard_normal(X[key].shape)
        found = value_of(lambda x, v, k=key: getattr(x.at[k], combine)(v), X, values)
        expected = numpy_update(X, key, values, combine)
        np.testing.assert_array_equal(found, expected, err_msg=str(key))


@pytest.mark.parametrize("combine", COMBINES)
@pytest.mark.parametrize(
    "key",
    [
        (1, slice(None, None, -2)),
        slice(None),
        np.array([1, 1, 3]),
        (slice(None, None, -1), np.array([0, 2]), slice(0, 3, 2)),
    ],
    ids=range(4),
)
def test_gradients_of_updates(combine: str, key: Any, rng: np.random.Generator) -> None:
    shape = X[key].shape
    check_gradient(
        lambda x, v: ops.tanh(getattr(x.at[key], combine)(v)),
        rng.standard_normal(X.shape),
        rng.standard_normal(shape),
    )


def test_values_broadcast_and_take_the_dtype_of_the_array() -> None:
    x = np.zeros((2, 3), np.float32)
    found = value_of(lambda x: x.at[:, 1].set(2), x)
    np.testing.assert_array_equal(found, np.float32([[0, 2, 0], [0, 2, 0]]))
    assert found.dtype == np.float32
    counts = value_of(lambda c: c.at[np.array([0, 0, 2])].add(1), np.zeros(3, np.uint8))
    np.testing.assert_array_equal(counts, np.array([2, 0, 1], np.uint8))


def test_values_that_the_array_cannot_hold_are_refused() -> None:
    with pytest.raises(DTypeError, match=r"at\.add: the values are float64, which int64 cannot"):
        graph_of(lambda c: c.at[0].add(0.5), np.zeros(3, np.int64))
    with pytest.raises(ShapeError, match=r"at\.set: the values have shape \(4,\), wanted one"):
        graph_of(lambda x: x.at[0].set(np.zeros(4)), np.zeros((2, 3)))


def test_the_last_of_equal_indices_is_kept_and_takes_the_cotangent() -> None:
    key = np.array([1, 1, 0, 1])
    update = lambda x, v: x.at[key].set(v)  # noqa: E731
    x, v = np.zeros(3), np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(value_of(update, x, v), [3, 4, 0])
    by_x, by_v = gradient_of(update, x, v)
    np.testing.assert_array_equal(by_x, [0, 0, 1])
    np.testing.assert_array_equal(by_v, [0, 0, 1, 1])


def test_products_with_zeros_among_equal_indices_have_exact_gradients() -> None:
    key = np.array([0, 0, 1, 1, 2, 2])
    check_gradient(
        lambda x, v: x.at[key].multiply(v),
        np.array([2.0, 3.0, 0.0, 1.0]),
        np.array([0.0, 4.0, 0.0, 0.0, 5.0, 7.0]),
    )


def test_ties_of_scattered_extremes_go_to_the_operand_then_to_the_first_update() -> None:
    key = np.array([0, 0, 1, 1])
    for combine, sign in (("max", 1.0), ("min", -1.0)):
        x, v = sign * np.array([1.0, 0.0]), sign * np.array([1.0, 0.5, 2.0, 2.0])
        by_x, by_v = gradient_of(lambda x, v, c=combine: getattr(x.at[key], c)(v), x, v)
        np.testing.assert_array_equal(by_x, [1, 0])
        np.testing.assert_array_equal(by_v, [0, 0, 1, 0])


def test_take_of_an_array_outside_a_trace_is_numpy() -> None:
    np.testing.assert_array_equal(ops.take(X, np.array([1, -1]), axis=1), np.take(X, [1, -1], 1))
