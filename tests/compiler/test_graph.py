"""The graph: what is one unit and what is not, order, sharing, and depth without recursion."""

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

from chainrule import ops
from chainrule.compiler.attributes import FrozenArray, attribute_key
from chainrule.compiler.builder import Builder
from chainrule.compiler.difference import difference
from chainrule.compiler.dtypes import float32, float64
from chainrule.compiler.errors import ArgumentError
from chainrule.compiler.graph import Graph, Unit, nested_graphs, toposort
from chainrule.compiler.provenance import NOWHERE, Frame, Origin
from chainrule.compiler.rewrite import rebuild
from chainrule.compiler.structural import INPUT
from chainrule.compiler.text import parse_graph
from chainrule.compiler.types import ArrayType

SCALAR = ArrayType((), float32)


def chain(length: int) -> Graph:
    builder = Builder()
    unit = builder.input(SCALAR, "x")
    with builder.inherit(NOWHERE):
        for _ in range(length):
            unit = builder.unit(ops.tanh, (unit,), {}, SCALAR)
    return builder.graph("chain", [unit])


# Hash-consing.


DISTINCT = [
    (0.0, -0.0),
    (1, True),
    (0, False),
    (1, 1.0),
    (1.0, 1 + 0j),
    (0j, complex(0.0, -0.0)),
    (None, False),
    ("1", 1),
    ((1,), (True,)),
    ((0.0,), (-0.0,)),
    ((), None),
    (float32, float64),
    (float32, "float32"),
    (ArrayType((), float32), ArrayType((), float32, weak=True)),
    (FrozenArray(np.float32(0.0)), FrozenArray(np.float32(-0.0))),
    (FrozenArray(np.float32(1.0)), FrozenArray(np.float64(1.0))),
    (FrozenArray(np.zeros((2, 3))), FrozenArray(np.zeros((3, 2)))),
    (FrozenArray(np.zeros(4, np.int32)), FrozenArray(np.zeros(4, np.uint32))),
]
SAME = [
    (0.0, 0.0),
    (math.nan, -math.nan),
    (math.nan, float("nan")),
    (complex(math.nan, 1), complex(math.nan, 1)),
    ((1, (2.0,)), (1, (2.0,))),
    (np.float64(0.5), 0.5),
    (FrozenArray(np.arange(6)), FrozenArray(np.arange(6))),
    (FrozenArray(np.array([np.nan])), FrozenArray(np.array([np.nan]))),
    (FrozenArray(np.arange(6).reshape(2, 3).T), FrozenArray([[0, 3], [1, 4], [2, 5]])),
    (FrozenArray(np.arange(3, dtype=">i8")), FrozenArray(np.arange(3))),
]


def unit_with(builder: Builder, value: Any) -> Unit:
    return builder.unit(INPUT, (), {"index": 0, "type": value}, SCALAR)


@pytest.mark.parametrize(("one", "other"), DISTINCT, ids=repr)
def test_attributes_that_differ_make_two_units(one: Any, other: Any) -> None:
    builder = Builder()
    assert unit_with(builder, one) is not unit_with(builder, other)
    graphs = [builder.graph("f", [unit_with(builder, value)]) for value in (one, other)]
    assert graphs[0] != graphs[1]
    assert attribute_key(one) != attribute_key(other)


@pytest.mark.parametrize(("one", "other"), SAME, ids=repr)
def test_attributes_that_are_the_same_make_one_unit(one: Any, other: Any) -> None:
    builder = Builder()
    assert unit_with(builder, one) is unit_with(builder, other)
    graphs = [Builder().graph("f", [unit_with(Builder(), value)]) for value in (one, other)]
    assert graphs[0] == graphs[1]
    assert hash(graphs[0]) == hash(graphs[1])


def test_python_literals_keep_their_sign_and_kind() -> None:
    builder = Builder()
    literals = [0.0, -0.0, 0, False, math.nan, float("nan")]
    units = [builder.lift(literal).unit for literal in literals]
    assert len({id(unit) for unit in units}) == 5
    assert units[4] is units[5]


def test_op_operands_their_order_and_the_type_tell_units_apart() -> None:
    builder = Builder()
    x, y = builder.input(SCALAR), builder.input(SCALAR)
    wide = ArrayType((), float64)
    made = [
        builder.unit(ops.sub, (x, y), {}, SCALAR),
        builder.unit(ops.sub, (y, x), {}, SCALAR),
        builder.unit(ops.add, (x, y), {}, SCALAR),
        builder.unit(ops.sub, (x, y), {}, wide),
        builder.unit(ops.sub, (x, x), {}, SCALAR),
    ]
    assert len(set(made)) == 5
    assert builder.unit(ops.sub, [x, y], {}, SCALAR) is made[0]


def test_attributes_are_the_same_in_any_order() -> None:
    builder = Builder()
    x = builder.input(ArrayType((2,), float32))
    attributes = {"axis": (0,), "keepdims": False}
    turned = dict(reversed(attributes.items()))
    one, other = (builder.unit(ops.sum, (x,), each, SCALAR) for each in (attributes, turned))
    assert one is other


def test_equal_sub_graphs_are_one_attribute() -> None:
    texts = [
        f"graph {name}(x: float32[]) {{ a = {op}(x) return a }}"
        for name, op in (("f", "tanh"), ("g", "tanh"), ("f", "neg"))
    ]
    one, same, other = map(parse_graph, texts)
    builder = Builder()
    assert unit_with(builder, one) is unit_with(builder, same)
    assert unit_with(builder, one) is not unit_with(builder, other)


def test_a_captured_array_is_frozen_when_captured() -> None:
    array = np.ones(3)
    builder = Builder()
    value = builder.lift(array)
    array[0] = 7
    held = value.unit.attributes["value"].value
    assert held.tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        held[0] = 2


@pytest.mark.parametrize(
    "value",
    [[1], {1: 2}, {1}, object(), np.zeros(2), np.int64(1)],
    ids=lambda value: type(value).__name__,
)
def test_what_can_change_is_no_attribute(value: Any) -> None:
    with pytest.raises(ArgumentError, match="cannot be a static attribute"):
        unit_with(Builder(), value)


def test_the_attributes_of_a_unit_cannot_be_changed() -> None:
    attributes = {"index": 0, "type": SCALAR}
    unit = Builder().unit(INPUT, (), attributes, SCALAR)
    attributes["index"] = 3
    assert unit.attributes["index"] == 0
    with pytest.raises(TypeError, match="does not support item assignment"):
        unit.attributes["index"] = 3  # type: ignore[index]


# Provenance.


def test_origins_are_united_when_units_merge() -> None:
    builder = Builder()
    x = builder.input(SCALAR, "x")
    origins = [
        Origin(frames=frozenset({Frame("a.py", line, "f")}), scopes=frozenset({(scope,)}))
        for line, scope in ((1, "one"), (2, "two"))
    ]
    for origin in origins:
        with builder.inherit(origin):
            unit = builder.unit(ops.tanh, (x,), {}, SCALAR)
    graph = builder.graph("f", [unit])
    assert graph.origin(unit) == origins[0] | origins[1]
    assert graph.origin(unit).scopes == {("one",), ("two",)}
    assert graph.origin(x).names == {"x"}


def test_a_unit_knows_the_users_line() -> None:
    builder = Builder()
    with builder.activate():
        value = ops.tanh(builder.value(builder.input(SCALAR)))
    (frame,) = builder.graph("f", [value.unit]).origin(value.unit).frames
    assert frame.file == __file__
    assert frame.function == "test_a_unit_knows_the_users_line"
    assert "ops.tanh" in frame.code


def test_a_graph_keeps_the_origins_of_its_own_units_alone() -> None:
    builder = Builder()
    with builder.activate():
        x = builder.value(builder.input(SCALAR, "x"))
        ops.neg(x)
        kept = ops.tanh(x)
    graph = builder.graph("f", [kept.unit])
    assert set(graph.origins) == {x.unit, kept.unit}


# Order and identity.


def test_operands_come_before_their_users_once() -> None:
    graph = parse_graph(
        "graph f(x: float32[], unused: float32[], y: float32[]) {\n"
        "  a = add(y, x) b = mul(a, a) c = sub(b, a) d = mul(c, b) return d, a, x, d }"
    )
    numbers = graph.numbers
    assert graph.units[:3] == graph.inputs
    assert len(set(graph.units)) == len(graph.units) == 7
    for unit in graph.units:
        assert all(numbers[operand] < numbers[unit] for operand in unit.inputs)
    assert toposort([]) == ()


def test_a_ladder_of_shared_units_is_walked_once() -> None:
    builder = Builder()
    unit = builder.input(SCALAR)
    for _ in range(200):  # 2 ** 200 paths
        unit = builder.unit(ops.add, (unit, unit), {}, SCALAR)
    graph = builder.graph("ladder", [unit])
    assert len(graph) == 201
    assert parse_graph(str(graph)) == graph


def test_users_stand_once_for_each_use() -> None:
    graph = parse_graph("graph f(x: float32[]) { a = mul(x, x) b = add(x, a) return b }")
    x, a, b = graph.units
    assert graph.users == {x: (a, a, b), a: (b,), b: ()}


def test_a_chain_of_100_000_units_is_sorted_and_fingerprinted() -> None:
    graph = chain(100_000)
    assert len(graph.units) == 100_001
    assert graph.units[1].inputs == graph.inputs
    assert graph.fingerprint == chain(100_000).fingerprint != chain(99_999).fingerprint
    assert len(graph.users) == 100_001


def test_a_deep_chain_pickles_and_is_its_own_deep_copy() -> None:
    graph = chain(20_000)
    assert pickle.loads(pickle.dumps(graph)) == graph
    held = copy.deepcopy({"graph": graph, "unit": graph.outputs[0]})
    assert held["graph"] is graph
    assert held["unit"] is graph.outputs[0]


def test_the_fingerprint_sees_structure_and_not_names() -> None:
    text = "graph f(x: float32[], y: float32[]) { a = sub(x, y) return a }"
    renamed = text.replace("graph f(x", "graph g(z").replace("(x,", "(z,")
    assert parse_graph(text) == parse_graph(renamed)
    for changed in (
        text.replace("sub(x, y)", "sub(y, x)"),
        text.replace("sub", "add"),
        text.replace("return a", "return a, a"),
        text.replace("return a", "return x"),
        text.replace("float32", "float64"),
        text.replace("y: float32[]", "y: float32[], z: float32[]"),
    ):
        assert parse_graph(text) != parse_graph(changed)


def test_nested_graphs_stand_once_before_their_users() -> None:
    graph = parse_graph(
        "graph a(x: float32[]) { return x }\n"
        "graph b(x: float32[]) { c = call(x, graph=@a) d = item(c, index=0) return d }\n"
        "graph f(x: float32[]) { p = call(x, graph=@b) q = call(x, graph=@a) return p, q }"
    )
    assert [each.name for each in nested_graphs(graph)] == ["a", "b", "f"]


# Sharing between the graphs before and after a rewrite.


def test_a_rebuilt_graph_shares_what_did_not_change() -> None:
    graph = parse_graph(
        "graph f(x: float32[], y: float32[]) {\n"
        "  a = tanh(x) b = neg(y) c = mul(a, b) d = neg(a) return c, d }"
    )
    c, d = graph.outputs
    a, b = c.inputs

    def visit(builder: Builder, unit: Unit, inputs: tuple[Unit, ...]) -> Unit | None:
        return inputs[0] if unit is b else None

    after = rebuild(graph, visit)
    changed = difference(graph, after)
    assert changed.removed == {b, c}
    assert changed.kept == {*graph.inputs, a, d}
    (added,) = changed.added
    assert added.inputs == (a, graph.inputs[1])
    assert changed
    assert str(changed) == "1 added, 2 removed, 4 kept"
    assert after.origin(a) == graph.origin(a)


def test_a_graph_does_not_differ_from_itself() -> None:
    graph = chain(3)
    assert not difference(graph, graph)
    assert difference(graph, chain(3)).kept == frozenset()
