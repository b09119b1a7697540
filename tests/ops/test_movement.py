"""Movements against NumPy: values, traced index maps, gradients, and what they refuse."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from oracles import check_gradient, check_samples, gradient_of, graph_of, value_of

from chainrule import ops
from chainrule.compiler.errors import ShapeError

OPS = [
    ops.broadcast_to,
    ops.reshape,
    ops.transpose,
    ops.slice,
    ops.pad,
    ops.concatenate,
    ops.stack,
    ops.flip,
    ops.expand_dims,
    ops.squeeze,
    ops.iota,
    ops.one_hot,
    ops.eye,
    ops.tril,
    ops.triu,
    ops.diagonal,
    ops.roll,
    ops.repeat,
    ops.tile,
    ops.split,
]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_samples(op: Any) -> None:
    check_samples(op)


BOUNDS = [None, 0, 2, 5, 9, -1, -4, -9]
STEPS = [None, 1, 2, 7, -1, -3]


@pytest.mark.parametrize("extent", [0, 1, 5])
def test_slices_are_pythons(extent: int) -> None:
    x = np.arange(extent)
    for start, stop, step in itertools.product(BOUNDS, BOUNDS, STEPS):
        bounds = {"start": (start,), "stop": (stop,), "step": (step,)}
        found = value_of(lambda x, b=bounds: ops.slice(x, **b), x)
        np.testing.assert_array_equal(found, x[start:stop:step], err_msg=str(bounds))


def test_equal_slices_are_one_unit_and_canonical_ones_stay_themselves() -> None:
    x = np.zeros(5)

    def both(x: Any) -> Any:
        whole = ops.slice(x, start=(None,), stop=(None,), step=(-2,))
        again = ops.slice(x, start=(4,), stop=(-6,), step=(-2,))
        attributes = dict(whole.unit.attributes)
        return whole, again, ops.slice(x, **attributes)

    one, two, three = graph_of(both, x).outputs
    assert one is two is three


@pytest.mark.parametrize("extent", [1, 4, 5])
@pytest.mark.parametrize("step", [-3, -2, -1, 1, 2, 3])
def test_gradients_of_slices(extent: int, step: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((extent, 2))
    bounds = {"start": (None, 1), "stop": (None, 2), "step": (step, 1)}
    check_gradient(lambda x: ops.tanh(ops.slice(x, **bounds)), x, order=2)


def test_padding_with_a_number_is_not_linear_but_its_derivative_is() -> None:
    check_gradient(lambda x: ops.pad(x, low=1, high=0, interior=2, value=3.0), np.ones((2, 2)))


def test_a_part_of_a_concatenation_gets_its_own_cotangent(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((2, 3)), rng.standard_normal((2, 1))
    ct = rng.standard_normal((2, 4))
    by_x, by_y = gradient_of(lambda x, y: ops.concatenate(x, y, axis=1), x, y, ct=ct)
    np.testing.assert_array_equal(by_x, ct[:, :3])
    np.testing.assert_array_equal(by_y, ct[:, 3:])


def test_an_array_concatenated_with_itself_adds_up() -> None:
    (ct,) = gradient_of(lambda x: ops.concatenate(x, x), np.zeros(2), ct=np.array([1.0, 2, 3, 4]))
    np.testing.assert_array_equal(ct, [4, 6])


def test_concatenate_promotes_as_numpy() -> None:
    parts = [np.ones(2, np.int32), np.ones(1, np.float32), np.ones(1, np.bool_)]
    found = value_of(lambda *p: ops.concatenate(*p), *parts)
    assert found.dtype == np.concatenate(parts).dtype


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3)], ids=str)
@pytest.mark.parametrize("offset", range(-5, 6))
def test_diagonals_and_their_gradients(shape: Any, offset: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal(shape)
    diagonal = lambda x: ops.diagonal(x, offset=offset)  # noqa: E731
    np.testing.assert_array_equal(value_of(diagonal, x), np.diagonal(x, offset))
    found = value_of(lambda x: ops.tril(x, k=offset), x)
    np.testing.assert_array_equal(found, np.tril(x, offset))
    check_gradient(diagonal, x)


def test_splits_have_one_cotangent_per_part(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 6))
    check_gradient(lambda x: ops.split(x, cuts=3, axis=1)[1], x)
    (ct,) = gradient_of(lambda x: ops.split(x, cuts=3, axis=1)[1], x)
    np.testing.assert_array_equal(ct, [[0, 0, 1, 1, 0, 0]] * 2)


def test_one_hot_of_a_label_outside_is_zero() -> None:
    found = value_of(lambda y: ops.one_hot(y, count=3), np.array([0, 3, -1, 2]))
    np.testing.assert_array_equal(found, [[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]])
    assert found.dtype == np.float32


def test_an_impossible_reshape_names_the_line() -> None:
    with pytest.raises(ShapeError) as caught:
        graph_of(lambda x: ops.reshape(x, shape=(5, 2)), np.zeros((3, 4)))
    sentence, operand, place = str(caught.value).splitlines()
    assert sentence == "reshape: 12 elements of shape (3, 4) do not fit the shape (5, 2)"
    assert operand.split() == ["x", "float64[3,", "4]"]
    assert "test_movement.py" in place


def test_movements_of_arrays_outside_a_trace_are_numpy() -> None:
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(ops.roll(x, shift=1, axis=1), np.roll(x, 1, 1))
    np.testing.assert_array_equal(ops.iota(shape=(3,)), np.arange(3))
    first, second = ops.split(x, cuts=2)
    np.testing.assert_array_equal(first, x[:1])
    np.testing.assert_array_equal(second, x[1:])
