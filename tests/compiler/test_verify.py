"""The verifier: each invariant broken once, and what it shows of the place."""

import re
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.compiler.attributes import FrozenArray
from chainrule.compiler.builder import Builder
from chainrule.compiler.dtypes import bool_, float32, float64
from chainrule.compiler.errors import VerificationError
from chainrule.compiler.graph import Graph, Unit
from chainrule.compiler.op import Op
from chainrule.compiler.pipeline import optimise
from chainrule.compiler.provenance import NOWHERE
from chainrule.compiler.structural import CALL, INPUT, ITEM
from chainrule.compiler.text import parse_graph
from chainrule.compiler.types import TOKEN, ArrayType, Layout, TupleType, Type
from chainrule.compiler.verify import verify

VECTOR = ArrayType((2,), float32)


def fault(graph: Graph | str) -> str:
    """The first line of what the verifier says, without the graph's name."""
    graph = parse_graph(graph) if isinstance(graph, str) else graph
    with pytest.raises(VerificationError) as caught:
        verify(graph)
    sentence = str(caught.value).splitlines()[0]
    return sentence.partition(": ")[2]


def forge(unit: Unit, **slots: Any) -> None:
    for name, value in slots.items():
        object.__setattr__(unit, name, value)


def chain(length: int) -> Graph:
    builder = Builder()
    unit = builder.input(VECTOR, "x")
    with builder.inherit(NOWHERE):
        for _ in range(length):
            unit = builder.unit(ops.tanh, (unit,), {}, VECTOR)
    return builder.graph("chain", [unit])


def graph_of(*outputs: Unit, inputs: tuple[Unit, ...] = ()) -> Graph:
    return Graph("f", inputs, outputs)


def unit(op: Any, inputs: tuple[Unit, ...], type: Type = VECTOR, **attributes: Any) -> Unit:
    return Unit(op, inputs, attributes, type)


def argument(index: int, type: Type = VECTOR) -> Unit:
    return Unit(INPUT, (), {"index": index, "type": type}, type)


# Sound graphs.


def test_traced_and_optimised_graphs_are_sound() -> None:
    def loss(w: Any, x: Any) -> Any:
        return ops.sum(ops.relu(x @ w + 1.0))

    def hessian_product(w: Any, x: Any) -> Any:
        return cr.jvp(lambda w: cr.grad(loss)(w, x), (w,), (w,))

    shapes = cr.ShapeDtype((3, 2), "float32"), cr.ShapeDtype((4, 3), "float32")
    for function in (loss, cr.grad(loss), hessian_product):
        graph = cr.trace(function)(*shapes)
        verify(graph)
        optimise(graph, check=True)


def test_weak_types_and_python_scalars_are_sound() -> None:
    verify(cr.trace(lambda x, y: (x * 2 + y, cr.grad(lambda z: z * 3)(y)))(np.ones(2, "f4"), 2.0))


def test_a_chain_of_100_000_units_is_sound() -> None:
    verify(chain(100_000))


# Structure.


def test_a_unit_that_needs_itself() -> None:
    graph = chain(5)
    units = graph.units
    forge(units[2], inputs=(units[4],))
    assert fault(graph) == "a unit needs itself: tanh <- tanh <- tanh <- tanh"


def test_a_unit_that_reads_itself() -> None:
    graph = chain(2)
    forge(graph.outputs[0], inputs=(graph.outputs[0],))
    assert fault(graph) == "a unit needs itself: tanh <- tanh"


def test_a_long_cycle_is_found_without_recursion_and_told_briefly() -> None:
    graph = chain(50_000)
    forge(graph.units[1], inputs=(graph.outputs[0],))
    three = "tanh <- tanh <- tanh"
    assert fault(graph) == f"a unit needs itself: {three} <- 49995 more <- {three}"


def test_a_unit_list_out_of_date() -> None:
    graph = chain(3)
    graph.origins.clear()
    forge(graph.units[3], inputs=(graph.units[1],))
    assert fault(graph) == "its list of units is not what it reaches"


def test_a_foreign_input() -> None:
    other = argument(0)
    graph = graph_of(unit(ops.tanh, (other,)))
    assert fault(graph) == "an input is reached that is none of the graph's"


def test_a_placeholder_that_is_reached() -> None:
    graph = "graph f(x: float32[2]) { a = input(index=-1, type=float32[2]) b = add(x, a) return b }"
    assert fault(graph) == "a placeholder is reached that is none of the graph's"


def test_a_placeholder_among_the_inputs() -> None:
    x = argument(-1)
    assert fault(graph_of(x, inputs=(x,))) == "a placeholder of index -1 stands at position 0"


def test_inputs_out_of_order() -> None:
    x, y = argument(0), argument(1)
    assert fault(graph_of(x, inputs=(y, x))) == "an input of index 1 stands at position 0"


def test_an_input_given_twice() -> None:
    x = argument(0)
    assert fault(graph_of(x, inputs=(x, x))) == "an input stands twice among the inputs"


def test_an_input_that_is_computed() -> None:
    x = unit(ops.tanh, (argument(0),))
    assert fault(graph_of(x, inputs=(x,))) == "input 0 is a unit of tanh"


def test_an_input_with_operands() -> None:
    x = Unit(INPUT, (argument(0),), {"index": 0, "type": VECTOR}, VECTOR)
    assert fault(graph_of(x, inputs=(x,))) == "an input has operands"


def test_two_units_of_one_key() -> None:
    x = argument(0)
    one, other = unit(ops.tanh, (x,)), unit(ops.tanh, (x,))
    graph = graph_of(unit(ops.add, (one, other)), inputs=(x,))
    assert fault(graph) == "tanh stands twice with the same operands and attributes"


# Attributes and operands.


def test_an_attribute_missing_and_one_too_many() -> None:
    x = argument(0)
    result = unit(ops.sum, (x,), ArrayType((), float32), axis=(0,))
    assert fault(graph_of(result, inputs=(x,))) == "the attributes are axis, wanted axis, keepdims"
    result = unit(ops.tanh, (x,), axis=(0,))
    assert fault(graph_of(result, inputs=(x,))) == "the attributes are axis, wanted none"


@pytest.mark.parametrize("value", [[0], {0}, np.zeros(1), (0, [1]), np.int64(0)], ids=repr)
def test_an_attribute_that_can_change_or_is_of_no_known_kind(value: Any) -> None:
    x = argument(0)
    result = unit(ops.sum, (x,), ArrayType((), float32), axis=value, keepdims=False)
    assert fault(graph_of(result, inputs=(x,))).startswith("the attribute axis is ")


def test_attributes_that_can_be_exchanged() -> None:
    graph = chain(1)
    forge(graph.outputs[0], attributes={})
    assert fault(graph) == "the attributes are a dict and can change"


def test_a_constant_that_can_be_written() -> None:
    frozen = FrozenArray(np.ones(2, np.float32))
    frozen.value.flags.writeable = True
    builder = Builder()
    graph = builder.graph("f", [builder.constant(frozen).unit])
    assert fault(graph) == "the attribute value is an array that can be written"


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("add(x)", "add has 1 operands, wanted 2"),
        ("tanh(x, x)", "tanh has 2 operands, wanted 1"),
        ("start(x)", "start takes (), got (float32[2])"),
        ("item(x, x, index=0)", "item has 2 operands, wanted 1"),
        ("call(x, x, graph=@g)", "call takes (float32[2]), got (float32[2], float32[2])"),
        ("call(y, graph=@g)", "call takes (float32[2]), got (float64[2])"),
        ("vjp(x, y, graph=@g, wanted=(0,), seeds=(0,))", "vjp takes (float32[2], float32[2]), got"),
        ("vjp(x, graph=@g, wanted=(), seeds=(3,))", "the attributes of vjp do not fit its graph"),
        ("jvp(x, graph=@g, moving=(0,))", "jvp takes (float32[2], float32[2]), got (float32[2])"),
        ("call(x, graph=3)", "the attributes of call do not fit its graph"),
    ],
)
def test_operands_that_do_not_fit(statement: str, sentence: str) -> None:
    text = (
        "graph g(x: float32[2]) { a = tanh(x) return a }\n"
        f"graph f(x: float32[2], y: float64[2]) {{ a = {statement} : float32[2] return a }}"
    )
    assert fault(text).startswith(sentence)


# Types.


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("tanh(x) : float64[2]", "tanh is float64[2], its type rule says float32[2]"),
        ("tanh(x) : float32[2]~", "tanh is float32[2]~, its type rule says float32[2]"),
        ("sum(x, axis=(0,), keepdims=False) : float32[1]", "sum is float32[1], its type rule says"),
        (
            "constant(value=float32[] 1.0, weak=True) : float32[]",
            "constant is float32[], its type rule says float32[]~",
        ),
        ("start() : float32[2]", "start is float32[2], its type rule says token"),
        ("item(x, index=0) : float32[2]", "item refuses its operands: float32[2] has no result"),
        ("item(r, index=1) : float32[2]", "item refuses its operands: (float32[2]) has no result"),
        ("item(r, index=0) : float32[3]", "item is float32[3], its type rule says float32[2]"),
        ("call(x, graph=@g) : float32[2]", "call is float32[2], its type rule says (float32[2])"),
        (
            "vjp(x, x, graph=@g, wanted=(0,), seeds=(0,)) : (float32[2])",
            "vjp is (float32[2]), its type rule says (float32[2], float32[2])",
        ),
        ("tanh(x) : float32[2] rows", "tanh is float32[2] rows, its type rule says float32[2]"),
    ],
)
def test_types_that_do_not_follow(statement: str, sentence: str) -> None:
    text = (
        "graph g(x: float32[2]) { a = tanh(x) return a }\n"
        f"graph f(x: float32[2]) {{ r = call(x, graph=@g) a = {statement} return a, r }}"
    )
    assert fault(text).startswith(sentence)


def test_a_composite_is_typed_by_its_body() -> None:
    text = (
        "graph f(x: float32[3, 4], y: float32[4, 2]) { a = matmul(x, y) : float32[2, 3] return a }"
    )
    assert fault(text) == "matmul is float32[2, 3], its type rule says float32[3, 2]"


def test_a_refusal_of_the_type_rule_is_told() -> None:
    text = "graph f(x: int32[2], y: float32[2]) { a = where(x, y, y) : float32[2] return a }"
    assert fault(text) == "where refuses its operands: the condition is int32, wanted bool"


def test_a_row_sparse_array() -> None:
    sparse = ArrayType((2,), float32, layout=Layout.ROW_SPARSE)
    x = argument(0, sparse)
    assert fault(graph_of(x, inputs=(x,))) == "input is row-sparse, which no op may be"


@pytest.mark.parametrize("extent", [-1, np.int64(2), True, 2.0], ids=repr)
def test_extents_that_are_no_plain_integers(extent: Any) -> None:
    x = argument(0, ArrayType((extent,), float32))
    assert fault(graph_of(x, inputs=(x,))).endswith("are no integers from 0")


def test_an_elementwise_operand_of_another_shape() -> None:
    text = "graph f(x: float32[2], y: float32[]) { a = add(x, y) : float32[2] return a }"
    assert fault(text) == "add of shape (2,) takes float32[]"


def test_an_elementwise_op_of_two_dtypes() -> None:
    text = "graph f(x: float32[2], y: float64[2]) { a = add(x, y) : float32[2] return a }"
    assert fault(text) == "add mixes float32 and float64"


def test_the_condition_of_where_may_be_of_another_dtype() -> None:
    builder = Builder()
    with builder.activate():
        c = builder.value(builder.input(ArrayType((2,), bool_), "c"))
        x = builder.value(builder.input(ArrayType((2,), float64), "x"))
        verify(builder.graph("f", [ops.where(c, x, x).unit]))


# Effects.


def _show(x: Any) -> None:
    """Shows an array."""


show = Op(_show, effect=True, differentiable=(), name="show_array")


@show.type_rule
def show_type(x: ArrayType) -> Type:
    return TOKEN


def test_effects_one_after_the_other_are_sound() -> None:
    builder = Builder()
    with builder.activate():
        x = builder.value(builder.input(VECTOR, "x"))
        show(x)
        show(x)
    graph = builder.graph("f", [x.unit])
    assert [each.op.name for each in graph.units] == ["input", "start", "show_array", "show_array"]
    verify(graph)


def test_a_token_used_twice() -> None:
    token = unit(parse_graph("graph f() { a = start() return a }").outputs[0].op, (), TOKEN)
    x, y = argument(0), argument(1)
    shown = [unit(show, (token, each), TOKEN) for each in (x, y)]
    sentence = fault(graph_of(*shown, inputs=(x, y)))
    assert sentence == "the token of start is used 2 times, wanted once"


def test_a_token_given_twice() -> None:
    text = "graph f() { a = start() return a, a }"
    assert fault(text) == "the token of start is used 2 times, wanted once"


def test_a_token_that_is_no_result() -> None:
    assert (
        fault("graph f(t: token) { return }") == "the token of input ends in no result, wanted once"
    )


def test_a_token_among_results_that_is_dropped() -> None:
    text = (
        "graph g(t: token, x: float32[2]) { return x, t }\n"
        "graph f(x: float32[2]) { t = start() a = call(t, x, graph=@g) b = item(a, index=0)\n"
        "  return b }"
    )
    assert fault(text) == "the token of call ends in no result"
    verify(parse_graph(text.replace("return b", "c = item(a, index=1) return b, c")))


def test_an_effect_without_a_token() -> None:
    x = argument(0)
    graph = graph_of(unit(show, (x, x), TOKEN), inputs=(x,))
    assert fault(graph) == "the effect show_array does not follow a token"


# Sub-graphs and provenance.


def test_a_fault_in_a_sub_graph_is_told_with_its_name() -> None:
    text = (
        "graph inner(x: float32[2]) { a = tanh(x) : float32[3] return a }\n"
        "graph middle(x: float32[2]) { a = call(x, graph=@inner) b = item(a, index=0) return b }\n"
        "graph outer(x: float32[2]) { a = call(x, graph=@middle) b = item(a, index=0) return b }"
    )
    with pytest.raises(VerificationError, match=r"^graph inner: tanh is float32"):
        verify(parse_graph(text))


def test_a_sub_graph_with_an_attribute_that_has_no_digest() -> None:
    x = argument(0)
    body = graph_of(unit(ops.tanh, (x,)), inputs=(x,))
    forge(body.outputs[0], attributes={"axis": [1]})
    result = unit(CALL, (x,), TupleType((VECTOR,)), graph=body)
    assert fault(graph_of(unit(ITEM, (result,), index=0), inputs=(x,))) == (
        "the attributes are axis, wanted none"
    )


def test_an_origin_of_a_unit_outside() -> None:
    graph = chain(1)
    graph.origins[argument(7)] = NOWHERE
    assert fault(graph) == "an origin is kept for a unit of input outside the graph"


# The message.


def message(graph: Graph) -> list[str]:
    with pytest.raises(VerificationError) as caught:
        verify(graph)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("position", "shown"), [(1, "xabcdefghi"), (15, "jklmnopqrs"), (20, "klmnopqrst")]
)
def test_ten_units_round_the_fault_are_shown(position: int, shown: str) -> None:
    graph = chain(20)  # x, a, b, ..., t
    broken = graph.units[position]
    forge(broken, inputs=broken.inputs * 2)
    lines = message(graph)[1:]
    assert "".join(line[4] for line in lines) == shown
    (marked,) = [line for line in lines if line.startswith("  > ")]
    assert marked[4] == "xabcdefghijklmnopqrst"[position]


def test_the_users_line_is_shown() -> None:
    graph = cr.trace(lambda x: ops.tanh(x))(np.ones(2, np.float32))
    forge(graph.outputs[0], type=ArrayType((3,), float32))
    lines = message(graph)
    assert lines[0] == "graph <lambda>: tanh is float32[3], its type rule says float32[2]"
    assert re.match(r"    test_verify.py:\d+, in <lambda>:  graph = cr.trace", lines[1])


def test_what_has_no_text_form_is_shown_all_the_same() -> None:
    builder = Builder()
    with builder.activate():
        x = builder.value(builder.input(ArrayType((1000,), float32), "x"))
        y = ops.add(x, np.ones(1000, np.float32))
        result = ops.sum(y, axis=0)
    forge(result.unit, attributes={"axis": [0], "keepdims": False})
    lines = message(builder.graph("f", [result.unit]))
    assert "    a = float32[1000] ..." in lines
    assert "  > c = sum(b, axis=[0], keepdims=False)  : float32[]" in lines
