"""Linear-chain collapse: costs against brute force, values and gradients against the chain as
written, and where it must not fire (theory rows lin-04 and P04)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from oracles import graph_of

from chainrule import ops
from chainrule.compiler.chain_order import Chain, cheapest, cost, mirrored, once, renumbered
from chainrule.compiler.graph import Graph
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.algebra import algebra
from chainrule.compiler.passes.differentiate import differentiate
from chainrule.compiler.passes.inline import inline
from chainrule.compiler.passes.linear_chain import flops, linear_chain
from chainrule.compiler.structural import CONSTANT
from chainrule.compiler.verify import verify
from chainrule.frontend.trace import trace
from chainrule.frontend.transforms import grad

# Orders.


def orders(first: int, last: int) -> Iterator[Any]:
    """All parenthesisations of the factors first ... last."""
    if first == last:
        yield first
    for split in range(first, last):
        yield from itertools.product(orders(first, split), orders(split + 1, last))


def counted(chain: Chain, order: Any) -> int:
    """The operations of a call, counted by doing it: on shapes instead of numbers.

    A product is (rows, columns, constant, last factor, bias), the bias being None or whether it
    is constant; written independently of the module's own formulas.
    """
    total = 0

    def multiply(rows: int, inner: int, columns: int, constant: bool) -> None:
        nonlocal total
        total += 0 if constant else 2 * rows * inner * columns

    def do(order: Any) -> tuple[int, int]:
        if isinstance(order, int):
            return order, order
        (first, split), (_, last) = do(order[0]), do(order[1])
        known = all(chain.constant[first : last + 1])
        multiply(chain.extents[first], chain.extents[split + 1], chain.extents[last + 1], known)
        if first == 0:
            waiting: list[bool] = []  # constancy of the biases that are on their way
            for j in range(split + 1, last + 1):
                if waiting:
                    fixed = all(waiting) and chain.constant[j]
                    multiply(1, chain.extents[j], chain.extents[j + 1], fixed)
                    waiting = [fixed]
                if j in chain.biases:
                    waiting.append(chain.biases[j])
        return first, last

    do(order)
    return total


def random_chain(rng: np.random.Generator, length: int) -> Chain:
    extents = tuple(int(n) for n in rng.integers(1, 40, length + 1))
    constant = tuple(bool(c) for c in rng.random(length) < 0.4)
    biases = {j: bool(rng.random() < 0.5) for j in range(1, length) if rng.random() < 0.6}
    return Chain(extents, constant, biases)


@pytest.mark.parametrize("length", range(2, 7))
def test_the_cheapest_order_is_the_cheapest_of_all(length: int, rng: np.random.Generator) -> None:
    for _ in range(40):
        chain = random_chain(rng, length)
        every = {order: counted(chain, order) for order in orders(0, length - 1)}
        least, order = cheapest(chain)
        assert least == min(every.values())
        assert every[order] == least
        assert all(cost(chain, order) == count for order, count in every.items())


def test_among_equals_the_least_is_spent_once() -> None:
    chain = Chain((1000, 4, 50, 4, 4), (False, True, True, True), {})
    least, order = cheapest(chain)
    equal = [o for o in orders(0, 3) if cost(chain, o) == least]
    assert once(chain, order) == min(once(chain, o) for o in equal)


def test_mirroring_twice_is_nothing() -> None:
    order = ((0, 1), (2, (3, 4)))
    turned = renumbered(mirrored(order), 4)
    assert turned == (((0, 1), 2), (3, 4))
    assert renumbered(mirrored(turned), 4) == order


@pytest.mark.parametrize(
    ("count", "text"), [(7, "7 FLOP"), (65_536, "65.5 kFLOP"), (134_217_728, "134 MFLOP")]
)
def test_flops_are_readable(count: int, text: str) -> None:
    assert flops(count) == text


# Values.


def prepared(function: Callable[..., Any], *arrays: Any) -> Graph:
    return algebra(inline(graph_of(function, *arrays), Notes()), Notes())


def collapsed(function: Callable[..., Any], *arrays: Any) -> tuple[Graph, Graph, Notes]:
    before, notes = prepared(function, *arrays), Notes()
    after = linear_chain(before, notes)
    verify(after)
    assert after.output_types == before.output_types
    return before, after, notes


def agree(before: Graph, after: Graph, arrays: Any, tolerance: float = 1e-10) -> None:
    for now, then in zip(evaluate(after, arrays), evaluate(before, arrays), strict=True):
        assert np.abs(now - then).max() <= tolerance * np.abs(then).max()


def layers(rng: np.random.Generator, widths: list[int]) -> list[tuple[Any, Any]]:
    return [
        (rng.standard_normal((n, m)) / np.sqrt(n), rng.standard_normal(m))
        for n, m in itertools.pairwise(widths)
    ]


def forward(x: Any, params: Any) -> Any:
    for w, b in params:
        x = x @ w + b
    return x


@pytest.mark.parametrize("length", range(2, 7))
@pytest.mark.parametrize("constant", [True, False])
def test_a_chain_with_biases_keeps_its_value(
    length: int, constant: bool, rng: np.random.Generator
) -> None:
    params = layers(rng, [6, 30, 5, 28, 4, 31, 7][: length + 1])
    x = rng.standard_normal((200, 6))
    if constant:
        before, after, notes = collapsed(lambda x: forward(x, params), x)
        arrays: list[Any] = [x]
    else:
        arrays = [x, *(array for layer in params for array in layer)]
        before, after, notes = collapsed(
            lambda x, *flat: forward(x, list(zip(flat[::2], flat[1::2], strict=True))), *arrays
        )
    assert len(notes.applications) == 1
    agree(before, after, arrays)


def test_the_product_and_bias_are_those_of_the_theorem(rng: np.random.Generator) -> None:
    """W = W_L ... W_1, b = sum_l W_L ... W_(l+1) b_l, rank(W) <= min rank."""
    params = layers(rng, [8, 50, 3, 40, 9])
    x = rng.standard_normal((500, 8))
    _, after, _ = collapsed(lambda x: forward(x, params), x)
    constants = [u.attributes["value"].value for u in after.units if u.op is CONSTANT]
    # The bottleneck stays: 500 * (8 * 3 + 3 * 9) products are fewer than 500 * 8 * 9.
    left, right = (next(c for c in constants if c.shape == shape) for shape in ((8, 3), (3, 9)))
    weight = left @ right
    wanted = params[0][0] @ params[1][0] @ params[2][0] @ params[3][0]
    np.testing.assert_allclose(weight, wanted, atol=1e-12)
    assert np.linalg.matrix_rank(weight) == 3
    bias = evaluate(after, [np.zeros((500, 8))])[0][0]
    carried = sum(
        np.linalg.multi_dot([b, *(w for w, _ in params[i + 1 :])]) if i < 3 else b
        for i, (_, b) in enumerate(params)
    )
    np.testing.assert_allclose(bias, carried, atol=1e-12)


def test_the_example_fires(rng: np.random.Generator) -> None:
    (v, c), (w, b) = layers(rng, [128, 1024, 128])
    x = rng.standard_normal((256, 128))
    before, after, notes = collapsed(lambda x: (x @ v) @ w, x)
    assert [a.detail for a in notes.applications] == [
        "134 MFLOP -> 8.39 MFLOP a call, 33.6 MFLOP once"
    ]
    agree(before, after, [x])
    before, after, notes = collapsed(lambda x, v, w: (x @ v) @ w, x, v, w)
    assert [a.detail for a in notes.applications] == ["134 MFLOP -> 41.9 MFLOP a call"]
    agree(before, after, [x, v, w])
    before, after, notes = collapsed(lambda x: (x @ v + c) @ w + b, x)
    assert sum(unit.op is ops.dot_general for unit in after.units) == 1
    agree(before, after, [x])


@pytest.mark.parametrize(("constant", "as_one"), [(True, "524 kFLOP"), (False, "17.3 MFLOP")])
def test_the_counter_example_does_not(
    constant: bool, as_one: str, rng: np.random.Generator
) -> None:
    (v, _), (w, _) = layers(rng, [512, 32, 512])
    x = rng.standard_normal((1, 512))
    if constant:
        before, after, notes = collapsed(lambda x: (x @ v) @ w, x)
    else:
        before, after, notes = collapsed(lambda x, v, w: (x @ v) @ w, x, v, w)
    assert after is before
    assert notes.applications == []
    assert [r.reason for r in notes.refusals] == [
        f"as written 65.5 kFLOP a call, as one map {as_one}"
    ]
    assert "test_passes_linear_chain.py" in notes.refusals[0].line


def test_constants_are_multiplied_in_float64_and_rounded_once(rng: np.random.Generator) -> None:
    v, w = (rng.standard_normal(s).astype("float32") for s in ((4, 300), (300, 4)))
    x = rng.standard_normal((50, 4)).astype("float32")
    _, after, _ = collapsed(lambda x: (x @ v) @ w, x)
    (product,) = [u.attributes["value"].value for u in after.units if u.op is CONSTANT]
    assert product.dtype == np.float32
    np.testing.assert_array_equal(product, (v.astype(float) @ w.astype(float)).astype("float32"))


def in_columns(x: Any, v: Any, c: Any, w: Any, b: Any) -> Any:
    inner = ops.transpose(v) @ ops.transpose(x) + ops.reshape(c, shape=(-1, 1))
    return ops.transpose(w) @ inner + ops.reshape(b, shape=(-1, 1))


FORMS: dict[str, Callable[..., Any]] = {
    "columns": in_columns,
    "transposed weights": lambda x, v, c, w, b: ops.dot_general(
        ops.dot_general(x, ops.transpose(v), contract=((1,), (1,))) + c,
        ops.transpose(w),
        contract=((1,), (1,)),
    ),
    "two biases at once": lambda x, v, c, w, b: ((x @ v + c) + 2.0) @ w + b,
    "the bias first": lambda x, v, c, w, b: b + (c + x @ v) @ w,
    "a bias of one number": lambda x, v, c, w, b: (x @ v + ops.sum(c)) @ w + b,
    "a bias of one row": lambda x, v, c, w, b: (x @ v + ops.reshape(c, shape=(1, -1))) @ w + b,
    "no bias inside": lambda x, v, c, w, b: (x @ v) @ w + b,
    "a product on the other side": lambda x, v, c, w, b: ops.dot_general(
        w, x @ v + c, contract=((0,), (1,))
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_affine_maps(name: str, rng: np.random.Generator) -> None:
    (v, c), (w, b) = layers(rng, [8, 90, 7])
    arrays = [rng.standard_normal((60, 8)), v, c, w, b]
    before, after, notes = collapsed(FORMS[name], *arrays)
    assert len(notes.applications) == 1
    agree(before, after, arrays)


@pytest.mark.parametrize("shape", [(8,), (5, 6, 8)])
def test_any_number_of_batch_dimensions(shape: Any, rng: np.random.Generator) -> None:
    params = layers(rng, [8, 90, 7])
    x = rng.standard_normal(shape)
    before, after, notes = collapsed(lambda x: forward(x, params), x)
    assert len(notes.applications) == 1
    agree(before, after, [x])


def test_a_chain_that_ends_in_a_vector(rng: np.random.Generator) -> None:
    v, w, u = (rng.standard_normal(s) for s in ((8, 90), (90, 70), (70,)))
    x = rng.standard_normal((50, 8))
    before, after, notes = collapsed(lambda x, v, w, u: ((x @ v) @ w) @ u, x, v, w, u)
    assert len(notes.applications) == 1
    agree(before, after, [x, v, w, u])


def test_parts_of_a_long_chain_with_bottlenecks(rng: np.random.Generator) -> None:
    """Biases inside the parts that merge are carried, those between parts stay."""
    params = layers(rng, [40, 200, 3, 100, 50, 2, 60])
    x = rng.standard_normal((30, 40))
    before, after, notes = collapsed(lambda x: forward(x, params), x)
    assert len(notes.applications) == 1
    agree(before, after, [x])


def test_a_chain_longer_than_a_piece(rng: np.random.Generator) -> None:
    """Deeper than Python's recursion, so the pass must not walk it in one go."""
    params = layers(rng, [2 + i % 2 for i in range(1501)])
    x = rng.standard_normal((100, 2))
    before, after, notes = collapsed(lambda x: forward(x, params), x)
    assert len(notes.applications) == 66
    assert sum(unit.op is ops.dot_general for unit in after.units) == 66
    agree(before, after, [x])


def test_the_pass_is_idempotent(rng: np.random.Generator) -> None:
    params = layers(rng, [6, 30, 5, 28, 7])
    flat = [array for layer in params for array in layer]
    arrays = [rng.standard_normal((200, 6)), *flat]
    _, after, _ = collapsed(
        lambda x, *flat: forward(x, list(zip(flat[::2], flat[1::2], strict=True))), *arrays
    )
    notes = Notes()
    assert linear_chain(after, notes) is after
    assert notes.applications == []


# Refusals.

REFUSED: list[tuple[str, Callable[..., Any], str]] = [
    (
        "a nonlinearity",
        lambda x, v, c, w: ops.tanh(x @ v + c) @ w,
        "tanh stands between two affine maps",
    ),
    ("a rectifier", lambda x, v, c, w: ops.relu(x @ v) @ w, "relu stands between two affine maps"),
    (
        "another reader",
        lambda x, v, c, w: ((h := x @ v) @ w, ops.sum(h)),
        "more than the next map reads what stands between",
    ),
    (
        "an intermediate result",
        lambda x, v, c, w: ((h := x @ v) @ w, h),
        "more than the next map reads what stands between",
    ),
    (
        "a mask",
        lambda x, v, c, w: ((x @ v) * c) @ w,
        "mul stands between two affine maps",
    ),
    (
        "a residual",
        lambda x, v, c, w: (x @ v + ops.sum(x, axis=1, keepdims=True)) @ w,
        "add stands between two affine maps",
    ),
]


@pytest.mark.parametrize(("name", "function", "reason"), REFUSED, ids=[r[0] for r in REFUSED])
def test_refusals_have_a_reason(
    name: str, function: Callable[..., Any], reason: str, rng: np.random.Generator
) -> None:
    (v, c), (w, _) = layers(rng, [8, 90, 7])
    before, after, notes = collapsed(function, rng.standard_normal((60, 8)), v, c, w)
    assert after is before
    assert reason in [refused.reason for refused in notes.refusals]


def test_integers_are_left_alone() -> None:
    x, v, w = np.ones((60, 8), "int64"), np.ones((8, 90), "int64"), np.ones((90, 7), "int64")
    before, after, notes = collapsed(lambda x: (x @ v) @ w, x)
    assert after is before
    assert not notes.applications


def test_batched_products_are_left_alone(rng: np.random.Generator) -> None:
    x, v, w = (rng.standard_normal(s) for s in ((5, 60, 8), (5, 8, 90), (5, 90, 7)))
    before, after, _ = collapsed(lambda x, v, w: (x @ v) @ w, x, v, w)
    assert after is before


def test_a_product_that_takes_too_long_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "chainrule.compiler.passes.linear_chain.MOST_ONCE"
    monkeypatch.setattr(module, 1000)
    x, v, w = np.ones((60, 8)), np.ones((8, 90)), np.ones((90, 7))
    before, after, notes = collapsed(lambda x: (x @ v) @ w, x)
    assert after is before
    (refused,) = notes.refusals
    assert refused.reason == "the product of the constants would take 10.1 kFLOP while compiling"


# Gradients.


def gradients(monkeypatch: pytest.MonkeyPatch, loss: Any, *arrays: Any) -> tuple[Any, Any, Notes]:
    """Gradients with the pass and without, and the notes of the first."""
    graph, notes = trace(grad(loss, argnums=tuple(range(len(arrays) - 1))))(*arrays), Notes()
    with_pass = differentiate(inline(graph, notes), notes)
    verify(with_pass)
    module = "chainrule.compiler.passes.differentiate.linear_chain"
    monkeypatch.setattr(module, lambda graph, notes: graph)
    without = differentiate(inline(graph, Notes()), Notes())
    return evaluate(with_pass, arrays), evaluate(without, arrays), notes


@pytest.mark.parametrize("length", range(2, 7))
def test_the_factors_keep_their_gradients(
    length: int, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = layers(rng, [6, 30, 5, 28, 4, 31, 7][: length + 1])
    flat = [array for layer in params for array in layer]

    def loss(*arrays: Any) -> Any:
        *flat, x = arrays
        y = forward(x, list(zip(flat[::2], flat[1::2], strict=True)))
        return ops.sum(ops.tanh(y))

    x = rng.standard_normal((200, 6))
    now, then, notes = gradients(monkeypatch, loss, *flat, x)
    assert any(a.rule == "collapse affine maps" for a in notes.applications)
    for one, other in zip(now, then, strict=True):
        assert np.abs(one - other).max() <= 1e-10 * np.abs(other).max()


def test_the_gradient_of_a_factor_is_that_of_the_theorem(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row form of dW_l = (W_L..W_(l+1))^T dW (W_(l-1)..W_1)^T with dW = X^T G."""
    (u, _), (v, _), (w, _) = layers(rng, [6, 40, 35, 5])
    x = rng.standard_normal((300, 6))
    ct = rng.standard_normal((300, 5))
    now, _, notes = gradients(
        monkeypatch, lambda u, v, w, x: ops.sum(((x @ u) @ v) @ w * ct), u, v, w, x
    )
    assert any(a.rule == "collapse affine maps" for a in notes.applications)
    whole = x.T @ ct
    for found, wanted in zip(
        now, [whole @ w.T @ v.T, u.T @ whole @ w.T, v.T @ u.T @ whole], strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10 * np.abs(wanted).max())


def test_a_joint_graph_keeps_what_the_backward_half_reads(rng: np.random.Generator) -> None:
    """Collapse after differentiation: intermediates have other readers there, values stay."""
    (v, c), (w, b) = layers(rng, [8, 90, 7])
    arrays = [v, c, w, b, rng.standard_normal((60, 8))]

    def loss(v: Any, c: Any, w: Any, b: Any, x: Any) -> Any:
        return ops.sum(ops.square(ops.tanh(x @ v + c) @ w + b))

    graph = differentiate(trace(grad(loss, argnums=(0, 1, 2, 3)))(*arrays), Notes())
    after = linear_chain(graph, Notes())
    verify(after)
    agree(graph, after, arrays)
