"""Computational graph, backpropagation, calculus."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.special
from theory import both, central_gradient, within

import chainrule as cr
from chainrule import ops

UNARY: list[Callable[[Any], Any]] = [np.tanh, np.sin, lambda a: np.exp(-a * a), lambda a: a / 2]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - 2 * b,
    lambda a, b: a / (1 + b * b),
]


def random_dag(seed: int, steps: int = 12) -> Callable[[Any], Any]:
    """A function whose units read any that came before, so that many are shared."""
    rng = np.random.default_rng(seed)
    plan = [(int(rng.integers(8)), rng.integers(0, 3 + n, 2)) for n in range(steps)]

    def function(x: Any) -> Any:
        units = [x[0], x[1], x[2]]
        for kind, parents in plan:
            a, b = (units[int(p)] for p in parents)
            units.append(UNARY[kind](a) if kind < 4 else BINARY[kind - 4](a, b))
        return units[-1] + units[-2] * units[-3]

    return function


def network(seed: int, *widths: int) -> Callable[[Any], Any]:
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(m, n)) / np.sqrt(n) for n, m in pairwise(widths)]

    def function(x: Any) -> Any:
        for w in weights:
            x = np.tanh(w @ x)
        return x

    return function


# ad-01


@pytest.mark.parametrize("seed", range(50))
def test_ad_01_a_traced_dag_gives_what_numpy_gives(seed: int) -> None:
    function, x = random_dag(seed), np.random.default_rng(seed).normal(size=3)
    graph = cr.trace(function)(x)
    place = {unit: number for number, unit in enumerate(graph.units)}
    assert all(place[operand] < place[unit] for unit in graph.units for operand in unit.inputs)
    within(cr.compile(function, backend="reference")(x), function(x), 1e-14)


def test_ad_01_shared_expressions_are_one_unit() -> None:
    graph = cr.trace(lambda x: np.tanh(x) * np.tanh(x) + np.tanh(x))(np.ones(3))
    assert sum(unit.op is ops.tanh for unit in graph.units) == 1


# ad-02


@pytest.mark.parametrize("seed", range(12))
def test_ad_02_gradients_of_random_dags(seed: int) -> None:
    function, x = random_dag(seed), np.random.default_rng(seed).normal(size=3)
    for found in both(cr.grad(function), x):
        within(found, central_gradient(function, x), 1e-6)
    step = 1e-30
    for place in range(3):  # the complex step, which cancels nothing
        moved = x.astype(complex)
        moved[place] += 1j * step
        slope = function(moved).imag / step
        np.testing.assert_allclose(cr.grad(function)(x)[place], slope, rtol=1e-10, atol=1e-13)


def test_ad_02_backward_costs_at_most_five_forwards() -> None:
    function, x = network(0, 20, 30, 20, 10), np.random.default_rng(0).normal(size=20)

    def loss(x: Any) -> Any:
        return (function(x) ** 2).sum()

    forward = sum(kernel.flops for kernel in cr.compile(loss).program(x).kernels)
    backward = cr.compile(cr.value_and_grad(loss)).program(x).kernels
    assert sum(kernel.flops for kernel in backward) <= 5 * forward


def test_ad_02_an_unused_input_has_a_gradient_of_zero() -> None:
    for found in both(cr.grad(lambda x, y: (x * x).sum(), argnums=1), np.ones(3), np.ones(4)):
        np.testing.assert_array_equal(found, np.zeros(4))


# ad-03


@pytest.mark.parametrize("widths", [(3, 5, 4), (6, 4, 2), (2, 7, 6)])
def test_ad_03_forward_reverse_and_differences_agree(widths: tuple[int, ...]) -> None:
    function, x = network(1, *widths), np.random.default_rng(1).normal(size=widths[0])
    wanted = np.stack(
        [central_gradient(lambda x, i=i: function(x)[i], x) for i in range(widths[-1])]
    )
    for mode in ("fwd", "rev", "auto"):
        for found in both(cr.jacobian(function, mode), x):
            within(found, wanted, 1e-6)
    within(cr.jacobian(function, "fwd")(x), cr.jacobian(function, "rev")(x), 1e-12)


def test_ad_03_a_linear_map_is_its_own_jacobian() -> None:
    w = np.random.default_rng(0).normal(size=(4, 3))
    for mode in ("fwd", "rev"):
        for found in both(cr.jacobian(lambda x: w @ x, mode), np.ones(3)):
            np.testing.assert_array_equal(found, w)


def test_ad_03_of_arrays_of_any_shape_and_again() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3))
    for mode in ("fwd", "rev"):
        found = cr.jacobian(lambda x: np.sin(x.T), mode)(x)
        assert found.shape == (3, 2, 2, 3)
        within(np.einsum("jiij->ij", found), np.cos(x), 1e-14)
        second = cr.jacobian(cr.jacobian(np.sin, mode), mode)(x[0])
        within(np.einsum("iii->i", second), -np.sin(x[0]), 1e-14)
        assert np.count_nonzero(second) == 3
    with pytest.raises(cr.ArgumentError, match="the mode is 'backward'"):
        cr.jacobian(np.sin, "backward")


# ad-04


def test_ad_04_the_jacobian_of_a_composition_is_the_product_in_order() -> None:
    inner, outer = network(2, 3, 5, 4), network(3, 4, 6, 2)
    x = np.random.default_rng(2).normal(size=3)
    left, right = cr.jacobian(outer)(inner(x)), cr.jacobian(inner)(x)
    for found in both(cr.jacobian(lambda x: outer(inner(x))), x):
        within(found, left @ right, 1e-12)
    with pytest.raises(ValueError, match="matmul"):
        right @ left
    square, other = network(4, 3, 3), network(5, 3, 3)
    one = cr.jacobian(lambda x: square(other(x)))(x)
    assert np.abs(one - cr.jacobian(other)(x) @ cr.jacobian(square)(other(x))).max() > 1e-3


# ad-05


def test_ad_05_a_pullback_is_the_transposed_jacobian() -> None:
    function, x = network(6, 5, 8, 4), np.random.default_rng(6).normal(size=5)
    u, v = np.random.default_rng(7).normal(size=4), np.random.default_rng(8).normal(size=5)
    matrix = cr.jacobian(function)(x)
    value, pullback = cr.vjp(function, x)
    within(value, function(x), 1e-14)
    within(pullback(u)[0], matrix.T @ u, 1e-12)
    forward = cr.jvp(function, (x,), (v,))[1]
    within(np.dot(forward, u), np.dot(v, pullback(u)[0]), 1e-12)


def test_ad_05_no_jacobian_is_made() -> None:
    """The layers' Jacobians have 400 x 400 elements; no buffer is nearly as large."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(400, 400)) / 20 for _ in range(3)]

    def loss(x: Any, *weights: Any) -> Any:
        for w in weights:
            x = np.tanh(w @ x)
        return (x * x).sum()

    x = np.ones(400)
    program = cr.compile(cr.grad(loss)).program(x, *weights)
    assert max(buffer.nbytes for buffer in program.memory.buffers) <= 10 * x.nbytes
    v = rng.normal(size=400)
    step = 1e-6
    slope = (loss(x + step * v, *weights) - loss(x - step * v, *weights)) / (2 * step)
    within(np.dot(program([x, *weights])[0], v), slope, 1e-6)


def test_ad_05_the_tool_finds_a_wrong_rule() -> None:
    cr.analysis.check_grads(network(9, 4, 3), (np.ones(4),))
    wrong = lambda x: ops.stop_gradient(x) * x  # noqa: E731  (half of its slope is lost)
    with pytest.raises(cr.GradientError, match="differences say"):
        cr.analysis.check_grads(wrong, (np.array([1.0, 2.0]),))


# ad-06


def test_ad_06_the_jacobian_and_gradients_of_a_ridge_layer() -> None:
    rng = np.random.default_rng(0)
    w, b, x, g = (rng.normal(size=s) for s in [(4, 3), (4,), (5, 3), (5, 4)])
    slope = 1 - np.tanh(x @ w.T + b) ** 2
    row = cr.jacobian(lambda x: np.tanh(w @ x + b))(x[0])
    within(row, np.diag(slope[0]) @ w, 1e-12)

    def loss(x: Any, w: Any, b: Any) -> Any:
        return (np.tanh(x @ w.T + b) * g).sum()

    delta = g * slope
    for found in both(cr.grad(loss, argnums=(0, 1, 2)), x, w, b):
        for one, wanted in zip(found, (delta @ w, delta.T @ x, delta.sum(axis=0)), strict=True):
            within(one, wanted, 1e-12)
    within(cr.grad(loss, 1)(x, w, b), central_gradient(lambda w: loss(x, w, b), w), 1e-6)


# ad-07


def test_ad_07_power_product_quotient_and_chain_rule() -> None:
    x = np.random.default_rng(0).uniform(0.5, 2, 9)
    cases: list[tuple[Any, Any]] = [
        (lambda x: x**3, 3 * x**2),
        (lambda x: x**-2.5, -2.5 * x**-3.5),
        (lambda x: np.sin(x) * np.exp(x), np.cos(x) * np.exp(x) + np.sin(x) * np.exp(x)),
        (lambda x: np.sin(x) / x, (x * np.cos(x) - np.sin(x)) / x**2),
        (lambda x: np.sin(x**2), np.cos(x**2) * 2 * x),
    ]
    for function, wanted in cases:
        for found in both(cr.grad(lambda x, f=function: f(x).sum()), x):
            within(found, wanted, 1e-12)


def test_ad_07_powers_at_zero() -> None:
    zero = np.zeros(1)
    slopes = [float(cr.grad(lambda x, n=n: (x**n).sum())(zero)[0]) for n in (0, 1, 2, 3)]
    assert slopes == [0, 1, 0, 0]


# ad-08


@pytest.mark.parametrize("seed", range(6))
def test_ad_08_hessians_are_symmetric(seed: int) -> None:
    function, x = random_dag(seed), np.random.default_rng(seed).normal(size=3)
    matrix = cr.hessian(function)(x)
    assert np.abs(matrix - matrix.T).max() <= 1e-10 * max(1, np.abs(matrix).max())
    v, step = np.random.default_rng(1).normal(size=3), 1e-5
    slope = cr.grad(function)
    differences = (slope(x + step * v) - slope(x - step * v)) / (2 * step)
    for found in both(lambda x, v: cr.hvp(function, x, v), x, v):
        np.testing.assert_allclose(found, matrix @ v, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found, differences, rtol=1e-5, atol=1e-7)


def test_ad_08_peanos_example_has_no_continuous_second_derivatives() -> None:
    """Along the axes the mixed derivatives at 0 are +1 and -1, by the order."""

    def function(x: Any) -> Any:
        return x[0] * x[1] * (x[0] ** 2 - x[1] ** 2) / (x[0] ** 2 + x[1] ** 2)

    step = 1e-6
    by_y = cr.grad(function)(np.array([step, 0.0]))[1] / step
    by_x = cr.grad(function)(np.array([0.0, step]))[0] / step
    np.testing.assert_allclose([by_y, by_x], [1, -1], rtol=1e-9)


# ad-09


def test_ad_09_the_derivative_goes_under_the_integral() -> None:
    """d/dx of the integral of e^(x t) over [0, 1] is ((x - 1) e^x + 1) / x^2."""

    def integral(x: Any) -> Any:
        return cr.integrate(lambda t: np.exp(x * t), 0.0, 1.0)

    x = np.array(1.3)
    for found in both(cr.grad(integral), x):
        within(found, ((1.3 - 1) * np.exp(1.3) + 1) / 1.3**2, 1e-12)
    within(integral(x), scipy.integrate.quad(lambda t: np.exp(1.3 * t), 0, 1)[0], 1e-12)
    second = scipy.integrate.quad(lambda t: t * t * np.exp(1.3 * t), 0, 1)[0]
    within(cr.grad(cr.grad(integral))(x), second, 1e-12)


def test_ad_09_moving_limits_add_their_terms() -> None:
    def integral(x: Any) -> Any:
        return cr.integrate(lambda t: np.sin(x * t), 0.0, x * x)

    x = 1.2
    inner = scipy.integrate.quad(lambda t: t * np.cos(x * t), 0, x * x)[0]
    for found in both(cr.grad(integral), np.array(x)):
        within(found, inner + np.sin(x**3) * 2 * x, 1e-12)
    ends = cr.grad(lambda a, b: cr.integrate(np.exp, a, b), argnums=(0, 1))(0.3, 0.9)
    within(ends, [-np.exp(0.3), np.exp(0.9)], 1e-12)


@pytest.mark.parametrize("nodes", [1, 2, 5])
def test_ad_09_the_rule_is_exact_up_to_its_degree(nodes: int) -> None:
    for degree in range(2 * nodes):
        found = cr.integrate(lambda t, n=degree: t**n, 0.0, 2.0, nodes=nodes)
        within(found, 2.0 ** (degree + 1) / (degree + 1), 1e-14)
    beyond = cr.integrate(lambda t: t ** (2 * nodes), 0.0, 2.0, nodes=nodes)
    assert abs(beyond - 2.0 ** (2 * nodes + 1) / (2 * nodes + 1)) > 1e-6
    with pytest.raises(cr.ArgumentError, match="0 nodes"):
        cr.integrate(np.sin, 0.0, 1.0, nodes=0)


# ad-10


@pytest.mark.parametrize(("scheme", "order"), [("forward", 1), ("central", 2)])
@pytest.mark.parametrize("function", [np.exp, np.sin])
def test_ad_10_errors_shrink_with_their_order(function: Any, scheme: str, order: int) -> None:
    x, exact = np.array([0.7]), {np.exp: np.exp(0.7), np.sin: np.cos(0.7)}[function]
    steps = np.array([1e-1, 1e-2, 1e-3])
    errors = [
        abs(cr.analysis.fd_grad(lambda x: function(x)[0], x, scheme, h)[0] - exact) for h in steps
    ]
    slopes = np.diff(np.log10(errors)) / np.diff(np.log10(steps))
    np.testing.assert_allclose(slopes, order, atol=0.05)


@pytest.mark.parametrize(("scheme", "root"), [("forward", 2), ("central", 3)])
def test_ad_10_the_best_step_is_a_root_of_the_rounding_error(scheme: str, root: int) -> None:
    x, steps = np.array([0.7]), 10.0 ** np.arange(-13, 0)
    errors = [
        abs(cr.analysis.fd_grad(lambda x: np.exp(x)[0], x, scheme, h)[0] - np.exp(0.7))
        for h in steps
    ]
    best = steps[int(np.argmin(errors))]
    assert 1e-2 <= best / np.finfo(float).eps ** (1 / root) <= 1e2
    with pytest.raises(cr.ArgumentError, match="the scheme is 'backward'"):
        cr.analysis.fd_grad(lambda x: x[0], x, "backward")


# ad-11


@pytest.mark.parametrize(("scheme", "order"), [("forward", 1), ("central", 2)])
def test_ad_11_errors_shrink_with_their_order(scheme: str, order: int) -> None:
    x, steps = np.array([0.7]), np.array([1e-1, 1e-2])
    errors = [
        abs(cr.analysis.fd_hessian_diag(lambda x: np.exp(x)[0], x, scheme, h)[0] - np.exp(0.7))
        for h in steps
    ]
    np.testing.assert_allclose(np.log10(errors[0] / errors[1]), order, atol=0.1)


def test_ad_11_what_is_exact() -> None:
    x = np.array([0.5, -1.5])
    for scheme in ("forward", "central"):
        found = cr.analysis.fd_hessian_diag(lambda x: np.sum(3 * x**2 - x), x, scheme, 0.25)
        within(found, [6.0, 6.0], 1e-13)
    cubic = cr.analysis.fd_hessian_diag(lambda x: np.sum(x**3), x, "central", 0.25)
    within(cubic, 6 * x, 1e-13)
    off = cr.analysis.fd_hessian_diag(lambda x: np.sum(x**3), x, "forward", 0.25)
    within(off - 6 * x, [6 * 0.25, 6 * 0.25], 1e-12)  # the remainder is 6 h


# ad-12


def test_ad_12_coefficients_of_elementary_functions() -> None:
    x, one = np.array(0.4), np.array(1.0)
    y = np.tanh(0.4)
    wanted = {
        np.exp: [np.exp(0.4)] * 7,
        np.sin: [np.sin(0.4 + k * np.pi / 2) for k in range(7)],
        np.log1p: [np.log1p(0.4)]
        + [(-1) ** (k - 1) * float(scipy.special.factorial(k - 1)) / 1.4**k for k in range(1, 7)],
        np.tanh: [y, 1 - y**2, -2 * y * (1 - y**2), (1 - y**2) * (6 * y**2 - 2)],
    }
    for function, each in wanted.items():
        found = cr.jet(function, x, one, len(each) - 1)
        np.testing.assert_allclose(found, each, rtol=1e-10)
        compiled = cr.compile(lambda x, v, f=function: cr.jet(f, x, v, 3))(x, one)
        np.testing.assert_allclose(compiled, each[:4], rtol=1e-12)
    with pytest.raises(cr.ArgumentError, match="the order is -1"):
        cr.jet(np.exp, x, one, -1)


def test_ad_12_of_a_polynomial_the_last_derivatives_vanish() -> None:
    x, v = np.random.default_rng(0).normal(size=(2, 3))
    found = cr.jet(lambda x: (x**3).sum(), x, v, 4)
    within(found[3], 6 * (v**3).sum(), 1e-12)
    assert found[4] == 0


@pytest.mark.parametrize("order", [1, 2, 3])
def test_ad_12_the_remainder_has_the_next_order(order: int) -> None:
    function, a = random_dag(3), np.random.default_rng(3).normal(size=3)
    model = cr.taylor_model(function, a, order)
    within(model(a), function(a), 1e-14)
    v, steps = np.random.default_rng(4).normal(size=3), np.array([1e-1, 1e-2])
    errors = [abs(float(model(a + h * v) - function(a + h * v))) for h in steps]
    slope = np.log10(errors[0] / errors[1])
    np.testing.assert_allclose(slope, order + 1, atol=0.35)


def test_ad_12_the_quadratic_model_is_gradient_and_hessian() -> None:
    function, a = random_dag(5), np.random.default_rng(5).normal(size=3)
    h = np.random.default_rng(6).normal(size=3)
    gradient, matrix = cr.grad(function)(a), cr.hessian(function)(a)
    wanted = function(a) + h @ gradient + h @ matrix @ h / 2
    within(cr.taylor_model(function, a, 2)(a + h), wanted, 1e-12)


# ad-13


def test_ad_13_the_descent_direction_has_slope_minus_one() -> None:
    function, x = random_dag(7), np.random.default_rng(7).normal(size=3)
    found = cr.analysis.check_local_min(function, x)
    assert found.kind == "descent"
    step = 1e-6
    slope = (function(x + step * found.direction) - function(x)) / step
    np.testing.assert_allclose(slope, -1, rtol=1e-3)


def test_ad_13_a_saddle_shows_the_way_down() -> None:
    matrix = np.diag([3.0, 1.0, -0.5])
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    matrix = turn @ matrix @ turn.T

    def function(x: Any) -> Any:
        return x @ matrix @ x / 2

    found = cr.analysis.check_local_min(function, np.zeros(3))
    assert found.kind == "saddle"
    within(found.curvature, np.linalg.eigvalsh(matrix)[0], 1e-12)
    assert function(1e-2 * found.direction) < 0


def test_ad_13_the_conditions_are_necessary_and_not_sufficient() -> None:
    low = cr.analysis.check_local_min(lambda x: (x**4).sum(), np.zeros(2))
    turning = cr.analysis.check_local_min(lambda x: (x**3).sum(), np.zeros(2))
    assert low == turning == ("stationary", None, 0.0)  # the one is a minimum, the other is none
    assert cr.analysis.check_local_min(lambda x: (x**2).sum(), np.zeros(2)).curvature == 2
