"""Products against NumPy in float64, and their derivatives in every combination of ranks."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
from oracles import check_gradient, check_samples, graph_of, value_of

from chainrule import ops
from chainrule.compiler.errors import ArgumentError, LocatedError, ShapeError
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.inline import inline_all

OPS = [ops.dot_general, ops.matmul, ops.einsum, ops.outer]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_samples(op: Any) -> None:
    check_samples(op)


SHAPES = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((3,), (2, 3, 4)),
    ((2, 4, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (1, 3, 4)),
    ((2, 1, 2, 3), (4, 3, 2)),
    ((1, 1), (1, 1)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES, ids=str)
def test_matmul_of_all_ranks(left: Any, right: Any, rng: np.random.Generator) -> None:
    x, y = rng.standard_normal(left), rng.standard_normal(right)
    product = lambda x, y: x @ y  # noqa: E731
    np.testing.assert_allclose(value_of(product, x, y), x @ y, rtol=1e-13, atol=1e-13)
    check_gradient(product, x, y, order=2)


def test_matmul_of_an_array_with_itself(rng: np.random.Generator) -> None:
    check_gradient(lambda x: x @ x, rng.standard_normal((3, 3)), order=2)


def pairings() -> list[Any]:
    """Every way to pair the axes of x (2, 3, 4) with those of y (4, 2, 3) by extent."""
    x, y = (2, 3, 4), (4, 2, 3)
    pairs = [(a, y.index(extent)) for a, extent in enumerate(x)]
    cases = []
    for roles in itertools.product(("contract", "batch", None), repeat=3):
        chosen = {
            role: [pair for pair, own in zip(pairs, roles, strict=True) if own == role]
            for role in ("contract", "batch")
        }
        for swap in (False, True):
            both = [
                tuple(zip(*(reversed(p) if swap else p), strict=True)) or ((), ())
                for p in chosen.values()
            ]
            cases.append(tuple(both))
    return cases


@pytest.mark.parametrize(("contract", "batch"), pairings(), ids=str)
def test_dot_general_of_all_pairings(contract: Any, batch: Any, rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 2, 3))
    x_names, y_names = list("abc"), list("xyz")
    for a, b in zip(*contract, strict=True):
        y_names[b] = x_names[a]
    for a, b in zip(*batch, strict=True):
        y_names[b] = x_names[a]
    shared = [x_names[a] for a in batch[0]]
    summed = [x_names[a] for a in contract[0]]
    own = [n for n in (*x_names, *y_names) if n not in shared and n not in summed]
    subscripts = f"{''.join(x_names)},{''.join(y_names)}->{''.join([*shared, *own])}"
    product = lambda x, y: ops.dot_general(x, y, contract=contract, batch=batch)  # noqa: E731
    expected = np.einsum(subscripts, x, y)
    np.testing.assert_allclose(value_of(product, x, y), expected, rtol=1e-12, atol=1e-12)
    if len(own) <= 2:
        check_gradient(product, x, y)


def test_negative_dimensions_count_from_the_end(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((2, 3)), rng.standard_normal((4, 3))
    found = value_of(lambda x, y: ops.dot_general(x, y, contract=((-1,), (-1,))), x, y)
    np.testing.assert_allclose(found, x @ y.T, rtol=1e-13)


def test_products_promote_as_numpy_does() -> None:
    whole, single = np.arange(6).reshape(2, 3), np.ones((3, 2), np.float32)
    assert value_of(lambda a, b: a @ b, whole, single).dtype == np.float64
    small = np.ones((2, 3), np.int8)
    assert value_of(lambda a, b: a @ b, small, single).dtype == np.float32


CHAINS = ["ij,jk,kl->il", "i,ij,jk,k", "ab,ab,bc->ac", "...a,ab,...b->...", "bij,bjk,bkl,l->bi"]


@pytest.mark.parametrize("subscripts", CHAINS)
def test_einsum_of_several_operands(subscripts: str, rng: np.random.Generator) -> None:
    extents = {"a": 2, "b": 3, "c": 2, "i": 2, "j": 3, "k": 4, "l": 2}
    terms = subscripts.partition("->")[0].split(",")
    arrays = [
        rng.standard_normal(
            (2,) * term.count("...") + tuple(extents[n] for n in term if n.isalpha())
        )
        for term in terms
    ]
    function = lambda *values: ops.einsum(*values, subscripts=subscripts)  # noqa: E731
    expected = np.einsum(subscripts, *arrays)
    np.testing.assert_allclose(value_of(function, *arrays), expected, rtol=1e-12, atol=1e-12)
    check_gradient(function, *arrays)


def test_einsum_multiplies_the_cheapest_pair_first() -> None:
    # (1000 x 2)(2 x 1000)(1000 x 1): from the right it is 4,000 multiplications, else 3,000,000.
    arrays = [np.zeros(shape) for shape in ((1000, 2), (2, 1000), (1000, 1))]
    graph = graph_of(lambda *v: ops.einsum(*v, subscripts="ij,jk,kl->il"), *arrays)
    units = inline_all(graph, Notes()).units
    products = [unit.shape for unit in units if unit.op is ops.dot_general]
    assert products == [(2, 1), (1000, 1)]


def test_einsum_without_an_arrow_orders_letters_as_numpy_does(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((2, 3)), rng.standard_normal((3, 4))
    for subscripts in ("ba,ac", "zj,jA"):
        found = value_of(lambda x, y, s=subscripts: ops.einsum(x, y, subscripts=s), x, y)
        np.testing.assert_allclose(found, np.einsum(subscripts, x, y), rtol=1e-12)


def test_a_wrong_product_names_both_sides_and_the_line() -> None:
    with pytest.raises(ShapeError) as caught:
        graph_of(lambda x, w: x @ w, np.zeros((2, 4)), np.zeros((3, 2)))
    lines = str(caught.value).splitlines()
    assert lines[0] == "matmul: the left side has 4 columns, the right side 3 rows"
    assert lines[1].split() == ["left", "float64[2,", "4]"]
    assert lines[2].split() == ["right", "float64[3,", "2]"]
    assert "test_contraction.py" in lines[3]
    assert "x @ w" in lines[3]


@pytest.mark.parametrize(
    ("contract", "batch", "says"),
    [
        (((0,), (0, 1)), ((), ()), "(0,) of x and (0, 1) of y do not pair up"),
        (((0, 0), (0, 1)), ((), ()), "the dimensions (0, 0) of float64[2, 2] name one twice"),
        (((0,), (0,)), ((0,), (1,)), "the dimensions (0, 0) of float64[2, 2] name one twice"),
        (((5,), (0,)), ((), ()), "axis 5 is out of range for an array of 2 dimensions"),
    ],
    ids=str,
)
def test_wrong_dimension_numbers_are_refused(contract: Any, batch: Any, says: str) -> None:
    x = np.zeros((2, 2))
    with pytest.raises(LocatedError, match=f"^dot_general: {re.escape(says)}"):
        graph_of(lambda x: ops.dot_general(x, x, contract=contract, batch=batch), x)


def test_einsum_wants_subscripts() -> None:
    with pytest.raises(ArgumentError, match=r"einsum: the subscripts are \(0, 1\), wanted a str"):
        graph_of(lambda x: ops.einsum(x, subscripts=(0, 1)), np.zeros((2, 2)))
