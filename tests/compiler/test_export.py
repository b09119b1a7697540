"""networkx and DOT: the same nodes and edges, in a form that their tools read."""

from typing import Any

import networkx as nx
import numpy as np
import pyparsing as pp
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.compiler.builder import Builder
from chainrule.compiler.dtypes import float32
from chainrule.compiler.export import PHASE_COLOURS, to_dot, to_networkx
from chainrule.compiler.graph import Graph
from chainrule.compiler.pipeline import optimise
from chainrule.compiler.provenance import Origin, phase
from chainrule.compiler.structural import CONSTANT, INPUT
from chainrule.compiler.text import parse_graph
from chainrule.compiler.types import ArrayType

DIAMOND = """
graph diamond(x: float32[2], w: float32[2]) {
  a = tanh(x)
  b = sub(a, x)
  c = mul(b, b)
  d = float32[] 0.5
  e = broadcast_to(d, shape=(2,))
  f = mul(c, e)
  return f, a
}
"""


def dot_grammar() -> pp.ParserElement:
    """The DOT language, as far as Graphviz's documentation gives its grammar for digraphs."""
    string = pp.QuotedString('"', esc_char="\\", unquote_results=False)
    name = string | pp.Regex(r"[A-Za-z_]\w*|-?(?:\.\d+|\d+(?:\.\d*)?)")
    option = pp.Group(name + pp.Suppress("=") + name)
    options = pp.Suppress("[") + pp.ZeroOrMore(option + pp.Suppress(pp.Opt(","))) + pp.Suppress("]")
    statement = pp.Forward()
    body = pp.Suppress("{") + pp.ZeroOrMore(statement + pp.Suppress(pp.Opt(";"))) + pp.Suppress("}")
    subgraph = pp.Group(pp.Keyword("subgraph") + name + pp.Group(body))
    edge = pp.Group(name + pp.Literal("->") + name + pp.Group(pp.Opt(options)))
    setting = pp.Group(name + pp.Literal("=") + name)
    node = pp.Group(name + pp.Group(pp.Opt(options)))
    statement <<= subgraph | edge | setting | node
    return pp.Suppress(pp.Keyword("digraph")) + name + pp.Group(body)


def read_dot(text: str) -> tuple[dict[int, dict[str, str]], list[tuple[int, int]], dict[int, Any]]:
    """Nodes with their options, edges, and the path of clusters of each node."""
    nodes: dict[int, dict[str, str]] = {}
    edges: list[tuple[int, int]] = []
    places: dict[int, Any] = {}

    def walk(statements: Any, place: tuple[str, ...]) -> None:
        title = next((s[2] for s in statements if len(s) == 3 and s[0] == "label"), "")
        place = (*place, title[1:-1]) if title else place
        for statement in statements:
            if statement[0] == "subgraph":
                assert statement[1].startswith("cluster")
                walk(statement[2], place)
            elif statement[1] == "->":
                edges.append((int(statement[0]), int(statement[2])))
            elif statement[0].isdigit():
                number = int(statement[0])
                nodes[number] = {key: value[1:-1] for key, value in statement[1]}
                places[number] = place

    walk(dot_grammar().parse_string(text, parse_all=True)[1], ())
    return nodes, edges, places


def test_networkx_has_the_units_and_the_positions_of_operands() -> None:
    graph = parse_graph(DIAMOND)
    exported = to_networkx(graph)
    assert nx.is_directed_acyclic_graph(exported)
    assert exported.graph["inputs"] == [0, 1]
    assert [exported.nodes[n]["op"] for n in exported.graph["outputs"]] == ["mul", "tanh"]
    for number, unit in enumerate(graph.units):
        node = exported.nodes[number]
        assert (node["op"], node["type"]) == (unit.op.name, unit.type)
        into = sorted(
            (data["position"], start) for start, _, data in exported.in_edges(number, True)
        )
        assert [start for _, start in into] == [graph.numbers[operand] for operand in unit.inputs]
    square = next(
        n for n, unit in enumerate(graph.units) if unit.inputs[:1] * 2 == unit.inputs != ()
    )
    assert exported.number_of_edges(square - 1, square) == 2


def test_dot_has_the_nodes_and_edges_of_the_graph() -> None:
    graph = parse_graph(DIAMOND)
    nodes, edges, _ = read_dot(to_dot(graph))
    exported = to_networkx(graph)
    assert sorted(nodes) == sorted(exported.nodes)
    assert sorted(edges) == sorted((a, b) for a, b, _ in exported.edges)
    for number, unit in enumerate(graph.units):
        assert str(unit.type) in nodes[number]["label"]
        assert ("peripheries" in nodes[number]) == (unit in graph.outputs)


def test_dot_tells_inputs_and_constants_from_computation() -> None:
    graph = parse_graph(DIAMOND)
    nodes, _, _ = read_dot(to_dot(graph))
    looks: dict[str, set[tuple[str, str]]] = {}
    for unit, node in zip(graph.units, nodes.values(), strict=False):
        kind = unit.op.name if unit.op in (INPUT, CONSTANT) else "op"
        looks.setdefault(kind, set()).add((node["shape"], node["fillcolor"]))
    assert all(len(found) == 1 for found in looks.values())
    assert len(set.union(*looks.values())) == 3
    assert any(node["label"] == r"0.5\nfloat32[]" for node in nodes.values())
    assert any(node["label"] == r"x\nfloat32[2]" for node in nodes.values())


def test_dot_groups_by_scope_and_colours_by_phase() -> None:
    builder = Builder()
    with builder.activate():
        x = builder.value(builder.input(ArrayType((2,), float32), "x"))
        with cr.scope("encoder"), cr.scope('layer "1"'):
            hidden = ops.tanh(x)
        with cr.scope("encoder"), phase("backward"):
            result = ops.neg(hidden)
    graph = builder.graph("f", [result.unit])
    nodes, _, places = read_dot(to_dot(graph))
    number = graph.numbers
    assert places[number[x.unit]] == ()
    assert places[number[hidden.unit]] == ("encoder", r"layer \"1\"")
    assert places[number[result.unit]] == ("encoder",)
    assert nodes[number[hidden.unit]]["fillcolor"] == PHASE_COLOURS["forward"]
    assert nodes[number[result.unit]]["fillcolor"] == PHASE_COLOURS["backward"]
    assert len({*PHASE_COLOURS.values()}) == 3


def test_a_unit_of_two_scopes_stands_in_what_they_share() -> None:
    graph = parse_graph("graph f(x: float32[2]) { a = tanh(x) return a }")
    (result,) = graph.outputs
    graph.origins[result] = Origin(scopes=frozenset({("net", "a"), ("net", "b")}))
    _, _, places = read_dot(to_dot(graph))
    assert places[graph.numbers[result]] == ("net",)


@pytest.mark.parametrize(
    "name", ['say "hi"', "back\\slash", 'both \\"', "two\nlines", "}", "<b>", "größe", "\\N", ""]
)
def test_names_are_escaped(name: str) -> None:
    builder = Builder()
    unit = builder.input(ArrayType((), float32), name)
    graph = builder.graph(name, [unit])
    nodes, edges, _ = read_dot(to_dot(graph))
    assert list(nodes) == [0]
    assert edges == []
    label = nodes[0]["label"]
    restored = (
        label.replace(r"\\", "\0").replace(r"\"", '"').replace(r"\n", "\n").replace("\0", "\\")
    )
    assert restored == f"{name or 'input'}\nfloat32[]"


def test_a_training_step_exports(rng: np.random.Generator) -> None:
    def loss(w: Any, x: Any) -> Any:
        with cr.scope("net"):
            return ops.sum(ops.tanh(x @ w))

    graph = cr.trace(cr.grad(loss))(rng.normal(size=(3, 2)), rng.normal(size=(4, 3)))
    for each in (graph, optimise(graph)[0]):
        nodes, edges, _ = read_dot(each.to_dot())
        assert len(nodes) == len(each)
        assert len(edges) == sum(len(unit.inputs) for unit in each.units)
        assert isinstance(each, Graph)
        assert len(each.to_networkx()) == len(each)
