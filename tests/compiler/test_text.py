"""The text form: what it looks like, that reading it gives the same graph, and its errors."""

import math
import struct
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.compiler.attributes import FrozenArray, attribute_key
from chainrule.compiler.builder import Builder
from chainrule.compiler.dtypes import ALL, bool_, float32
from chainrule.compiler.errors import ArgumentError, ParseError
from chainrule.compiler.graph import Graph
from chainrule.compiler.structural import CALL, CONSTANT, INPUT, START
from chainrule.compiler.text import parse_graph, print_graph
from chainrule.compiler.types import TOKEN, ArrayType, Layout, TupleType, Type

MLP = """\
graph mlp(x: float32[32, 64], w: float32[64, 10]) {
  a = dot_general(x, w, contract=((1,), (0,)), batch=((), ()))  : float32[32, 10]
  b = tanh(a)  : float32[32, 10]
  return b
}
"""


def round_trip(graph: Graph) -> Graph:
    text = print_graph(graph)
    back = parse_graph(text)
    assert back.fingerprint == graph.fingerprint
    assert print_graph(back) == text
    return back


def holding(value: Any) -> Graph:
    """A graph that has `value` among its attributes."""
    builder = Builder()
    with builder.activate():
        unit = builder.unit(INPUT, (), {"index": -1, "type": value}, TOKEN)
    return builder.graph("holder", [unit])


def constant(array: Any, weak: bool = False) -> Graph:
    builder = Builder()
    return builder.graph("constant", [builder.constant(array, weak).unit])


def value_of(graph: Graph) -> Any:
    return graph.outputs[0].attributes["value"].value


def test_a_graph_prints_as_it_is_written_by_hand() -> None:
    builder = Builder()
    with builder.activate():
        x = builder.value(builder.input(ArrayType((32, 64), float32), "x"))
        w = builder.value(builder.input(ArrayType((64, 10), float32), "w"))
        result = ops.tanh(ops.dot_general(x, w, contract=((1,), (0,))))
    graph = builder.graph("mlp", [result.unit])
    assert print_graph(graph) == MLP
    assert str(graph) == MLP
    assert parse_graph(MLP).fingerprint == graph.fingerprint


def test_types_and_defaults_may_be_left_out() -> None:
    terse = "graph mlp(x: float32[32, 64], w: float32[64, 10]) { # a comment\n" + (
        "a = dot_general(x, w, contract=((-1,), (0,))) b = tanh(a) return b }"
    )
    assert print_graph(parse_graph(terse)) == MLP


def test_equal_statements_are_one_unit() -> None:
    graph = parse_graph("graph f(x: float32[2]) { a = tanh(x) b = tanh(x) c = add(a, b) return c }")
    first, second = graph.outputs[0].inputs
    assert first is second


def test_a_stated_type_is_taken_as_it_stands() -> None:
    graph = parse_graph("graph f(x: float32[2]) { a = tanh(x) : float64[7] return a }")
    assert str(graph.outputs[0].type) == "float64[7]"


@pytest.mark.parametrize(
    "type",
    [
        ArrayType((), float32),
        ArrayType((2, 0), bool_),
        ArrayType((3,), float32, weak=True),
        ArrayType((3,), float32, layout=Layout.ROW_SPARSE),
        ArrayType((3,), float32, True, Layout.ROW_SPARSE),
        TOKEN,
        TupleType(()),
        TupleType((TOKEN,)),
        TupleType((TupleType((ArrayType((2,), float32), TOKEN)), ArrayType((), bool_))),
        *(ArrayType((1,), dtype) for dtype in ALL),
    ],
    ids=str,
)
def test_every_type_round_trips_as_a_type_and_as_an_attribute(type: Type) -> None:
    builder = Builder()
    unit = builder.input(type, "x")
    graph = round_trip(builder.graph("f", [unit]))
    assert graph.input_types == (type,)
    assert round_trip(holding(type)).outputs[0].attributes["type"] == type


ATTRIBUTES = [
    *(None, True, False, 0, 1, -7, 2**100),
    *(0.0, -0.0, 1.0, 0.1, 1e300, 5e-324, math.inf, -math.inf, math.nan, 1e16, -1e-5),
    *(0j, complex(-0.0, 1.0), complex(math.nan, -math.inf)),
    *("", "tanh", 'a "quoted" \\ line\nend', "größe \u2028 \U0001f600 \ud800", "@f"),
    *((), (1,), (1, (2.0, ("x", None))), (float32, ArrayType((2,), float32))),
    *ALL,
    FrozenArray(np.array([[1.5, -0.0]], np.float32)),
    FrozenArray(np.arange(100)),
    (FrozenArray(np.array(True)), True),
    np.float64(0.1),
]


@pytest.mark.parametrize("value", ATTRIBUTES, ids=repr)
def test_every_kind_of_attribute_round_trips(value: Any) -> None:
    back = round_trip(holding(value)).outputs[0].attributes["type"]
    assert attribute_key(back) == attribute_key(value)
    if isinstance(value, float) and not math.isnan(value):
        assert struct.pack("<d", back) == struct.pack("<d", value)


def bits(pattern: int, dtype: str) -> np.ndarray:
    return np.array(pattern, f"u{np.dtype(dtype).itemsize}").view(dtype)


@pytest.mark.parametrize(
    "array",
    [
        np.float32(0.1),
        np.float32(16777216.0),
        np.array([np.nan, np.inf, -np.inf, -0.0, 0.0], np.float32),
        np.array([1e-45, 1.1754944e-38, 3.4028235e38], np.float32),
        np.array([6e-8, 65504, -0.0, np.nan], np.float16),
        np.array([0.1, 5e-324, 1.7976931348623157e308]),
        bits(0x7FC00001, "f4"),
        bits(0xFFC00000, "f4"),
        bits(0x7FF8000000000001, "f8"),
        np.array([1 + 2j, complex(-0.0, np.nan)], np.complex64),
        np.array([complex(np.inf, -0.0)]),
        np.array([0, 2**64 - 1], np.uint64),
        np.array([-(2**63), 2**63 - 1]),
        np.array([[True], [False]]),
        np.zeros((0, 3), np.float32),
        np.zeros((3, 0), np.int8),
        np.zeros((2, 2, 2)),
        np.linspace(0, 1, 17),
        np.arange(6, dtype=">i4").reshape(2, 3).T,
    ],
    ids=lambda array: f"{array.dtype}{array.ravel()[:3]}",
)
def test_constants_keep_their_bits(array: Any) -> None:
    graph = constant(array)
    back = value_of(round_trip(graph))
    native = np.asarray(array).astype(array.dtype.newbyteorder("="))
    assert back.dtype == native.dtype
    assert back.tobytes() == native.tobytes()
    assert back.shape == array.shape


def test_every_float16_keeps_its_bits() -> None:
    for start in range(0, 2**16, 16):
        array = np.arange(start, start + 16).astype(np.uint16).view(np.float16)
        assert value_of(parse_graph(print_graph(constant(array)))).tobytes() == array.tobytes()


def test_random_float32_bits_are_kept(rng: np.random.Generator) -> None:
    for _ in range(500):
        array = rng.integers(0, 2**32, 16, np.uint32).view(np.float32)
        assert value_of(parse_graph(print_graph(constant(array)))).tobytes() == array.tobytes()


def test_small_constants_stand_inline_and_large_ones_as_bytes() -> None:
    assert "c = " not in print_graph(constant(1.0))
    assert "a = float64[2] [0.1, 2.0]\n" in print_graph(constant(np.array([0.1, 2.0])))
    assert "a = float64[]~ 2.0\n" in print_graph(constant(np.float64(2.0), weak=True))
    assert 'a = float32[17] base64 "' in print_graph(constant(np.zeros(17, np.float32)))


def test_a_constant_may_be_stated_with_python_numbers() -> None:
    graph = parse_graph("graph f() { a = float32[2, 2] [[1, -2], [1e3, .5],] return a }")
    assert np.array_equal(value_of(graph), np.array([[1, -2], [1000, 0.5]], np.float32))


def test_names_of_inputs_are_kept() -> None:
    builder = Builder()
    names = [
        "x",
        "params[0]['w']",
        "model.layers[1].bias",
        "two words",
        'p["k"]',
        "",
        "x",
        "_7",
        "a",
    ]
    units = [builder.input(ArrayType((), float32), name) for name in names]
    graph = builder.graph("<lambda>", units)
    back = round_trip(graph)
    assert back.name == "<lambda>"
    assert [min(back.origin(unit).names, default="") for unit in back.inputs] == names


def test_labels_of_units_keep_clear_of_inputs() -> None:
    lines = [f"{label}: float32[]" for label in "abd"]
    graph = parse_graph(f"graph f({', '.join(lines)}) {{ q = add(a, b) r = mul(q, d) return r }}")
    assert "  c = add(a, b)  : float32[]\n  e = mul(c, d)" in print_graph(graph)


def test_sub_graphs_stand_before_their_users_once() -> None:
    def loss(x: Any) -> Any:
        return ops.sum(ops.tanh(x))

    x = cr.ShapeDtype((3,), "float32")
    graph = cr.trace(lambda x: (cr.grad(loss)(x), cr.jvp(cr.grad(loss), (x,), (x,))[1]))(x)
    text = print_graph(graph)
    assert text.count("graph loss(") == 1
    assert text.index("graph loss(") < text.index("@loss")
    round_trip(graph)


def test_different_sub_graphs_of_one_name_get_two_labels() -> None:
    text = (
        "graph f(x: float32[]) { a = tanh(x) return a }\n"
        'graph g "f"(x: float32[]) { a = neg(x) return a }\n'
        "graph h(x: float32[]) { a = call(x, graph=@f) b = call(x, graph=@g)\n"
        "  c = item(a, index=0) d = item(b, index=0) e = add(c, d) return e }"
    )
    graph = parse_graph(text)
    held = [unit.attributes["graph"] for unit in graph.units if unit.op is CALL]
    assert [body.name for body in held] == ["f", "f"]
    assert held[0].fingerprint != held[1].fingerprint
    assert 'graph f_2 "f"(' in print_graph(graph)
    round_trip(graph)


def test_effects_and_their_tokens_have_a_text_form() -> None:
    graph = parse_graph("graph f(t: token) { a = start() return t, a }")
    assert graph.outputs[1].op is START
    assert "a = start()  : token" in print_graph(round_trip(graph))


def test_a_graph_may_give_nothing() -> None:
    assert round_trip(parse_graph("graph f() { return }")).outputs == ()


def test_a_long_chain_prints_and_reads() -> None:
    builder = Builder()
    with builder.activate():
        value = builder.value(builder.input(ArrayType((), float32), "x"))
        for _ in range(5000):
            value = ops.tanh(value)
    round_trip(builder.graph("chain", [value.unit]))


def test_a_constant_of_the_wrong_attributes_prints_in_full() -> None:
    builder = Builder()
    attributes = {"value": FrozenArray(np.float32(1)), "weak": False}
    unit = builder.unit(CONSTANT, (), attributes, ArrayType((2,), float32))
    graph = builder.graph("f", [unit])
    assert "a = constant(value=float32[] 1.0, weak=False)  : float32[2]" in print_graph(graph)
    round_trip(graph)


def test_what_cannot_be_an_attribute_has_no_text_form() -> None:
    graph = holding(3)
    object.__setattr__(graph.outputs[0], "attributes", {"index": [1]})
    with pytest.raises(ArgumentError, match=r"\[1\] cannot be a static attribute"):
        graph.fingerprint  # noqa: B018
    with pytest.raises(ArgumentError, match=r"\[1\] cannot be a static attribute"):
        print_graph(graph)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: expected the word 'graph', got the end of the text"),
        ("graf f() {}", "line 1, column 1: expected the word 'graph', got 'graf'"),
        ("graph f(", "line 1, column 9: expected an input's name, got the end of the text"),
        ("graph f(x) { return x }", "line 1, column 10: expected ':', got ')'"),
        (
            "graph f(x: float33[]) { return x }",
            "line 1, column 12: expected a type, got 'float33'",
        ),
        (
            "graph f(x: float32[n]) { return x }",
            "line 1, column 20: expected an extent, got 'n'",
        ),
        (
            "graph f(x: bool[], x: bool[]) { return x }",
            "line 1, column 20: expected a name that no unit before has, got 'x'",
        ),
        (
            "graph f(x: float32[2]) {\n  a = unheard_of(x)\n  return a\n}",
            "line 2, column 7: expected the name of a registered op, got 'unheard_of'",
        ),
        (
            "graph f(x: float32[2]) {\n  a = tanh(y)\n  return a\n}",
            "line 2, column 12: expected an input or a unit stated above, got 'y'",
        ),
        (
            "graph f(x: float32[2]) {\n  a = x\n  return a\n}",
            "line 2, column 7: expected an op with its operands, or a constant's type, got 'x'",
        ),
        (
            "graph f(x: float32[2]) { a = sum(x, axes=0) return a }",
            "line 1, column 37: expected axis or keepdims of sum, got 'axes'",
        ),
        (
            "graph f(x: float32[2]) { a = reshape(x) return a }",
            "line 1, column 30: expected the attribute shape in, got 'reshape'",
        ),
        (
            "graph f(x: float32[2]) { a = sum(axis=0, x) return a }",
            "line 1, column 42: expected an attribute: operands come first, got 'x'",
        ),
        (
            "graph f(x: float32[2]) { a = sum(x, axis=[0]) return a }",
            "line 1, column 42: expected the value of an attribute, got '['",
        ),
        (
            "graph f(x: float32[2]) { a = call(x, graph=@g) return a }",
            "line 1, column 45: expected a graph stated above, got 'g'",
        ),
        (
            "graph f(x: float32[2]) { a = tanh(x)",
            "line 1, column 37: expected a statement or 'return', got the end of the text",
        ),
        (
            "graph f(x: float32[2]) { return x } x",
            "line 1, column 37: expected the word 'graph', got 'x'",
        ),
        (
            "graph f() { return } graph f() { return }",
            "line 1, column 28: expected a name that no graph before has, got 'f'",
        ),
        (
            "graph f() { a = float32[2] [1.0] return a }",
            "line 1, column 32: expected ',', got ']'",
        ),
        (
            "graph f() { a = float32[1] [1.0, 2.0] return a }",
            "line 1, column 34: expected ']' after 1 elements, got '2.0'",
        ),
        ("graph f() { a = int8[] 300 return a }", "column 24: expected integers that fit int8"),
        ("graph f() { a = int8[] 3.0 return a }", "column 24: expected a number for int8"),
        ("graph f() { a = bool[] 1 return a }", "column 24: expected True or False, got '1'"),
        (
            'graph f() { a = int8[3] base64 "AAA=" return a }',
            "column 32: expected 3 bytes in base64",
        ),
        ('graph f "\\x"() { return }', "column 9: expected a string with JSON's escapes"),
        ("graph f() { a = token return a }", "column 17: expected the type of an array"),
        (
            "graph f(x: float32[2]) {\n  a = reshape(x, shape=(3,))\n  return a\n}",
            "line 2, column 7: reshape: 2 elements",
        ),
        (
            "graph f(x: float32[2]) { a = item(x, index=0) return a }",
            "line 1, column 30: item: float32[2] has no result number 0",
        ),
        (
            "graph f(x: float32[2], y: float32[]) { a = add(x, y) return a }",
            "add: a unit has its operands cast and broadcast: write (float32[2], float32[2])",
        ),
        (
            "graph f(x: float32[2]) { a = add(x) return a }",
            "line 1, column 30: add: got 1 inputs, wanted 2: x, y",
        ),
    ],
)
def test_an_error_names_the_place_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_graph(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
