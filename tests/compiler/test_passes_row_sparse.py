"""Row-sparse cotangents: rows added where they belong, against sums by ``np.add.at`` in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.compiler.graph import Graph
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.kinds import Scatter
from chainrule.compiler.native.build import build
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.row_sparse import CARRIED, SUM, UPDATE, row_sparse
from chainrule.compiler.pipeline import DEFAULT_PASSES, PassRecord, optimise
from chainrule.compiler.tolerances import BITS, close, summed
from chainrule.compiler.verify import verify
from chainrule.frontend.trace import trace

ROWS, WIDTH = 9, 4


def pairs(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=(*shape, WIDTH))


def table(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(ROWS, WIDTH))


def optimised(function: Callable[..., Any], *arrays: Any) -> tuple[Graph, PassRecord]:
    """The graph after all passes, and what the last of them did."""
    graph, records = optimise(trace(function)(*arrays), check=True)
    (record,) = [record for record in records if record.name == "row-sparse"]
    return graph, record


def run(function: Callable[..., Any], *arrays: Any) -> tuple[list[Any], PassRecord]:
    """The results of the optimised graph: by the interpreter, which a native program confirms."""
    graph, record = optimised(function, *arrays)
    results = evaluate(graph, arrays)
    for one, other in zip(results, build(graph)(arrays), strict=True):
        assert close(one, other, summed(32, one.dtype))
    return results, record


def rules(record: PassRecord) -> list[str]:
    return [applied.rule for applied in record.applied]


def reasons(record: PassRecord) -> list[str]:
    return [refused.reason for refused in record.refused]


def whole_scatters(graph: Graph) -> list[Any]:
    """The scatters that begin with zeros."""
    return [
        unit
        for unit in graph.units
        if isinstance(unit.op, Scatter) and unit.inputs[0].op.name == "broadcast_to"
    ]


def scattered(shape: Any, *parts: tuple[Any, Any]) -> np.ndarray:
    """The sum of rows at indices, in float64."""
    out = np.zeros(shape)
    for index, rows in parts:
        np.add.at(out, index, np.asarray(rows, np.float64))
    return out


def descent(rate: float = 0.5) -> Callable[..., Any]:
    """A step of plain descent on the product of named rows and given vectors."""

    def step(x: Any, index: Any, y: Any) -> Any:
        slope = cr.grad(lambda x: ops.sum(x[index] * y))(x)
        return x - rate * slope

    return step


INDICES = {
    "distinct": np.array([3, 0, 7]),
    "repeated": np.array([2, 2, 5, 2]),
    "all the same": np.array([4, 4, 4, 4]),
    "negative": np.array([-1, -9, 8, -1]),
    "none": np.array([], np.int64),
    "a table": np.array([[1, 1, 8], [8, 0, -1]]),
    "a number": np.array(6),
    "narrow": np.array([7, 7, 1], np.int8),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", INDICES)
def test_descent_changes_the_named_rows(name: str, dtype: str, rng: np.random.Generator) -> None:
    index = INDICES[name]
    x, y = table(rng).astype(dtype), pairs(rng, *index.shape).astype(dtype)
    (after,), record = run(descent(), x, index, y)
    expected = x.astype(np.float64) - 0.5 * scattered(x.shape, (index, y))
    assert close(after, expected.astype(dtype), summed(8, dtype))
    assert rules(record) == [CARRIED, UPDATE]
    assert reasons(record) == []
    untouched = np.setdiff1d(np.arange(ROWS), index % ROWS)
    assert close(after[untouched], x[untouched], BITS)


def test_no_array_of_zeros_is_made(rng: np.random.Generator) -> None:
    graph, _ = optimised(descent(), table(rng), np.array([1, 1]), pairs(rng, 2))
    assert whole_scatters(graph) == []


FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "x - c g": lambda x, g: x - 0.5 * g,
    "x + (-c) g": lambda x, g: x + -0.5 * g,
    "x - g / c": lambda x, g: x - g / 2,
    "-c g + x": lambda x, g: -0.5 * g + x,
    "x + -(c g)": lambda x, g: x + -(0.5 * g),
    "x - (g - c g)": lambda x, g: x - (g - 0.5 * g),
    "x - 0.25 (g + g)": lambda x, g: x - 0.25 * (g + g),
    "0 + c g, as sums begin": lambda x, g: x - (0 + 0.5 * g),
    "through a reshape": lambda x, g: (
        x - 0.5 * ops.reshape(ops.reshape(g, shape=(-1,)), shape=x.shape)
    ),
    "in a reshape": lambda x, g: ops.reshape(
        ops.reshape(x, shape=(-1,)) - 0.5 * ops.reshape(g, shape=(-1,)), shape=x.shape
    ),
    "a wider sum": lambda x, g: ops.cast(
        ops.cast(x, dtype="float64") - ops.cast(0.5 * g, dtype="float64"), dtype=x.dtype
    ),
    "chosen by a mask": lambda x, g: (
        x - 0.5 * ops.where(np.arange(ROWS * WIDTH).reshape(ROWS, WIDTH) >= 0, g, 0)
    ),
    "a constant factor per row": lambda x, g: x - np.full((ROWS, 1), 0.5, x.dtype) * g,
    "a mask of booleans": lambda x, g: x - 0.5 * (ops.cast(x == x, dtype=x.dtype) * g),
}


@pytest.mark.parametrize("name", FORMS)
def test_linear_forms_are_carried(name: str, rng: np.random.Generator) -> None:
    index = np.array([2, 2, 5, -1])
    x, y = table(rng).astype("float32"), pairs(rng, 4).astype("float32")

    def step(x: Any, index: Any, y: Any) -> Any:
        return FORMS[name](x, cr.grad(lambda x: ops.sum(x[index] * y))(x))

    graph, _ = optimised(step, x, index, y)
    (after,), record = run(step, x, index, y)
    expected = x - 0.5 * scattered(x.shape, (index, y))
    assert close(after, expected.astype("float32"), summed(8, "float32"))
    assert record.applied[-1].rule in (UPDATE, SUM)
    assert whole_scatters(graph) == []
    again = row_sparse(graph, Notes())
    assert again is graph
    verify(again)


def test_a_learning_rate_may_be_an_argument(rng: np.random.Generator) -> None:
    def step(x: Any, index: Any, y: Any, rate: Any) -> Any:
        return x - rate * cr.grad(lambda x: ops.sum(x[index] * y))(x)

    x, y, index = table(rng), pairs(rng, 3), np.array([1, 1, 6])
    (after,), record = run(step, x, index, y, np.float64(0.25))
    assert close(after, x - 0.25 * scattered(x.shape, (index, y)), summed(8, "float64"))
    assert rules(record) == [CARRIED, UPDATE]


@pytest.mark.parametrize("rate", [np.inf, np.nan])
def test_rows_that_nothing_read_have_no_slope(rate: float, rng: np.random.Generator) -> None:
    """Whatever the learning rate turns out to be, and also at -0.0."""

    def step(x: Any, index: Any, y: Any, rate: Any) -> Any:
        return x + rate * cr.grad(lambda x: ops.sum(x[index] * y))(x)

    x, y, index = table(rng), np.ones((2, WIDTH)), np.array([1, 1])
    x[3] = -0.0
    (after,), _ = run(step, x, index, y, np.float64(rate))
    assert not np.isfinite(after[1]).any()
    others = np.arange(ROWS) != 1
    assert close(after[others], x[others], BITS)


def test_gathers_of_one_table_are_added_one_after_the_other(rng: np.random.Generator) -> None:
    def step(x: Any, i: Any, j: Any, y: Any, z: Any) -> Any:
        def loss(x: Any) -> Any:
            return ops.sum(x[i] * y) + ops.sum(x[j] * z)

        return x - 0.5 * cr.grad(loss)(x)

    x, y, z = table(rng), pairs(rng, 3), pairs(rng, 2, 2)
    i, j = np.array([1, 1, 4]), np.array([[4, 0], [1, -1]])
    (after,), record = run(step, x, i, j, y, z)
    expected = x - 0.5 * scattered(x.shape, (i, y), (j, z))
    assert close(after, expected, summed(8, "float64"))
    assert rules(record) == [CARRIED, CARRIED, UPDATE]
    assert record.applied[-1].detail == f"{7 * WIDTH} of {ROWS * WIDTH} elements"


def test_several_index_arrays(rng: np.random.Generator) -> None:
    def step(x: Any, i: Any, j: Any, y: Any) -> Any:
        return x - cr.grad(lambda x: ops.sum(x[i, j] * y))(x)

    x, y = rng.normal(size=(3, 5, WIDTH)), pairs(rng, 4)
    i, j = np.array([0, 2, 0, 0]), np.array([1, 4, 1, 0])
    (after,), record = run(step, x, i, j, y)
    assert close(after, x - scattered(x.shape, ((i, j), y)), summed(8, "float64"))
    assert rules(record) == [UPDATE]


def test_a_second_derivative_is_carried_too(rng: np.random.Generator) -> None:
    def step(x: Any, index: Any, y: Any) -> Any:
        def loss(x: Any) -> Any:
            return ops.sum(x[index] ** 3 * y) / 6

        return x - cr.grad(lambda x: ops.sum(cr.grad(loss)(x) * 2))(x)

    x, y, index = table(rng), pairs(rng, 3), np.array([3, 3, 0])
    (after,), record = run(step, x, index, y)
    expected = x - scattered(x.shape, (index, 2 * x[index] * y))
    assert close(after, expected, summed(8, "float64"))
    assert rules(record)[-1] == UPDATE


def test_two_updates_of_one_argument(rng: np.random.Generator) -> None:
    def step(x: Any, i: Any, y: Any) -> Any:
        one, two = (cr.grad(lambda x, k=k: ops.sum(x[i + k] * y))(x) for k in range(2))
        return x - 0.5 * one - 0.25 * two

    x, y, i = table(rng), pairs(rng, 2), np.array([1, 2])
    (after,), record = run(step, x, i, y)
    expected = x - 0.5 * scattered(x.shape, (i, y)) - 0.25 * scattered(x.shape, (i + 1, y))
    assert close(after, expected, summed(8, "float64"))
    assert rules(record).count(UPDATE) == 2
    assert reasons(record) == []


WHOLE: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "a result": (lambda x, g: g, "it is a result itself, a whole array"),
    "a scaled result": (lambda x, g: 0.5 * g, "it is a result itself, a whole array"),
    "momentum": (
        lambda x, g: 0.9 * x + g,
        "mul computes the other term of add for every row",
    ),
    "weight decay": (
        lambda x, g: x - 0.5 * (g + 0.1 * x),
        "mul computes the other term of add for every row",
    ),
    "decoupled decay": (
        lambda x, g: 0.9 * x - 0.5 * g,
        "mul computes the other term of sub for every row",
    ),
    "what is left of it": (
        lambda x, g: g - x,
        "sub changes the sign of every row of its other term",
    ),
    "a square": (
        lambda x, g: x - g * g,
        "mul is not linear: rows named twice must be summed before",
    ),
    "a function": (
        lambda x, g: x - ops.tanh(g),
        "tanh is not linear: rows named twice must be summed before",
    ),
    "a narrower number": (
        lambda x, g: ops.cast(x, dtype="float32") - ops.cast(g, dtype="float32"),
        "cast is not linear: rows named twice must be summed before",
    ),
    "a norm": (lambda x, g: x / ops.sum(g), "sum reads every row"),
    "a product": (lambda x, g: x @ ops.transpose(g), "dot_general reads every row"),
    "rows turned round": (lambda x, g: x + ops.flip(g, axis=0), "slice reads every row"),
    "an array of factors": (
        lambda x, g: x - g / x,
        "the factor x of div may hold infinities, which make NaN of rows that are zero",
    ),
    "an infinite factor": (
        lambda x, g: x - g * np.inf,
        "mul by inf makes NaN of rows that are zero",
    ),
    "the other side of a choice": (
        lambda x, g: ops.where(x > 0, g, x),
        "where takes x for other rows",
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_needs_the_whole_array_gets_it_and_says_why(
    name: str, rng: np.random.Generator
) -> None:
    make, reason = WHOLE[name]
    index = np.array([2, 2, 5])
    x, y = table(rng), pairs(rng, 3)

    def step(x: Any, index: Any, y: Any) -> Any:
        return make(x, cr.grad(lambda x: ops.sum(x[index] * y))(x))

    with np.errstate(all="ignore"):
        (after,), record = run(step, x, index, y)
        expected = make(x, scattered(x.shape, (index, y)))
    assert close(after, np.asarray(expected), summed(64, after.dtype))
    assert UPDATE not in rules(record)
    assert reason in reasons(record)


def test_too_many_rows_are_added_up_before(rng: np.random.Generator) -> None:
    """Where as much is added as there is, one whole array more costs little, and rounds less."""
    x, index = table(rng), rng.integers(0, ROWS, ROWS)
    _, record = run(descent(), x, index, pairs(rng, ROWS))
    assert reasons(record) == ["36 elements are added to 36: the whole array costs no more"]
    _, record = run(descent(), x, index[1:], pairs(rng, ROWS - 1))
    assert reasons(record) == []


def test_a_table_that_is_read_whole_as_well(rng: np.random.Generator) -> None:
    def step(x: Any, index: Any, y: Any) -> Any:
        def loss(x: Any) -> Any:
            return ops.sum(x[index] * y) + ops.sum(ops.square(x @ y[0]))

        return x - 0.5 * cr.grad(loss)(x)

    x, y, index = table(rng), pairs(rng, 3), np.array([1, 1, 6])
    (after,), record = run(step, x, index, y)
    slope = scattered(x.shape, (index, y)) + 2 * np.outer(x @ y[0], y[0])
    assert close(after, x - 0.5 * slope, summed(64, "float64"))
    assert rules(record) == [SUM]
    assert reasons(record) == ["dot_general computes the other term of add for every row"]


def optimised_step(optimizer: Any, index: Any, y: Any) -> Callable[..., Any]:
    """A step of an optimiser on the product of named rows and given vectors, as users write it."""

    def step(params: Any, state: Any) -> Any:
        value, grads = cr.value_and_grad(lambda p: ops.sum(p["table"][index] * y))(params)
        updates, state = optimizer.update(grads, state, params)
        return cr.optim.apply_updates(params, updates), state, value

    return step


def explained(optimizer: Any, rng: np.random.Generator) -> tuple[str, Graph]:
    params = {"table": table(rng)}
    step = cr.compile(optimised_step(optimizer, np.array([1, 1, 6]), pairs(rng, 3)))
    program = step.program(params, optimizer.init(params))
    return program.explain(), program.graph


def test_descent_by_the_optimiser_is_sparse(rng: np.random.Generator) -> None:
    text, graph = explained(cr.optim.sgd(0.1), rng)
    assert "carried as rows, row-sparse update" in text
    assert "not done" not in text
    assert whole_scatters(graph) == []


def test_momentum_is_whole_and_says_so(rng: np.random.Generator) -> None:
    text, _ = explained(cr.optim.sgd(0.1, momentum=0.9), rng)
    assert (
        "row-sparse update: mul computes the other term of add for every row, as momentum" in text
    )


def test_adam_is_whole_and_says_so(rng: np.random.Generator) -> None:
    text, graph = explained(cr.optim.adam(0.1), rng)
    assert "row-sparse update: mul is not linear: rows named twice must be summed before" in text
    assert (
        "row-sparse update: mul computes the other term of add for every row, as momentum" in text
    )
    assert len(whole_scatters(graph)) == 1  # read by both averages


@pytest.mark.parametrize(
    "optimizer",
    [cr.optim.sgd(0.1), cr.optim.sgd(0.1, momentum=0.9), cr.optim.sgd(0.1, 0.9, nesterov=True)],
)
def test_optimisers_compute_what_they_do_on_whole_gradients(
    optimizer: Any, rng: np.random.Generator
) -> None:
    params, index, y = {"table": table(rng)}, np.array([1, 1, 6]), pairs(rng, 3)
    grads = {"table": scattered((ROWS, WIDTH), (index, y))}
    step = cr.compile(optimised_step(optimizer, index, y))
    found, wanted = [(params, optimizer.init(params))] * 2
    for _ in range(3):
        found = step(*found)[:2]
        updates, state = optimizer.update(grads, wanted[1], wanted[0])
        wanted = cr.optim.apply_updates(wanted[0], updates), state
    assert close(found[0]["table"], wanted[0]["table"], summed(8, "float64"))


def test_counting_in_the_forward_half_is_no_news(rng: np.random.Generator) -> None:
    """A histogram is a scatter into zeros too, and meant to be a whole array."""
    index = np.array([1, 1, 6])
    (found,), record = run(lambda i: ops.full((ROWS,), 0.0, "float64").at[i].add(1.0), index)
    assert close(found, np.bincount(index, minlength=ROWS) + 0.0, BITS)
    assert reasons(record) == []


def test_programs_without_gathers_pass_untouched(rng: np.random.Generator) -> None:
    graph = optimise(trace(lambda x: x * 2)(table(rng)), DEFAULT_PASSES[:-1])[0]
    assert row_sparse(graph, Notes()) is graph
