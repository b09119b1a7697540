"""grad, value_and_grad, vjp and jvp: against closed forms, eagerly and inside a trace."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.errors import ArgumentError, GradientError, ShapeError


def test_third_derivative_of_tanh_is_the_closed_form():
    third = cr.grad(cr.grad(cr.grad(np.tanh)))
    for x in (-1.3, 0.0, 0.4, 2.0):
        t = np.tanh(x)
        assert third(x) == pytest.approx((1 - t**2) * (6 * t**2 - 2), rel=1e-12)


def test_third_derivative_of_exp_is_exp():
    third = cr.grad(cr.grad(cr.grad(np.exp)))
    for x in (-1.0, 0.0, 2.5):
        assert third(x) == pytest.approx(np.exp(x), rel=1e-14)


def test_forward_over_reverse_is_the_second_derivative():
    _, second = cr.jvp(cr.grad(lambda x: x**4), (2.0,), (1.0,))
    assert second == pytest.approx(48.0)


def test_reverse_over_forward_is_the_second_derivative():
    def slope(x):
        return cr.jvp(lambda y: y**4, (x,), (1.0,))[1]

    assert cr.grad(slope)(2.0) == pytest.approx(48.0)


def test_a_captured_value_that_depends_on_the_argument_is_a_constant_of_the_inner_gradient():
    # d/dx [d/dy x y^2 at y = x] = d/dx 2 x^2 = 4 x
    assert cr.grad(lambda x: cr.grad(lambda y: x * y * y)(x))(3.0) == pytest.approx(12.0)


def test_the_same_array_as_two_arguments_has_two_gradients():
    x = np.array([1.0, 2.0])
    dx, dy = cr.grad(lambda a, b: (a * a * b).sum(), argnums=(0, 1))(x, x)
    np.testing.assert_allclose(dx, 2 * x * x)
    np.testing.assert_allclose(dy, x * x)


def test_gradients_keep_the_pytree_and_give_none_for_integer_leaves():
    params = {"w": np.ones((2, 3)), "table": np.arange(3), "b": (np.zeros(3), True)}

    def loss(p, x):
        return ((x @ p["w"] + p["b"][0])[:, p["table"]] ** 2).sum()

    found = cr.grad(loss)(params, np.ones((4, 2)))
    assert set(found) == set(params)
    assert found["table"] is None
    assert found["b"][1] is None
    np.testing.assert_allclose(found["b"][0], np.full(3, 16.0))


def test_a_gradient_with_respect_to_integers_is_refused():
    with pytest.raises(GradientError, match=r"with respect to n, which is int64\[3\]"):
        cr.grad(lambda x, n: (x * n).sum(), argnums=1)(np.ones(3), np.arange(3))


def test_a_gradient_of_a_vector_is_refused_with_the_way_out():
    with pytest.raises(GradientError, match=r"returns float64\[3\]") as caught:
        cr.grad(lambda x: x * 2)(np.ones(3))
    assert "cr.vjp" in str(caught.value)


def test_argnums_out_of_range_is_refused():
    with pytest.raises(ArgumentError, match="argnums asks for argument 2"):
        cr.grad(lambda x: x * x, argnums=2)(1.0)


def test_negative_argnums_count_from_the_end():
    assert cr.grad(lambda x, y: x * y, argnums=-1)(3.0, 4.0) == 3.0


def test_unused_arguments_have_zero_gradients():
    dx, dy = cr.grad(lambda x, y: (x * x).sum(), argnums=(0, 1))(np.ones(2), np.ones((2, 2)))
    np.testing.assert_array_equal(dy, np.zeros((2, 2)))
    np.testing.assert_array_equal(dx, [2.0, 2.0])


def test_aux_passes_through_any_structure():
    def loss(x):
        return (x * x).sum(), {"twice": x * 2, "count": 3}

    (value, aux), found = cr.value_and_grad(loss, has_aux=True)(np.array([1.0, 2.0]))
    assert value == 5.0
    np.testing.assert_array_equal(aux["twice"], [2.0, 4.0])
    assert aux["count"] == 3
    np.testing.assert_array_equal(found, [2.0, 4.0])


def test_vjp_takes_cotangents_in_the_structure_of_the_value():
    def f(x, y):
        return {"product": x * y, "sum": x + y}

    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    value, pullback = cr.vjp(f, x, y)
    np.testing.assert_array_equal(value["product"], x * y)
    dx, dy = pullback({"product": np.array([1.0, 0.0]), "sum": np.array([0.0, 1.0])})
    np.testing.assert_array_equal(dx, [3.0, 1.0])
    np.testing.assert_array_equal(dy, [1.0, 1.0])


def test_vjp_refuses_a_cotangent_of_another_shape():
    _, pullback = cr.vjp(lambda x: x * 2, np.ones(3))
    with pytest.raises(ShapeError, match=r"the cotangent has the shape \(2,\), its value \(3,\)"):
        pullback(np.ones(2))


def test_jvp_gives_none_for_integer_results():
    (value, index), (tangent, none) = cr.jvp(
        lambda x: (x * x, np.argmax(x)), (np.array([1.0, 3.0]),), (np.array([1.0, 0.0]),)
    )
    assert index == 1
    assert none is None
    np.testing.assert_array_equal(tangent, [2.0, 0.0])
    np.testing.assert_array_equal(value, [1.0, 9.0])


def test_jvp_and_vjp_are_transposes():
    rng = np.random.default_rng(3)
    w, x = rng.normal(size=(4, 5)), rng.normal(size=(3, 4))

    def f(x, w):
        return np.tanh(x @ w) / (1 + (x**2).sum(axis=1, keepdims=True))

    dx, dw, ct = rng.normal(size=x.shape), rng.normal(size=w.shape), rng.normal(size=(3, 5))
    _, pushed = cr.jvp(f, (x, w), (dx, dw))
    _, pullback = cr.vjp(f, x, w)
    px, pw = pullback(ct)
    assert (pushed * ct).sum() == pytest.approx((px * dx).sum() + (pw * dw).sum(), rel=1e-12)


def test_stop_gradient_is_a_constant():
    assert cr.grad(lambda x: x * cr.stop_gradient(x))(3.0) == 3.0
    assert cr.jvp(lambda x: x * cr.stop_gradient(x), (3.0,), (1.0,))[1] == 3.0


def test_float32_gradients_stay_float32():
    found = cr.grad(lambda x: (0.5 * x * x).mean())(np.ones(4, np.float32))
    assert found.dtype == np.float32


def test_a_gradient_inside_a_trace_is_a_transform_unit():
    graph = cr.trace(cr.grad(lambda x: (x * x).sum()))(cr.ShapeDtype(3, "float32"))
    assert [unit.op.name for unit in graph.units].count("vjp") == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_masked_branches_have_finite_gradients(dtype):
    x = np.array([-1.0, 0.0, 0.5, 2.0], dtype)

    def f(x):
        return np.where(x > 0, np.sqrt(x) * np.log(x), 0.0).sum()

    positive = x[2:].astype(np.float64)
    expected = np.log(positive) / (2 * np.sqrt(positive)) + 1 / np.sqrt(positive)
    found = cr.grad(f)(x)
    np.testing.assert_array_equal(found[:2], [0.0, 0.0])
    np.testing.assert_allclose(found[2:], expected, rtol=1e-6 if dtype is np.float32 else 1e-12)


def test_derivatives_own_their_memory():
    x, c = np.ones(3), np.arange(3.0)
    dx, dy = cr.grad(lambda x, y: (x + y).sum() + (x * c).sum(), argnums=(0, 1))(x, x)
    dx += 1.0
    dy *= 2.0
    np.testing.assert_array_equal(dx, [2.0, 3.0, 4.0])
    np.testing.assert_array_equal(dy, [2.0, 2.0, 2.0])
    seed = np.ones(3)
    value, pullback = cr.vjp(lambda x: x, x)
    (found,) = pullback(seed)
    found += 1.0
    value += 1.0
    np.testing.assert_array_equal(seed, x)


def test_a_cotangent_or_tangent_of_another_structure_is_refused():
    _, pullback = cr.vjp(lambda x: (x, x), np.ones(3))
    with pytest.raises(ArgumentError, match="the cotangent has the structure"):
        pullback(np.ones(3))
    with pytest.raises(ArgumentError, match="the tangent has the structure"):
        cr.jvp(lambda x: x, (np.ones(3),), np.ones(3))


def test_an_exponential_that_overflows_under_a_mask_has_finite_gradients():
    x = np.array([1.0, 1000.0])
    found = cr.grad(lambda x: np.where(x < 50, np.exp(x), x).sum())(x)
    np.testing.assert_allclose(found, [np.e, 1.0], rtol=1e-15)


def test_an_argument_that_is_no_array_is_named():
    with pytest.raises(ArgumentError, match="the argument mode is a str"):
        cr.grad(lambda x, mode: x)(1.0, "train")
