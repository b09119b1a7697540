"""Safe masks: derivatives where a choice drops a branch, against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule import ops
from chainrule.compiler.graph import Graph
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.differentiate import differentiate
from chainrule.compiler.passes.inline import inline, inline_all
from chainrule.compiler.passes.safe_masks import safe_masks
from chainrule.compiler.tolerances import BITS, close
from chainrule.compiler.verify import verify
from chainrule.frontend.trace import trace
from chainrule.frontend.transforms import grad, jvp

X = np.array([-3.0, -1.0, -0.0, 0.0, 0.3, 1.0, 2.5])
RULE = "safe input under a mask"


def total(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arrays: ops.sum(function(*arrays))


def opened(function: Callable[..., Any], *arrays: Any) -> tuple[Graph, Notes]:
    notes = Notes()
    graph = differentiate(inline(trace(function)(*arrays), notes), notes)
    verify(graph)
    return inline_all(graph, Notes()), notes


def gradient(function: Callable[..., Any], *arrays: Any) -> Any:
    graph, _ = opened(grad(total(function)), *arrays)
    return evaluate(graph, arrays)[0]


def difference(function: Callable[..., Any], x: Any, step: float = 1e-6) -> Any:
    """Central differences of an elementwise function."""
    graph = inline_all(trace(function)(x), Notes())
    (after,), (before,) = evaluate(graph, [x + step]), evaluate(graph, [x - step])
    return (after - before) / (2 * step)


def check(function: Callable[..., Any], x: Any, smooth: Any, rtol: float = 1e-6) -> None:
    """The gradient is finite everywhere, and the slope at the points marked smooth."""
    found = gradient(function, x)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[smooth], difference(function, x)[smooth], rtol=rtol, atol=1e-9)


MASKED: dict[str, Callable[..., Any]] = {
    "product": lambda x: ops.where(x > 0, ops.sqrt(x) * ops.log(x), 0),
    "the other branch": lambda x: ops.where(x <= 0, 0, ops.sqrt(x) * ops.log(x)),
    "both branches": lambda x: ops.where(x > 0, ops.log(x), ops.sqrt(1 - x) + 1 / (1 - x)),
    "division": lambda x: ops.where(x != 0, ops.tanh(x) / x, 1 + 0 * x),
    "a power": lambda x: ops.where(x > 0, x**0.5, x),
    "a log of what is cut": lambda x: ops.where(x > 0, x * ops.log(ops.relu(x)), 0),
    "nested": lambda x: ops.where(
        x > 0, ops.where(x < 1, ops.log(x), ops.sqrt(x - 0.5)), ops.tanh(x)
    ),
    "nested under the condition": lambda x: ops.where(
        x > -2, ops.where(x > 0, ops.log(x), ops.log(x + 2)), x
    ),
    "also read outside": lambda x: (
        ops.where(x > 0, ops.log(x + 0.0) * ops.sqrt(x), 0) + ops.tanh(ops.sqrt(x + 4))
    ),
    "two choices share a branch": lambda x: (
        (h := ops.log(x)) is not None
        and ops.where(x > 0.2, h, 0) + ops.where(x > 0.5, h * x, ops.tanh(x))
    ),
    "a mask by hand": lambda x: ops.where(x > 0, ops.log(ops.where(x > 0, x, 1)), 0),
    "reshaped": lambda x: ops.reshape(
        ops.where(ops.reshape(x, shape=(7, 1)) > 0, ops.reshape(ops.log(x), shape=(7, 1)), 0),
        shape=(7,),
    ),
    "backwards": lambda x: ops.flip(ops.where(ops.flip(x) > 0, ops.flip(ops.log(x)), 0)),
}


@pytest.mark.parametrize("name", MASKED)
def test_gradients_are_finite_and_right(name: str) -> None:
    # At 0 and 1 the functions jump or bend: there the gradient need only be finite.
    check(MASKED[name], X, ~np.isin(X, [0.0, 1.0]))


@pytest.mark.parametrize("name", MASKED)
def test_values_keep_their_bits(name: str) -> None:
    before = inline_all(trace(MASKED[name])(X), Notes())
    after = safe_masks(before, Notes())
    verify(after)
    assert close(evaluate(after, [X])[0], evaluate(before, [X])[0], BITS)


@pytest.mark.parametrize("name", MASKED)
def test_forward_mode_agrees(name: str) -> None:
    function = MASKED[name]
    graph, _ = opened(lambda x, t: jvp(function, (x,), (t,))[1], X, np.ones_like(X))
    (pushed,) = evaluate(graph, [X, np.ones_like(X)])
    np.testing.assert_allclose(pushed, gradient(function, X), rtol=1e-12)


def test_second_and_third_order() -> None:
    first = MASKED["product"]
    second = grad(total(first))
    third = grad(total(second))
    smooth = X != 0
    for lower, function in ((first, second), (second, third)):
        found = evaluate(inline_all(opened(function, X)[0], Notes()), [X])[0]
        assert np.isfinite(found).all()
        graph = inline_all(opened(lower, X)[0], Notes())
        step = 1e-6
        (up,), (down,) = evaluate(graph, [X + step]), evaluate(graph, [X - step])
        slope = (up - down) / (2 * step)
        np.testing.assert_allclose(found[smooth], slope[smooth], rtol=1e-5, atol=1e-7)


def test_float32_stays_float32() -> None:
    x = X.astype("float32")
    graph, _ = opened(grad(total(MASKED["product"])), x)
    assert {unit.array_type.dtype.name for unit in graph.units} <= {"float32", "bool", "int64"}
    (found,) = evaluate(graph, [x])
    np.testing.assert_allclose(found, gradient(MASKED["product"], x.astype(float)), rtol=1e-5)


def test_a_log_that_is_also_read_outside_is_doubled() -> None:
    """Outside its value and slope are its own, infinite where they are; inside it is safe."""

    def function(x: Any, y: Any) -> Any:
        h = ops.log(x)
        return ops.sum(ops.where(x > 0, h * y, 0)), h

    y = np.full_like(X, 2.0)
    graph, _ = opened(lambda x, y: grad(function, argnums=(0, 1), has_aux=True)(x, y), X, y)
    by_x, by_y, outside = evaluate(graph, [X, y])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(outside, np.log(X))
        np.testing.assert_array_equal(by_y, np.where(X > 0, np.log(np.where(X > 0, X, 1)), 0))
    np.testing.assert_allclose(by_x[X > 0], 2 / X[X > 0])
    assert (by_x[X <= 0] == 0).all()
    assert sum(unit.op is ops.log for unit in graph.units) == 2


def test_a_branch_of_fewer_dimensions() -> None:
    """A broadcast element is needed where any of its copies is."""
    x = np.array([[-1.0], [2.0], [0.0], [3.0]])
    mask = np.array([[0, 0, 0], [1, 0, 1], [0, 0, 0], [0, 0, 1]], bool)
    found = gradient(lambda x: ops.where(mask, ops.broadcast_to(ops.log(x), shape=(4, 3)), 0), x)
    np.testing.assert_allclose(found, [[0], [1.0], [0], [1 / 3]])


def test_a_branch_of_joined_parts() -> None:
    x = np.array([-1.0, 2.0, 0.0])
    mask = np.array([0, 1, 0, 1, 1, 1], bool)
    found = gradient(lambda x: ops.where(mask, ops.concatenate(ops.log(x), x * x), 0), x)
    np.testing.assert_allclose(found, [-2.0, 0.5 + 4.0, 0.0])


def test_a_branch_of_a_slice_and_a_pad() -> None:
    x = np.array([-1.0, 2.0, 0.0, 5.0])
    mask = np.array([0, 1, 0, 0], bool)

    def function(x: Any) -> Any:
        part = ops.slice(ops.log(x), start=(1,), stop=(3,))
        return ops.where(mask, ops.pad(part, low=1, high=1), 0)

    np.testing.assert_allclose(gradient(function, x), [0.0, 0.5, 0.0, 0.0])


BETWEEN: list[tuple[str, Callable[..., Any]]] = [
    ("sum", lambda x: ops.where(x > 0, ops.sum(ops.log(x)), 0)),
    ("dot_general", lambda x: ops.where(x > 0, ops.log(x) @ np.eye(7), 0)),
    ("gather", lambda x: ops.where(x > 0, ops.take(ops.log(x), np.arange(7)), 0)),
]


@pytest.mark.parametrize(("name", "function"), BETWEEN, ids=[b[0] for b in BETWEEN])
def test_what_stands_between_is_noted(name: str, function: Callable[..., Any]) -> None:
    _, notes = opened(grad(total(function)), X)
    refused = [r for r in notes.refusals if r.rule == RULE]
    assert [r.reason for r in refused] == [f"{name} stands between the mask and log: not covered"]
    assert "test_passes_safe_masks.py" in refused[0].line


UNTOUCHED: dict[str, Callable[..., Any]] = {
    "no domain": lambda x: ops.where(x > 0, ops.tanh(x), x),
    "a divisor that is a number": lambda x: ops.where(x > 0, x / 3, x),
    "no choice": lambda x: ops.log(x) + ops.sqrt(x),
    "the domain lies above": lambda x: ops.log(ops.where(x > 0, x, 1)),
    "the choice is made": lambda x: ops.where(True, ops.log(x), 0),
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_what_needs_nothing_is_left_alone(name: str) -> None:
    graph, notes = inline_all(trace(UNTOUCHED[name])(X), Notes()), Notes()
    assert safe_masks(graph, notes) is graph
    assert notes.applications == []
    assert notes.refusals == []


def test_the_note_says_what_the_op_wants() -> None:
    _, notes = opened(grad(total(MASKED["product"])), X)
    details = [a.detail for a in notes.applications if a.rule == RULE]
    assert sorted(details) == ["log wants x > 0", "sqrt wants x > 0"]


def test_a_chain_of_choices_does_not_explode() -> None:
    """Each link reads the one before on both sides: two forms a unit, not 2 to the length."""

    def function(x: Any) -> Any:
        for _ in range(60):
            x = ops.where(x > 0.5, ops.sqrt(x) + 0.1, ops.log(x + 1.5))
        return x

    before = inline_all(trace(function)(X), Notes())
    after = safe_masks(before, Notes())
    verify(after)
    assert len(after) < 8 * len(before)
    assert close(evaluate(after, [X])[0], evaluate(before, [X])[0], BITS)
