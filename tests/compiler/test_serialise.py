"""The JSON form: what it restores, and what it refuses."""

import copy
import json
import math
import pickle
import re
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.compiler.attributes import FrozenArray, attribute_key
from chainrule.compiler.builder import Builder
from chainrule.compiler.dtypes import ALL, float32
from chainrule.compiler.errors import ParseError
from chainrule.compiler.graph import Graph
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.pipeline import optimise
from chainrule.compiler.provenance import Frame, Origin
from chainrule.compiler.serialise import from_json, to_json
from chainrule.compiler.structural import INPUT, VJP
from chainrule.compiler.text import parse_graph
from chainrule.compiler.types import TOKEN, ArrayType, Layout, TupleType


def step(params: Any, x: Any) -> Any:
    def loss(params: Any) -> Any:
        with cr.scope("encoder"):
            hidden = ops.tanh(x @ params["w"] + params["b"])
        return ops.sum(hidden * hidden * np.float32(0.1))

    return cr.value_and_grad(loss)(params)


@pytest.fixture
def traced() -> Graph:
    params = {"w": cr.ShapeDtype((4, 3), "float32"), "b": cr.ShapeDtype((3,), "float32")}
    graph: Graph = cr.trace(step)(params, cr.ShapeDtype((2, 4), "float32"))
    return graph


def same(one: Graph, other: Graph) -> bool:
    origins = [[graph.origin(unit) for unit in graph.units] for graph in (one, other)]
    return one == other and one.name == other.name and origins[0] == origins[1]


def holding(value: Any) -> Graph:
    builder = Builder()
    unit = builder.unit(INPUT, (), {"index": -1, "type": value}, TOKEN)
    return builder.graph("holder", [unit])


def test_structure_names_and_origins_are_restored(traced: Graph) -> None:
    for graph in (traced, optimise(traced)[0]):
        back = from_json(to_json(graph))
        assert same(back, graph)
        assert to_json(back) == to_json(graph)
    origin = next(unit for unit in traced.units if unit.op is VJP)
    body, restored = (
        next(unit for unit in graph.units if unit.op is VJP).attributes["graph"]
        for graph in (traced, from_json(to_json(traced)))
    )
    assert traced.origin(origin).frames
    assert same(body, restored)
    assert {("encoder",)} in [set(restored.origin(unit).scopes) for unit in restored.units]


def test_a_restored_graph_computes_the_same(traced: Graph, rng: np.random.Generator) -> None:
    arrays = [rng.normal(size=type.shape).astype("f4") for type in traced.input_types]
    expected = evaluate(traced, arrays)
    for one, other in zip(expected, evaluate(from_json(to_json(traced)), arrays), strict=True):
        assert one.tobytes() == other.tobytes()


def test_shared_units_stay_shared() -> None:
    graph = parse_graph(
        "graph f(x: float32[]) { a = tanh(x) b = add(a, a) c = mul(b, a) return c, a }"
    )
    back = from_json(to_json(graph))
    assert len(back) == 4
    product, shared = back.outputs
    assert product.inputs[1] is shared
    assert product.inputs[0].inputs == (shared, shared)


def test_equal_sub_graphs_are_written_once_with_the_origins_of_all() -> None:
    frames = [Frame("model.py", line, "f") for line in (3, 8)]
    bodies = []
    for frame in frames:
        body = parse_graph("graph f(x: float32[]) { a = tanh(x) return a }")
        body.origins[body.outputs[0]] = Origin(frames=frozenset({frame}))
        bodies.append(body)
    builder = Builder()
    x, y = builder.input(ArrayType((), float32)), builder.input(ArrayType((), float32))
    graph = parse_graph(
        "graph f(x: float32[]) { a = tanh(x) return a }\n"
        "graph g(x: float32[], y: float32[]) { a = call(x, graph=@f) b = call(y, graph=@f)\n"
        "  return a, b }"
    )
    call = graph.outputs[0]
    calls = [
        builder.unit(call.op, (operand,), {"graph": body}, call.type)
        for operand, body in zip((x, y), bodies, strict=True)
    ]
    text = to_json(builder.graph("g", calls))
    assert len(json.loads(text)["graphs"]) == 2
    one, other = (unit.attributes["graph"] for unit in from_json(text).outputs)
    assert one is other
    assert one.origin(one.outputs[0]).frames == frozenset(frames)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 0, 1, -7, 2**100, "", "tanh", 'a "b"\n\\ \u2028 \ud800'),
        *(0.0, -0.0, 1.0, 0.1, 5e-324, math.inf, -math.inf, math.nan),
        *(0j, complex(-0.0, math.nan)),
        *((), (1,), (1, (2.0, ("x", None, float32)))),
        *ALL,
        *(TOKEN, TupleType((TOKEN,)), ArrayType((2,), float32, True, Layout.ROW_SPARSE)),
        FrozenArray(np.array([0x7FC00001, 0x80000000], np.uint32).view(np.float32)),
        FrozenArray(np.zeros((0, 3))),
        (FrozenArray(np.array(True)), 1),
    ],
    ids=repr,
)
def test_every_kind_of_attribute_is_restored(value: Any) -> None:
    back = from_json(to_json(holding(value))).outputs[0].attributes["type"]
    assert attribute_key(back) == attribute_key(value)


def test_the_form_is_strict_json() -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    json.loads(to_json(holding((math.nan, math.inf, -math.inf))), parse_constant=refuse)


def test_a_constant_is_written_once() -> None:
    graph = parse_graph(
        "graph f() { a = float32[2] [1.0, 2.0] return a }\n"
        "graph g() { a = float32[2] [1.0, 2.0] b = call(graph=@f) return a, b }"
    )
    document = json.loads(to_json(graph))
    assert len(document["arrays"]) == 1
    assert from_json(json.dumps(document)) == graph


def test_pickle_restores_and_deepcopy_shares(traced: Graph) -> None:
    assert same(pickle.loads(pickle.dumps(traced)), traced)
    assert copy.deepcopy(traced) is traced
    assert copy.deepcopy(traced.outputs) == traced.outputs


def test_a_chain_of_100_000_units_pickles() -> None:
    builder = Builder()
    unit = builder.input(ArrayType((), float32), "x")
    with builder.inherit(Origin()):
        for _ in range(100_000):
            unit = builder.unit(ops.tanh, (unit,), {}, unit.type)
    graph = builder.graph("chain", [unit])
    back = pickle.loads(pickle.dumps(graph))
    assert len(back) == 100_001
    assert back.fingerprint == graph.fingerprint


def document() -> dict[str, Any]:
    graph = parse_graph(
        "graph f(x: float32[2]) { a = float32[2] [1.0, 2.0] b = add(x, a) return b }"
    )
    read: dict[str, Any] = json.loads(to_json(graph))
    return read


def refused(changed: Any) -> str:
    text = changed if isinstance(changed, str) else json.dumps(changed)
    with pytest.raises(ParseError) as caught:
        from_json(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_another_version_is_refused() -> None:
    sentence = refused(document() | {"version": 2})
    assert sentence == "the graph is of version 2, this chainrule reads 1"


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"format": "other"}'])
def test_other_json_is_refused(text: str) -> None:
    assert refused(text) == "the JSON is no graph: its format is not 'chainrule graph'"


def test_what_is_no_json_is_refused() -> None:
    assert refused('{"format": ').startswith("the graph is no JSON: ")
    assert refused("[" * 100_000).startswith("the graph is no JSON: ")


def test_an_unknown_op_is_refused() -> None:
    changed = document()
    changed["graphs"][0]["units"][2]["op"] = "unheard_of"
    assert "no op is named 'unheard_of'" in refused(changed)


def test_a_changed_constant_is_refused() -> None:
    changed = document()
    (entry,) = changed["arrays"].values()
    entry["data"] = "AACAPwAAgD8="
    assert re.search("bytes of the constant [0-9a-f]{32} are not those", refused(changed))


@pytest.mark.parametrize("number", [2, 3, -1])
def test_an_operand_that_is_not_stated_before_is_refused(number: int) -> None:
    changed = document()
    changed["graphs"][0]["units"][2]["inputs"] = [0, number]
    assert f"number {number} is used before it is stated" in refused(changed)


@pytest.mark.parametrize(
    "path", [("graphs",), ("graphs", 0, "units"), ("graphs", 0, "units", 2, "op")]
)
def test_a_missing_part_is_refused(path: tuple[Any, ...]) -> None:
    changed = document()
    inner: Any = changed
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    assert refused(changed).startswith("the JSON of the graph is damaged: KeyError")


def test_an_attribute_of_an_unknown_kind_is_refused() -> None:
    changed = document()
    changed["graphs"][0]["units"][2]["attributes"] = {"axis": {"quaternion": [1, 2, 3, 4]}}
    assert refused(changed).startswith("the JSON of the graph is damaged: KeyError")
