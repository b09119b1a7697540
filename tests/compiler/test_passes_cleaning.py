"""Canonicalisation, constant folding, common sub-expressions, dead results, opening, notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from oracles import graph_of

from chainrule import ops
from chainrule.compiler.builder import Builder
from chainrule.compiler.dtypes import float32, float64
from chainrule.compiler.graph import Graph, Unit
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.kinds import elementwise
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.algebra import algebra
from chainrule.compiler.passes.canonicalise import canonicalise, canonicalise_body
from chainrule.compiler.passes.common_subexpressions import common_subexpressions
from chainrule.compiler.passes.dead_code import dead_code
from chainrule.compiler.passes.differentiate import differentiate
from chainrule.compiler.passes.fold_constants import fold_constants
from chainrule.compiler.passes.inline import inline, inline_all
from chainrule.compiler.passes.linear_chain import linear_chain
from chainrule.compiler.passes.safe_masks import safe_masks
from chainrule.compiler.provenance import Frame, Origin
from chainrule.compiler.registry import registry
from chainrule.compiler.samples import case, normal
from chainrule.compiler.structural import CALL, CONSTANT, JVP, VJP
from chainrule.compiler.text import parse_graph
from chainrule.compiler.tolerances import BITS, close
from chainrule.compiler.types import TOKEN
from chainrule.compiler.verify import verify
from chainrule.frontend.trace import trace
from chainrule.frontend.transforms import grad, jvp, stop_gradient, vjp

S = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -1.5, 2.0])
M = np.arange(12.0).reshape(3, 4)

PASSES: list[Callable[[Graph, Notes], Graph]] = [
    *(canonicalise, canonicalise_body, fold_constants, algebra, common_subexpressions),
    *(dead_code, inline, inline_all, linear_chain, safe_masks, differentiate),
]


def run(each: Callable[[Graph, Notes], Graph], graph: Graph, *arrays: Any) -> tuple[Graph, Notes]:
    """The pass's result, verified, of the same value, and left alone by a second run."""
    notes = Notes()
    after = each(graph, notes)
    verify(after)
    assert after.inputs == graph.inputs
    assert after.output_types == graph.output_types
    for now, then in zip(evaluate(after, arrays), evaluate(graph, arrays), strict=True):
        assert close(now, then, BITS)
    again = Notes()
    assert each(after, again) == after
    assert again.applications == []
    return after, notes


def names(graph: Graph) -> list[str]:
    return [unit.op.name for unit in graph.units]


# Canonicalisation.


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.reshape(x, shape=(3, 4)),
        lambda x: ops.broadcast_to(x, shape=(3, 4)),
        lambda x: ops.transpose(x, axes=(0, 1)),
        lambda x: ops.cast(x, dtype=float64),
    ],
)
def test_what_changes_nothing_goes(function: Callable[..., Any]) -> None:
    after, notes = run(canonicalise, graph_of(function, M), M)
    assert names(after) == ["input"]
    assert [a.rule.split(" ", 1)[1] for a in notes.applications] == ["that changes nothing"]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.reshape(x, shape=(4, 3)),
        lambda x: ops.broadcast_to(x, shape=(1, 3, 4)),
        lambda x: ops.transpose(x),
        lambda x: ops.cast(x, dtype=float32),
    ],
)
def test_what_changes_something_stays(function: Callable[..., Any]) -> None:
    graph = graph_of(function, M)
    assert canonicalise(graph, Notes()) is graph


def test_a_weak_number_is_not_a_strong_one() -> None:
    graph = graph_of(lambda x: ops.cast(2.0, dtype=float64) * x, M)
    assert "cast" in names(canonicalise(graph, Notes()))


def test_stop_gradient_stays_where_a_derivative_will_be_taken() -> None:
    graph = graph_of(lambda x: x * ops.stop_gradient(x), M)
    assert canonicalise_body(graph, Notes()) is graph
    after, _ = run(canonicalise, graph, M)
    assert names(after) == ["input", "mul"]
    whole = trace(grad(lambda x: ops.sum(x * stop_gradient(x) * 3)))(M)
    opened = canonicalise(differentiate(canonicalise(whole, Notes()), Notes()), Notes())
    np.testing.assert_array_equal(evaluate(inline_all(opened, Notes()), [M])[0], 3 * M)


# Constant folding.


def test_constants_are_folded_in_the_working_dtype() -> None:
    table = np.linspace(0, 1, 5, dtype="float32")
    x = np.ones(5, "float32")
    graph = graph_of(lambda x: x + ops.exp(table + table) * np.float32(0.1), x)
    after, notes = run(fold_constants, graph, x)
    assert names(after).count("constant") == 1
    (constant,) = [unit for unit in after.units if unit.op is CONSTANT]
    value = constant.attributes["value"].value
    assert value.dtype == np.float32
    np.testing.assert_array_equal(value, np.exp(table + table) * np.float32(0.1))
    assert {a.rule for a in notes.applications} == {"constant"}


def test_literals_are_folded_once_and_broadcast() -> None:
    graph = graph_of(lambda x: x * (ops.full(x.shape, 2.0, x.dtype) * 3.0 - 1.0), M)
    after, _ = run(fold_constants, graph, M)
    assert names(after) == ["input", "constant", "broadcast_to", "mul"]
    (constant,) = [unit for unit in after.units if unit.op is CONSTANT]
    assert constant.attributes["value"].value == 5.0
    assert constant.shape == ()


def test_a_moved_literal_stays_a_literal() -> None:
    graph = graph_of(
        lambda x: x + ops.transpose(ops.reshape(ops.full((12,), -0.0, x.dtype), shape=(4, 3))), M
    )
    after, _ = run(fold_constants, graph, M)
    assert names(after) == ["input", "constant", "broadcast_to", "add"]


def test_an_empty_array_of_literals() -> None:
    graph = graph_of(lambda x: x + ops.full((0,), 2.0, x.dtype) * 3.0, np.zeros(0))
    run(fold_constants, graph, np.zeros(0))


def test_a_python_number_stays_weak() -> None:
    graph = graph_of(lambda x: ops.exp(2.0) * x, M)
    after, _ = run(fold_constants, graph, M)
    assert "exp" not in names(after)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + ops.broadcast_to(np.arange(4.0), shape=(3, 4)),
        lambda x: x + ops.iota(shape=(3, 4), axis=1, dtype=float64),
        lambda x: ops.exp(x) * 2,
    ],
)
def test_what_is_free_or_not_constant_stays(function: Callable[..., Any]) -> None:
    graph = graph_of(function, M)
    assert fold_constants(graph, Notes()) is graph


def test_a_result_much_larger_than_its_inputs_stays() -> None:
    wide, tall = np.ones((1, 2000)), np.ones((2000, 1))
    x = np.ones((2000, 2000))
    graph = inline(graph_of(lambda x: x + ops.matmul(tall, wide), x), Notes())
    assert fold_constants(graph, Notes()) is graph


def test_a_contraction_that_takes_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "chainrule.compiler.passes.fold_constants.MOST_PRODUCTS"
    monkeypatch.setattr(module, 1_000_000)
    w = np.ones((128, 128))
    graph = inline(graph_of(lambda x: x + ops.matmul(w, w), w), Notes())
    notes = Notes()
    after = fold_constants(graph, notes)
    assert "dot_general" in names(after)
    assert [r.reason for r in notes.refusals] == ["2 million products are too many while compiling"]


def test_an_index_outside_its_axis_is_left_to_the_program() -> None:
    graph = inline_all(
        graph_of(lambda x: x + ops.take(np.arange(3.0), np.array([0, 7])), np.ones(2)), Notes()
    )
    assert "gather" in names(fold_constants(graph, Notes()))


# Common sub-expressions.


def test_the_other_order_of_a_sum_is_the_same_sum() -> None:
    graph = graph_of(lambda x, y: (x + y) * (y + x), S, S)
    after, notes = run(common_subexpressions, graph, S, S)
    assert names(after) == ["input", "input", "add", "mul"]
    assert [a.rule for a in notes.applications] == ["computed once"]
    (merged,) = notes.applications
    assert len(after.origin(merged.after).frames) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: (x - y) * (y - x),
        lambda x, y: ops.maximum(x, y) * ops.maximum(y, x),
        lambda x, y: ops.where(x > 0, x, y) * ops.where(x > 0, y, x),
        lambda x, y: (x < y) == (y < x),
    ],
)
def test_the_other_order_is_not_always_the_same(function: Callable[..., Any]) -> None:
    graph = graph_of(function, S, S[::-1])
    after, notes = run(common_subexpressions, graph, S, S[::-1])
    assert len(after) == len(graph)
    assert notes.applications == []


@pytest.mark.parametrize("op", [ops.mul, ops.equal, ops.not_equal, ops.bitwise_xor])
def test_which_ops_commute_is_read_from_their_bodies(op: Any) -> None:
    x, y = np.array([1, 2, 3]), np.array([3, 2, 5])
    graph = graph_of(lambda x, y: (op(x, y), op(y, x)), x, y)
    after, _ = run(common_subexpressions, graph, x, y)
    assert after.outputs[0] is after.outputs[1]


def test_equal_units_made_apart_become_one() -> None:
    """What two builders made, and what follows from it."""
    first = graph_of(lambda x: ops.tanh(x) * 2, M)
    (x,) = first.inputs
    twin = Unit(ops.tanh, (x,), {}, first.outputs[0].type)
    sum = Unit(ops.add, (first.outputs[0].inputs[0], twin), {}, twin.type)
    frames = [Frame("a.py", 1, "f"), Frame("b.py", 2, "g")]
    origins = {
        unit: Origin(frozenset({frame})) for unit, frame in zip(sum.inputs, frames, strict=True)
    }
    after, _ = run(common_subexpressions, Graph("joined", [x], [sum], origins), M)
    assert names(after) == ["input", "tanh", "add"]
    assert after.origin(after.units[1]).frames == frozenset(frames)


def test_literals_differ_by_their_bits() -> None:
    graph = graph_of(lambda x: (x * 0.0, x * -0.0), S)
    after, _ = run(common_subexpressions, graph, S)
    assert after.outputs[0] is not after.outputs[1]


# Effects.

shown: list[Any] = []


@pytest.fixture
def show() -> Iterator[Any]:
    """An effect: gives a token alone, and remembers what it was shown."""

    def remember(x: Any) -> None:
        shown.append(x.copy())

    @elementwise(formula="x", effect=True, differentiable=(), reference=remember, name="show")
    def show(x: Any) -> Any:
        return x

    show.type_rule(lambda x: TOKEN)
    show.accepted = (case(normal(2)),)
    shown.clear()
    yield show
    if "show" in registry:
        registry.remove(show)


@pytest.mark.parametrize("each", PASSES, ids=lambda each: each.__name__)
def test_effects_are_kept_in_order_and_never_merged(each: Any, show: Any) -> None:
    def function(x: Any) -> Any:
        show(x)
        show(x + 0.0)
        show(x)
        return x * 1

    builder = Builder()
    with builder.activate():
        x = builder.value(builder.input(graph_of(lambda x: x, S).input_types[0]))
        result = function(x)
    graph = builder.graph("shows", [result.unit])
    after = each(graph, Notes())
    assert names(after).count("show") == 3
    evaluate(after, [S])
    np.testing.assert_array_equal(np.signbit(shown), np.signbit([S, S + 0.0, S]))


# Dead results.


def test_results_of_a_call_that_nobody_reads_go() -> None:
    def inner(x: Any) -> Any:
        return ops.tanh(x), ops.exp(x), ops.sqrt(x)

    def outer(x: Any) -> Any:
        (_, e, _), pullback = vjp(inner, x)
        (ct,) = pullback((None, ops.full(x.shape, 1.0, x.dtype), None))
        return e + ct

    graph = trace(outer)(M)
    assert {CALL, VJP} <= {unit.op for unit in graph.units}
    after, notes = run(dead_code, graph, M)
    bodies = {u.op: names(u.attributes["graph"]) for u in after.units if "graph" in u.attributes}
    assert bodies == {CALL: ["input", "exp"], VJP: ["input", "exp"]}
    assert [a.detail for a in notes.applications] == ["2 of inner", "2 of inner"]


def test_cotangents_that_nobody_reads_go() -> None:
    def outer(x: Any, y: Any) -> Any:
        return grad(lambda x, y: ops.sum(ops.tanh(x) * ops.exp(y)), argnums=(0, 1))(x, y)[1]

    graph = trace(outer)(M, M)
    after, notes = run(dead_code, graph, M, M)
    (unit,) = [unit for unit in after.units if unit.op is VJP]
    assert unit.attributes["wanted"] == (1,)
    assert len(notes.applications) == 1


def test_tangents_that_nobody_reads_go() -> None:
    def outer(x: Any) -> Any:
        (_, value), (_, tangent) = jvp(lambda x: (ops.tanh(x), ops.exp(x)), (x,), (x,))
        return value * tangent

    after, _ = run(dead_code, trace(outer)(M), M)
    (unit,) = [unit for unit in after.units if unit.op is JVP]
    assert names(unit.attributes["graph"]) == ["input", "exp"]


def test_what_is_read_stays() -> None:
    graph = trace(grad(lambda x: ops.sum(ops.tanh(x))))(M)
    after = dead_code(dead_code(graph, Notes()), Notes())
    np.testing.assert_array_equal(evaluate(after, [M])[0], evaluate(graph, [M])[0])
    plain = graph_of(ops.tanh, M)
    assert dead_code(plain, Notes()) is plain


# All passes.


def everything(x: Any, w: Any) -> Any:
    h = ops.softmax(ops.relu(x @ w) + -ops.tanh(-x @ w), axis=1)
    return ops.sum(ops.where(h > 0.2, ops.log(h), h * 1) - 0) + ops.mean(ops.square(h))


@pytest.mark.parametrize("each", PASSES, ids=lambda each: each.__name__)
def test_passes_keep_the_value_of_a_whole_step(each: Any, rng: np.random.Generator) -> None:
    x, w = rng.standard_normal((5, 4)), rng.standard_normal((4, 3))
    graph = trace(lambda x, w: (everything(x, w), grad(everything, argnums=(0, 1))(x, w)))(x, w)
    after = each(graph, Notes())
    verify(after)
    for now, then in zip(evaluate(after, [x, w]), evaluate(graph, [x, w]), strict=True):
        np.testing.assert_allclose(now, then, rtol=1e-12, atol=1e-14)


@pytest.fixture(scope="module")
def deep() -> Graph:
    def function(x: Any) -> Any:
        for n in range(1200):
            x = ops.where(x > n, ops.tanh(x) * 1 + 0.5, x - 0)
        return x

    return graph_of(function, S)


@pytest.mark.parametrize("each", PASSES, ids=lambda each: each.__name__)
def test_passes_take_graphs_of_any_depth(each: Any, deep: Graph) -> None:
    assert len(deep) > 7000
    after = each(deep, Notes())
    assert close(evaluate(after, [S])[0], evaluate(deep, [S])[0], BITS)


def test_graphs_may_be_stated_as_text() -> None:
    graph = parse_graph(
        """
        graph f(x: float32[3], y: float32[3]) {
          a = neg(y)
          b = add(x, a)
          return b
        }
        """
    )
    assert names(algebra(graph, Notes())) == ["input", "input", "sub"]


# Notes.


def test_notes_print_the_rule_the_figures_and_the_line() -> None:
    notes = Notes()
    unit = graph_of(ops.tanh, M).outputs[0]
    origin = Origin(frozenset({Frame("model.py", 7, "f"), Frame("model.py", 5, "f")}))
    notes.applied("rule", unit, "2 of 3", origin=origin)
    notes.applied("rule", unit)
    notes.refused("rule", unit, "too dear", origin=origin)
    first, second = notes.applications
    assert str(first) == "rule: 2 of 3    model.py:5, in f; model.py:7, in f"
    assert str(second) == "rule"
    assert str(notes.refusals[0]) == "rule: too dear    model.py:5, in f; model.py:7, in f"
