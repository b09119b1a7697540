"""Derivatives of elementwise ops: differences, closed forms, kinks, and powers by products."""

import math

import numpy as np
import pytest
from oracles import check_gradient, gradient_of, graph_of, value_of

from chainrule import ops
from chainrule.compiler.derivatives import linearised, pulled_back
from chainrule.compiler.errors import ArgumentError
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.kinds import Elementwise
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.algebra import algebra
from chainrule.compiler.registry import registry
from chainrule.compiler.tolerances import DIFFERENCES, IDENTITY, against_numpy, close

ELEMENTWISE = [op for op in registry if isinstance(op, Elementwise) and hasattr(ops, op.name)]


def samples_of(op, dtype):
    for seed, sample in enumerate(op.accepted):
        yield sample, sample.arrays(len(op.parameters), seed, dtype)


@pytest.mark.parametrize("op", ELEMENTWISE, ids=[op.name for op in ELEMENTWISE])
def test_gradients_equal_differences_to_second_order(op) -> None:
    """By differences of fourth order, and forward mode by the same numbers."""
    tried = 0
    for sample, arrays in samples_of(op, "float64"):
        given = np.broadcast_arrays(*arrays)
        if not sample.smooth or not given[0].size:
            continue
        graph = graph_of(lambda *values, s=sample: op(*values, **s.attributes), *arrays)
        if graph.outputs[0].type.dtype.name != "float64":
            continue
        wanted = [
            i for i, a in enumerate(arrays) if a.dtype.kind == "f" and op.is_differentiable(i)
        ]
        if not wanted:
            continue
        tried += 1
        arrays = [np.array(a) for a in given]
        graph = graph_of(lambda *values, s=sample: op(*values, **s.attributes), *arrays)
        rng = np.random.default_rng(5)
        ct = rng.standard_normal(given[0].shape)
        first = pulled_back(graph, wanted, [0])
        found = evaluate(first, [*arrays, ct])[1:]
        # The Jacobian is diagonal: tangents in all inputs add what cotangents part.
        tangents = [rng.standard_normal(ct.shape) for _ in wanted]
        pushed = evaluate(linearised(graph, wanted), [*arrays, *tangents])[1]
        total = sum(c * t for c, t in zip(found, tangents, strict=True))
        size = sum(abs(c * t) for c, t in zip(found, tangents, strict=True))
        assert close(ct * pushed, total, IDENTITY, size)
        second = pulled_back(first, wanted, range(1, 1 + len(wanted)))
        outer = [rng.standard_normal(ct.shape) for _ in wanted]
        twice = evaluate(second, [*arrays, ct, *outer])[1 + len(wanted) :]
        for place, i in enumerate(wanted):
            slope = differences(lambda *a, g=graph: evaluate(g, a)[0], arrays, i)
            scale = max(np.linalg.norm(ct * slope), 1e-3)
            assert close(found[place], ct * slope, DIFFERENCES, scale), op.name

            def swept(*moved, f=first, ct=ct, outer=outer):
                return sum(o * c for o, c in zip(outer, evaluate(f, [*moved, ct])[1:], strict=True))

            curve = differences(swept, arrays, i)
            scale = max(np.linalg.norm(curve), 1e-3)
            assert close(twice[place], curve, DIFFERENCES, scale), f"{op.name}, second order"
    assert tried or not op.differentiable or not any(op.is_differentiable(i) for i in range(3))


def differences(function, arrays, position, step=1e-4):
    """The slope of an elementwise function in one input, by differences of fourth order."""
    size = np.abs(arrays[position])
    step = step * np.where((size == 0) | ((size > 1e-6) & (size < 1e6)), 1.0, size)
    total = 0.0
    for steps, weight in ((-2, 1.0), (-1, -8.0), (1, 8.0), (2, -1.0)):
        moved = list(arrays)
        moved[position] = moved[position] + steps * step
        total = total + weight * function(*moved) / (12 * step)
    return total


def derivatives(function, x, order):
    """The derivatives of a function of one array up to an order."""
    graph = graph_of(function, x)
    values = evaluate(graph, [x])
    for _ in range(order):
        outputs, seeds = len(graph.outputs), len(graph.inputs) - 1
        graph = pulled_back(graph, [0], [outputs - 1])
        values.append(evaluate(graph, [x, *[np.ones_like(x)] * (seeds + 1)])[-1])
    return values


def test_third_derivatives_compose() -> None:
    x = np.linspace(-2, 2, 9)
    for found in derivatives(ops.exp, x, 3):
        np.testing.assert_allclose(found, np.exp(x), rtol=1e-12)
    t = np.tanh(x)
    closed = [t, 1 - t**2, -2 * t * (1 - t**2), (6 * t**2 - 2) * (1 - t**2)]
    np.testing.assert_allclose(derivatives(ops.tanh, x, 3), closed, rtol=1e-12, atol=1e-15)
    s = 1 / (1 + np.exp(-x))
    d = s * (1 - s)
    closed = [s, d, d * (1 - 2 * s), d * (1 - 6 * s + 6 * s**2)]
    np.testing.assert_allclose(derivatives(ops.sigmoid, x, 3), closed, rtol=1e-12, atol=1e-15)
    y = np.linspace(0.5, 3, 9)
    closed = [y**2.5, 2.5 * y**1.5, 3.75 * y**0.5, 1.875 * y**-0.5]
    np.testing.assert_allclose(derivatives(lambda v: v**2.5, y, 3), closed, rtol=1e-12)
    closed = [np.log(y), 1 / y, -1 / y**2, 2 / y**3]
    np.testing.assert_allclose(derivatives(ops.log, y, 3), closed, rtol=1e-12)


def test_powers_at_zero_and_of_negative_bases() -> None:
    x = np.array([-2.0, -0.0, 0.0, 3.0])
    assert gradient_of(lambda v: v**0, x)[0].tolist() == [0, 0, 0, 0]
    assert gradient_of(lambda v: v**1, x)[0].tolist() == [1, 1, 1, 1]
    assert gradient_of(lambda v: v**2, x)[0].tolist() == [-4, 0, 0, 6]
    assert gradient_of(lambda v: v**3, x)[0].tolist() == [12, 0, 0, 27]
    assert gradient_of(lambda v: v**-1.0, np.array([-2.0]))[0].tolist() == [-0.25]
    assert value_of(lambda v: v**3, x).tolist() == [-8, 0, 0, 27]
    # Past the highest power all derivatives are zero, at zero too.
    orders = derivatives(lambda v: v**2, x, 4)
    assert [o.tolist() for o in orders[2:]] == [[2] * 4, [0] * 4, [0] * 4]


def test_powers_in_the_exponent() -> None:
    base, exponent = np.array([0.0, 0.0, 2.0, 1.0]), np.array([2.0, 0.0, 3.0, 5.0])
    in_base, in_exponent = gradient_of(ops.power, base, exponent)
    np.testing.assert_allclose(in_base, [0, 0, 12, 5])
    np.testing.assert_allclose(in_exponent, [0, 0, 8 * math.log(2), 0])
    # d/dy (y x^(y-1)) = 1 / x at y = 0: a guard that cut all of y = 0 would lose it.
    graph = graph_of(ops.power, np.array([2.0]), np.array([0.0]))
    slope = pulled_back(graph, [0], [0])
    mixed = pulled_back(slope, [1], [1])
    one = np.ones(1)
    found = evaluate(mixed, [np.array([2.0]), np.array([0.0]), one, one])[-1]
    assert found.tolist() == [0.5]


def test_kinks_take_the_stated_slope() -> None:
    zero, two = np.array([0.0, -0.0]), np.array([2.0, 2.0])
    assert gradient_of(ops.abs, zero)[0].tolist() == [0, 0]
    assert gradient_of(ops.sqrt, zero[:1])[0].tolist() == [np.inf]
    for op in (ops.maximum, ops.minimum):
        first, second = gradient_of(op, two, two)
        assert (first.tolist(), second.tolist()) == ([1, 1], [0, 0])
    for got in zip(gradient_of(ops.clip, two, zero, two), [1, 0, 0], strict=True):
        assert got[0].tolist() == [got[1]] * 2
    below, low, high = gradient_of(ops.clip, -two, zero, two)
    assert (below.tolist(), low.tolist(), high.tolist()) == ([0, 0], [1, 1], [0, 0])
    assert [g.tolist() for g in gradient_of(ops.hypot, zero, zero)] == [[0, 0], [0, 0]]
    assert [g.tolist() for g in gradient_of(ops.arctan2, zero, zero)] == [[0, 0], [0, 0]]
    assert gradient_of(ops.xlogy, zero, two)[1].tolist() == [0, 0]
    assert gradient_of(ops.xlogy, zero, np.abs(zero))[1].tolist() == [0, 0]
    assert gradient_of(lambda x: x * ops.sign(x), -two)[0].tolist() == [-1, -1]
    assert gradient_of(lambda x: x + ops.floor(x) + ops.round(x), two)[0].tolist() == [1, 1]
    assert gradient_of(lambda x: x * ops.stop_gradient(x), two)[0].tolist() == [2, 2]


def test_logaddexp_of_equal_numbers_and_infinities() -> None:
    x = np.array([0.0, -np.inf, np.inf, -np.inf, 3.0])
    y = np.array([0.0, -np.inf, np.inf, 2.0, -np.inf])
    first, second = gradient_of(ops.logaddexp, x, y)
    assert first.tolist() == [0.5, 0.5, 0.5, 0, 1]
    assert second.tolist() == [0.5, 0.5, 0.5, 1, 0]
    # The curvature at equal numbers is that of the sigmoid, 1/4.
    assert derivatives(lambda v: ops.logaddexp(v, 0.0), np.zeros(1), 2)[2].tolist() == [0.25]


def test_gradients_keep_their_size_where_squares_do_not() -> None:
    x, y = np.array([3e200, 3e-200]), np.array([4e200, 4e-200])
    np.testing.assert_allclose(gradient_of(ops.hypot, x, y), [[0.6] * 2, [0.8] * 2])
    np.testing.assert_allclose(
        gradient_of(ops.arctan2, x, y), [[0.16e-200, 0.16e200], [-0.12e-200, -0.12e200]]
    )
    quotient = gradient_of(ops.div, np.array([1e200]), np.array([1e200]))
    np.testing.assert_allclose(quotient, [[1e-200], [-1e-200]])
    assert gradient_of(ops.log1p, np.array([1e-20]))[0].tolist() == [1]
    np.testing.assert_allclose(gradient_of(ops.expm1, np.array([-40.0])), [[math.exp(-40)]])


def test_ops_of_rules_compose_with_broadcasting() -> None:
    rng = np.random.default_rng(3)
    x, y, z = rng.uniform(0.5, 2, (3, 1)), rng.uniform(0.5, 2, 4), rng.uniform(0.5, 2, ())
    check_gradient(lambda a, b, c: ops.log(a / b) ** 2 + ops.sqrt(c * a), x, y, z, order=2)
    check_gradient(lambda a, b, c: 2.0**a - b % 0.3 + abs(-c), x, y, z, order=2)


# Powers by products.


@pytest.mark.parametrize(
    ("function", "left"),
    [
        (lambda x: x**0, set()),
        (lambda x: x**1, set()),
        (lambda x: x**2, {"square"}),
        (lambda x: x**-1, {"reciprocal"}),
        (lambda x: x**3, {"integer_power"}),
        (lambda x: x**8, {"integer_power"}),
        (lambda x: x**9, {"power"}),
        (lambda x: x**0.5, {"power"}),
        (lambda x: x**-2, {"power"}),
        (lambda x: 2.0**x, {"power"}),
    ],
)
def test_literal_exponents_become_products(function, left) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -2.5, 1e200, -1e-200, 5e-324])
    graph = graph_of(function, x)
    after = algebra(graph, Notes())
    kept = {u.op.name for u in after.units if isinstance(u.op, Elementwise)}
    assert kept == left
    assert close(evaluate(after, [x])[0], evaluate(graph, [x])[0], against_numpy(8))
    y = np.array([-2.0, 0.0, 0.7])
    if left != {"power"} and left != {"reciprocal"}:
        one = np.ones(3)
        plain = evaluate(pulled_back(graph_of(function, y), [0], [0]), [y, one])[1]
        cheap = evaluate(pulled_back(algebra(graph_of(function, y), Notes()), [0], [0]), [y, one])
        assert close(cheap[1], plain, against_numpy(8))


def test_integers_are_not_inverted() -> None:
    """Nor when their exponent, an array, is known to the compiler alone."""
    x = np.array([-1, 1])
    with pytest.raises(ArgumentError, match="negative integer powers are not allowed"):
        graph_of(lambda x: x**-1, x)
    graph = algebra(graph_of(lambda x, y: x**y, x, np.array([-1, -3])), Notes())
    assert graph.outputs[0].op is ops.power
