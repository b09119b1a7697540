"""Every rewrite rule: where it fires, that it changes no bit, and where it must not fire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from oracles import floating, graph_of

from chainrule import ops
from chainrule.compiler.algebra import Rule, table
from chainrule.compiler.derivatives import pulled_back
from chainrule.compiler.dtypes import float32, float64, int16, int32, int64
from chainrule.compiler.errors import PluginError
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.algebra import algebra
from chainrule.compiler.passes.inline import inline
from chainrule.compiler.patterns import variables
from chainrule.compiler.tolerances import BITS, IDENTITY, Bound, close, ulps
from chainrule.compiler.verify import verify

S = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -1.5, 1.0, 3.25, 1e308, -1e308])
T = S[::-1].copy()
F = np.where(np.abs(S) < 1e30, S, -2.5).astype("float32")
J = np.array([-128, -1, 0, 1, 127], "int8")
U = np.array([0, 1, 200, 255], "uint8")
B = np.array([True, False] * 5 + [True])
M = np.arange(12.0).reshape(3, 4) - 5.5
N = np.arange(20.0).reshape(4, 5) / 7
K = np.arange(24.0).reshape(2, 3, 4) - 11.5
ONE = np.array([[-0.0], [np.nan], [3.0]])


@dataclass
class Fires:
    """A function in which the rule fires, on these arrays, with results within the bound."""

    rule: str
    function: Callable[..., Any]
    arrays: tuple[Any, ...]
    bound: Bound = BITS
    gives_floats: bool = True

    def __repr__(self) -> str:
        return self.rule


def fires(rule: str, function: Callable[..., Any], *arrays: Any, **fields: Any) -> Fires:
    return Fires(rule, function, arrays, **fields)


def product(x: Any, y: Any, a: Any = 1, b: Any = 0) -> Any:
    return ops.dot_general(x, y, contract=((a,), (b,)))


def batched(x: Any, y: Any) -> Any:
    return ops.dot_general(x, y, contract=((2,), (2,)), batch=((0,), (0,)))


def backwards(x: Any, step: int = -1) -> Any:
    return ops.slice(x, start=(None,) * x.ndim, stop=(None,) * x.ndim, step=(step,) * x.ndim)


CASES = [
    fires("neg(neg(x)) -> x", lambda x: ops.neg(-x), S),
    fires("neg(neg(x)) -> x", lambda x: ops.neg(-x), J),
    fires("neg(neg(x)) -> x", lambda x: ops.neg(-x), U),
    fires("sub(x, 0) -> x", lambda x: x - 0, S),
    fires("sub(x, 0) -> x", lambda x: x - np.zeros((), "int8"), J),
    fires("add(x, 0) of integers -> x", lambda x: x + 0, J),
    fires("add(x, 0) of integers -> x", lambda x: 0 + x, U),
    fires("add(x, neg(y)) -> sub(x, y)", lambda x, y: x + -y, S, T),
    fires("add(x, neg(y)) -> sub(x, y)", lambda x, y: -y + x, S, T),
    fires("add(x, neg(y)) -> sub(x, y)", lambda x: x + -x[::-1], J),
    fires("sub(x, neg(y)) -> add(x, y)", lambda x, y: x - -y, S, T),
    fires("mul(x, 1) -> x", lambda x: 1 * x, S),
    fires("mul(x, 1) -> x", lambda x: x * 1, U),
    fires("mul(x, -1) -> neg(x)", lambda x: x * -1.0, S),
    fires("mul(x, -1) -> neg(x)", lambda x: x * -1, J),
    fires("mul(neg(x), neg(y)) -> mul(x, y)", lambda x, y: -x * -y, S, T),
    fires("div(x, 1) -> x", lambda x: x / 1, S),
    fires("div(x, -1) -> neg(x)", lambda x: x / -1, S),
    fires("div(x, 2**k) -> mul(x, 2**-k)", lambda x: x / 8, S),
    fires("div(x, 2**k) -> mul(x, 2**-k)", lambda x: x / -0.25, S),
    fires("div(x, 2**k) -> mul(x, 2**-k)", lambda x: x / 64, F),
    fires("power(x, 0) -> 1", lambda x: x**0, S),
    fires("power(x, 1 ... 8) -> products", lambda x: x**1, S),
    fires("power(x, 1 ... 8) -> products", lambda x: x**2, S, bound=ulps(1)),
    fires("power(x, 1 ... 8) -> products", lambda x: x**2, U),
    fires("power(x, -1) -> reciprocal(x)", lambda x: x**-1.0, np.delete(S, 5), bound=ulps(1)),
    fires(
        "power(x, 1 ... 8) -> products",
        lambda x: x**5,
        np.delete(S, 5),
        bound=ulps(4),
    ),
    fires("abs(abs(x)) -> abs(x)", lambda x: abs(abs(x)), S),
    fires("abs(abs(x)) -> abs(x)", lambda x: abs(abs(x)), J),
    fires("abs(neg(x)) -> abs(x)", lambda x: abs(-x), S),
    fires("abs(neg(x)) -> abs(x)", lambda x: abs(-x), J),
    fires("abs(relu(x)) -> relu(x)", lambda x: abs(ops.relu(x)), S),
    fires("square(neg(x)) -> square(x)", lambda x: ops.square(-x), S),
    fires("square(abs(x)) -> square(x)", lambda x: ops.square(abs(x)), S),
    fires("square(abs(x)) -> square(x)", lambda x: ops.square(abs(x)), J),
    fires("relu(relu(x)) -> relu(x)", lambda x: ops.relu(ops.relu(x)), S),
    fires("maximum with two literals", lambda x: ops.maximum(ops.maximum(x, 0.0), 1.0), S),
    fires("maximum with two literals", lambda x: ops.maximum(ops.maximum(x, 3.0), -1.0), S),
    fires("minimum with two literals", lambda x: ops.minimum(ops.minimum(x, 0), 1), J),
    fires("maximum(x, x) -> x", lambda x: ops.maximum(x, x), S),
    fires("minimum(x, x) -> x", lambda x: ops.minimum(x, x), S),
    fires(
        "transpose into the left of a product",
        lambda x, y: product(ops.transpose(x), y),
        M.T.copy(),
        N,
    ),
    fires(
        "transpose into the right of a product",
        lambda x, y: product(x, ops.transpose(y)),
        M,
        N.T.copy(),
    ),
    fires(
        "transpose into the left of a product",
        lambda x, y: batched(ops.transpose(x, axes=(2, 1, 0)), y),
        np.transpose(K, (2, 1, 0)).copy(),
        K,
    ),
    fires(
        "product without a sum -> mul, add",
        lambda x, y: ops.dot_general(x, y, contract=((), ()), batch=((1,), (0,))),
        M,
        N,
    ),
    fires(
        "product without a sum -> mul, add",
        lambda x, y: ops.dot_general(x, y, contract=((), ()), batch=((0, 2), (2, 0))),
        K,
        np.transpose(K, (2, 1, 0)).copy(),
    ),
    fires(
        "trace of a product -> sum of products",
        lambda x, y: ops.sum(ops.diagonal(product(x, y))),
        M,
        N[:, :3].copy(),
        bound=IDENTITY,
    ),
    fires(
        "trace of a product -> sum of products",
        lambda x, y: ops.sum(ops.diagonal(product(x, y, 0, 0), axis1=1, axis2=0)),
        M,
        M * 2,
        bound=IDENTITY,
    ),
    fires("transpose of a product", lambda x, y: ops.transpose(product(x, y)), M, N),
    fires(
        "transpose of a product", lambda x, y: ops.transpose(batched(x, y), axes=(0, 2, 1)), K, -K
    ),
    fires(
        "transpose of transpose",
        lambda x: ops.transpose(ops.transpose(x, axes=(1, 2, 0)), axes=(1, 0, 2)),
        K,
    ),
    fires("transpose to the same order", lambda x: ops.transpose(ops.transpose(x)), M),
    fires(
        "transpose of one element broadcast",
        lambda x: ops.transpose(ops.broadcast_to(x, shape=(2, 3))),
        np.array([-0.0]),
    ),
    fires(
        "reshape of reshape",
        lambda x: ops.reshape(ops.reshape(x, shape=(6, 2)), shape=(2, 6)),
        M,
    ),
    fires(
        "reshape of one element broadcast",
        lambda x: ops.reshape(ops.broadcast_to(x, shape=(2, 3)), shape=(6,)),
        np.array(-0.0),
    ),
    fires(
        "broadcast of broadcast",
        lambda x: ops.broadcast_to(ops.broadcast_to(x, shape=(3, 4)), shape=(2, 3, 4)),
        np.array([np.nan, -0.0, 1.0, 2.0]),
    ),
    fires("slice of the whole", lambda x: ops.slice(x, start=(0, None), stop=(None, 99)) * 2, M),
    fires("slice of slice", lambda x: backwards(backwards(x)), S),
    fires(
        "slice of slice",
        lambda x: ops.slice(
            ops.slice(x, start=(1, 3), stop=(3, None), step=(1, -2)), start=(1, 0), stop=(2, 2)
        ),
        M,
    ),
    fires("slice of slice", lambda x: backwards(backwards(x, 3), -2), S),
    fires("concatenate(x) -> x", lambda x: ops.concatenate(x) * 2, S),
    fires("pad by nothing", lambda x: ops.pad(x, low=0, high=0, value=7.0) * 2, S),
    *(
        fires(f"{op.name} of one element", lambda x, op=op: op(x, axis=1), ONE)
        for op in (ops.sum, ops.prod, ops.max, ops.min)
    ),
    *(
        fires(f"{op.name} of one element", lambda x, op=op: op(x, axis=1, keepdims=True), ONE > 0)
        for op in (ops.any, ops.all)
    ),
    fires("where(c, x, x) -> x", lambda c, x: ops.where(c, x, x), B, S),
    fires("where(True, x, y) -> x", lambda x, y: ops.where(True, x, y), S, T),
    fires("where(False, x, y) -> y", lambda x, y: ops.where(False, x, y), S, T),
    fires("where(c, True, False) -> c", lambda c: ops.where(c, True, False), B),
    fires("where(c, False, True) -> logical_not(c)", lambda c: ops.where(c, False, True), B),
    fires(
        "where(logical_not(c), x, y) -> where(c, y, x)",
        lambda c, x, y: ops.where(ops.logical_not(c), x, y),
        *(B, S, T),
    ),
    fires(
        "where(c, where(c, x, y), z) -> where(c, x, z)",
        lambda c, x, y: ops.where(c, ops.where(c, x, y), 2.0),
        *(B, S, T),
    ),
    fires(
        "where(c, x, where(c, y, z)) -> where(c, x, z)",
        lambda c, x, y: ops.where(c, 2.0, ops.where(c, x, y)),
        *(B, S, T),
    ),
    fires("logical_not(logical_not(c)) -> c", lambda c: ops.logical_not(ops.logical_not(c)), B),
    fires("invert(invert(x)) -> x", lambda x: ops.invert(ops.invert(x)), J),
    fires(
        "cast of a lossless cast",
        lambda x: ops.cast(ops.cast(x, dtype=float64), dtype=float32),
        F,
    ),
    fires("cast of a lossless cast", lambda x: ops.cast(ops.cast(x, dtype=int16), dtype=int64), U),
    fires(
        "cast of a lossless cast",
        lambda x: ops.cast(ops.cast(x, dtype=float64), dtype=int32),
        F,
        gives_floats=False,
    ),
]


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


def test_every_rule_has_a_case() -> None:
    assert {rule.name for rule in table} == {case.rule for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_the_rule_fires_and_changes_no_bit(case: Fires) -> None:
    graph, notes = inline(graph_of(case.function, *case.arrays), Notes()), Notes()
    after = algebra(graph, notes)
    verify(after)
    assert case.rule in [applied.rule for applied in notes.applications]
    assert after.output_types == graph.output_types
    (now,), (then,) = evaluate(after, case.arrays), evaluate(graph, case.arrays)
    assert close(now, then, case.bound)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_what_is_left_is_left_alone(case: Fires) -> None:
    after = algebra(inline(graph_of(case.function, *case.arrays), Notes()), Notes())
    notes = Notes()
    assert algebra(after, notes) is after
    assert notes.applications == []


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.arrays[-1].dtype.kind == "f" and c.gives_floats], ids=repr
)
def test_the_rule_keeps_the_gradient(case: Fires) -> None:
    """At ordinary points, zeros among them; to either side a huge or special number overflows."""
    arrays = [
        np.where(np.isfinite(a) & (np.abs(a) < 1e30), a, 0.75).astype(a.dtype)
        if a.dtype.kind == "f"
        else a
        for a in case.arrays
    ]
    graph = inline(graph_of(case.function, *arrays), Notes())
    (type,) = graph.output_types
    ct = np.linspace(-1.0, 2.0, type.size).reshape(type.shape).astype(type.dtype.numpy)
    after = algebra(graph, Notes())
    now, then = (
        evaluate(inline(pulled_back(g, floating(arrays), [0]), Notes()), [*arrays, ct])[1:]
        for g in (after, graph)
    )
    for one, other in zip(now, then, strict=True):
        finite = np.isfinite(other)
        assert close(one[finite], other[finite], IDENTITY)


NEVER: list[tuple[str, Callable[..., Any], tuple[Any, ...]]] = [
    ("x + 0 loses -0.0", lambda x: x + 0, (S,)),
    ("x - -0.0 loses -0.0", lambda x: x - -0.0, (S,)),
    ("0 - x is not -x", lambda x: 0 - x, (S,)),
    ("x * 0 loses NaN", lambda x: x * 0, (S,)),
    ("x - x loses NaN", lambda x: x - x, (S,)),
    ("1 / x is no x", lambda x: 1 / x, (S,)),
    ("x / x loses NaN", lambda x: x / x, (S,)),
    ("x / 3 rounds otherwise than x * (1 / 3)", lambda x: x / 3, (S,)),
    ("1 / 2**1030 is too small", lambda x: x / float(2.0**1023), (S,)),
    ("exp of log makes a number of NaN", lambda x: ops.exp(ops.log(x)), (S,)),
    ("log of exp overflows", lambda x: ops.log(ops.exp(x)), (S,)),
    ("-(x - y) turns a zero", lambda x, y: -(x - y), (S, T)),
    ("sqrt(square) is abs only up to overflow", lambda x: ops.sqrt(ops.square(x)), (S,)),
    ("x**9 would err by more", lambda x: x**9, (S,)),
    ("x**0.5 is not sqrt at -0.0", lambda x: x**0.5, (S,)),
    ("abs of a negated unsigned", lambda x: abs(-x), (U,)),
    ("literals that are the two zeros", lambda x: ops.maximum(ops.maximum(x, 0.0), -0.0), (S,)),
    ("a literal that is NaN", lambda x: ops.maximum(ops.maximum(x, np.nan), 1.0), (S,)),
    ("relu of the negative", lambda x: ops.relu(-ops.relu(x)), (S,)),
    ("different choices", lambda c, x, y: ops.where(c, x, y), (B, S, T)),
    (
        "the choice inside goes by another condition",
        lambda c, x: ops.where(c, ops.where(x > 0, x, 1), 2),
        (B, S),
    ),
    ("one literal for another", lambda c: ops.where(c, 1.0, 0.0), (B,)),
    ("two numbers are not one boolean", lambda x: ops.logical_not(ops.logical_not(x)), (S,)),
    ("a cast that rounds", lambda x: ops.cast(ops.cast(x, dtype=float32), dtype=float64), (M,)),
    ("a cast that cuts", lambda x: ops.cast(ops.cast(x, dtype=int16), dtype=float64), (M,)),
    (
        "a cast that wraps",
        lambda x: ops.cast(ops.cast(x, dtype=int16), dtype=int64),
        (np.arange(3) << 20,),
    ),
    ("a transpose", lambda x: ops.transpose(x), (M,)),
    (
        "kept dimensions change their order",
        lambda x, y: ops.dot_general(ops.transpose(x, axes=(1, 0, 2)), y, contract=((2,), (0,))),
        (K, N),
    ),
    (
        "blocks are not exchanged",
        lambda x, y: ops.transpose(ops.dot_general(x, y, contract=((2,), (0,))), axes=(2, 1, 0)),
        (K, N),
    ),
    ("a part of the whole", lambda x: ops.slice(x, start=(0, 0), stop=(3, 3)), (M,)),
    ("the whole backwards", backwards, (S,)),
    ("a sum of two", lambda x: ops.sum(x, axis=1), (M,)),
    (
        "several elements broadcast",
        lambda x: ops.reshape(ops.broadcast_to(x, shape=(3, 4)), shape=(12,)),
        (M[0],),
    ),
    (
        "a sum of a broadcast rounds otherwise",
        lambda x: ops.sum(ops.broadcast_to(x, shape=(3, 4)), axis=0),
        (M[0],),
    ),
]


@pytest.mark.parametrize(("why", "function", "arrays"), NEVER, ids=[n[0] for n in NEVER])
def test_what_must_stay(why: str, function: Callable[..., Any], arrays: tuple[Any, ...]) -> None:
    notes = Notes()
    graph = inline(graph_of(function, *arrays), Notes())
    assert algebra(graph, notes) is graph
    assert notes.applications == []


def test_an_application_names_the_rule_the_units_and_the_line() -> None:
    notes = Notes()
    graph = graph_of(lambda x: ops.neg(-x), S)
    algebra(graph, notes)
    (applied,) = notes.applications
    assert applied.unit is graph.outputs[0]
    assert applied.after is graph.inputs[0]
    assert str(applied).startswith("neg(neg(x)) -> x    test_rewrites.py:")
    assert "ops.neg(-x)" in applied.line


def test_a_rule_must_keep_the_type() -> None:
    (x,) = variables("x")
    wrong = Rule(ops.tanh(x), lambda x: ops.sum(x), "it does not", name="wrong")
    graph = graph_of(ops.tanh, S)
    from chainrule.compiler.builder import Builder

    builder = Builder.seeded(graph)
    with builder.activate(), pytest.raises(PluginError, match=r"rule wrong: makes float64\[\] of"):
        wrong.apply(builder, graph.outputs[0])


def test_a_rule_must_say_why() -> None:
    (x,) = variables("x")
    with pytest.raises(PluginError, match="say why it holds for NaN"):
        Rule(ops.tanh(x), x, "")


def test_chains_of_any_depth_collapse_in_one_go() -> None:
    def chain(x: Any) -> Any:
        for _ in range(1001):
            x = -x
        return x

    after = algebra(graph_of(chain, S), Notes())
    assert [unit.op.name for unit in after.units] == ["input", "neg"]
