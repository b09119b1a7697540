"""Losses, risks, likelihoods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special
import sklearn.metrics
from theory import DTYPES, both, central_gradient, within

import chainrule as cr
from chainrule import losses, ops
from chainrule.frontend.models import GLM, Risk

rng = np.random.default_rng(0)


def one_hot(labels: np.ndarray, count: int) -> np.ndarray:
    return np.eye(count)[labels]


# loss-01


@pytest.mark.parametrize("dtype", DTYPES)
def test_loss_01_both_conventions(dtype: str) -> None:
    y, target = (rng.normal(size=(4, 3)).astype(dtype) for _ in range(2))
    difference = y.astype("float64") - target
    limit = 1e-14 if dtype == "float64" else 1e-6
    for factor, loss in ((1, losses.squared_error), (2, losses.half_squared_error)):
        for found in both(loss, y, target):
            assert found.dtype == dtype
            within(found, difference**2 / factor, limit)
        for found in both(cr.grad(lambda y, t, f=loss: f(y, t).sum()), y, target):
            within(found, 2 * difference / factor, limit)
        slope = cr.grad(lambda y, f=loss: f(y, target).sum())
        for found in both(lambda y, v, f=slope: cr.jvp(f, (y,), (v,))[1], y, target):
            within(found, 2 * target / factor, limit)  # the Hessian is 2 I, or I


# loss-02


def test_loss_02_the_error_rate_is_scikit_learns() -> None:
    labels, scores = rng.integers(0, 4, 50), rng.normal(size=(50, 4))
    guesses = scores.argmax(axis=1)
    wanted = sklearn.metrics.zero_one_loss(labels, guesses)
    for found in both(ops.zero_one_error, labels, guesses):
        within(np.mean(found), wanted, 1e-15)
        np.testing.assert_array_equal(found == 0, labels == guesses)
    for found in both(ops.zero_one_error, labels, scores):
        within(np.mean(found), wanted, 1e-15)


def test_loss_02_its_gradient_is_zero() -> None:
    labels, scores = rng.integers(0, 4, 5), rng.normal(size=(5, 4))
    for found in both(cr.grad(lambda z: ops.zero_one_error(labels, z).mean()), scores):
        np.testing.assert_array_equal(found, np.zeros((5, 4)))


# loss-03


def test_loss_03_chunks_do_not_change_the_risk() -> None:
    risk = Risk(lambda w, x: x @ w, losses.half_squared_error)
    x, w, y = rng.normal(size=(50, 3)), rng.normal(size=3), rng.normal(size=50)
    wanted = np.square(x @ w - y).mean() / 2
    for batch in (None, 1, 7, 50, 99):
        within(risk.empirical(w, x, y, batch), wanted, 1e-12)
    slope = cr.grad(lambda w: risk.empirical(w, x, y, 7))
    for found in both(slope, w):
        within(found, x.T @ (x @ w - y) / 50, 1e-12)
    with pytest.raises(cr.ArgumentError, match="wanted at least 1"):
        risk.empirical(w, x[:0], y[:0])


def test_loss_03_the_minimiser_of_a_linear_model_is_least_squares() -> None:
    risk = Risk(lambda w, x: x @ w, losses.half_squared_error)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    found = risk.minimise(np.zeros(3), x, y, cr.optim.sgd(0.5), 200)
    within(found, np.linalg.lstsq(x, y, rcond=None)[0], 1e-8)


def test_loss_03_empirical_risks_estimate_the_expected_one() -> None:
    """For x and noise normal, the half squared error of w is (|w - w*|^2 + s^2) / 2 on average."""
    truth, w, noise = np.array([1.0, -2.0]), np.array([0.5, -1.0]), 0.3
    risk = Risk(lambda w, x: x @ w, losses.half_squared_error)

    def sampler(rng: np.random.Generator, count: int) -> Any:
        x = rng.normal(size=(count, 2))
        return x, x @ truth + noise * rng.normal(size=count)

    value, error = risk.monte_carlo(w, sampler, 20_000, seed=0)
    wanted = (np.sum((w - truth) ** 2) + noise**2) / 2
    assert abs(value - wanted) <= 4 * error
    assert risk.monte_carlo(w, sampler, 20_000, seed=0) == (value, error)
    _, wide = risk.monte_carlo(w, sampler, 200, seed=0)
    np.testing.assert_allclose(wide / error, 10, rtol=0.25)  # the root of a hundred times more


# loss-04


@pytest.mark.parametrize("link", ["identity", "logit", "log"])
def test_loss_04_the_gradient_of_a_canonical_link(link: str) -> None:
    x, w = rng.normal(size=(20, 3)) / 2, rng.normal(size=3)
    y = rng.integers(0, 2, 20).astype(float)
    for found in both(cr.grad(lambda m: m.loss(x, y).sum()), GLM(w, np.float64(0.2), link)):
        mean = {
            "identity": x @ w + 0.2,
            "logit": scipy.special.expit(x @ w + 0.2),
            "log": np.exp(x @ w + 0.2),
        }[link]
        within(found.weight, (mean - y) @ x, 1e-12)
        within(found.bias, (mean - y).sum(), 1e-12)


def test_loss_04_gaussian_targets_are_least_squares() -> None:
    x, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    found = GLM.fit(x, y, "identity")
    wanted = np.linalg.lstsq(np.hstack([x, np.ones((40, 1))]), y, rcond=None)[0]
    within(np.append(found.weight, found.bias), wanted, 1e-10)


def test_loss_04_bernoulli_and_categorical_ones_are_scikit_learns() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    x = rng.normal(size=(300, 3))
    y = (rng.uniform(size=300) < scipy.special.expit(x @ [1.0, -1.0, 0.5])).astype(int)
    sure = linear.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y)
    found = GLM.fit(x, y, "logit")
    np.testing.assert_allclose(found.weight, sure.coef_[0], rtol=1e-4)
    np.testing.assert_allclose(found.bias, sure.intercept_[0], rtol=1e-3, atol=1e-5)
    labels = rng.integers(0, 3, 300)
    several = linear.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, labels)
    model = GLM.fit(x, labels, "softmax")
    np.testing.assert_allclose(model(x), several.predict_proba(x), atol=1e-5)


def test_loss_04_poisson_targets_have_a_gradient_of_zero() -> None:
    x = rng.normal(size=(200, 2))
    y = rng.poisson(np.exp(x @ [0.3, -0.2] + 0.5)).astype(float)
    model = GLM.fit(x, y, "log")
    rest = np.exp(x @ model.weight + model.bias) - y
    assert np.abs(rest @ x).max() <= 1e-8
    assert abs(rest.sum()) <= 1e-8
    with pytest.raises(cr.ArgumentError, match="the link is 'probit'"):
        GLM.fit(x, y, "probit")


# loss-05


def test_loss_05_it_is_the_negative_logarithm_of_a_product() -> None:
    x, w = rng.normal(size=(20, 3)), rng.normal(size=3)
    y = rng.integers(0, 2, 20).astype(float)
    p = scipy.special.expit(x @ w)
    wanted = -np.log(np.prod(p**y * (1 - p) ** (1 - y)))
    for found in both(lambda w: ops.logistic_loss(x @ w, y).sum(), w):
        within(found, wanted, 1e-12)
    within(ops.softplus((1 - 2 * y) * (x @ w)).sum(), wanted, 1e-12)
    many = np.full(2000, 0.5)
    assert np.prod(many) == 0  # which is why it is taken in logarithms
    within(ops.logistic_loss(np.zeros(2000), np.ones(2000)).sum(), 2000 * np.log(2), 1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
def test_loss_05_it_is_scipys_and_finite(dtype: str) -> None:
    z = np.array([-1e4, -30.0, -1.0, 0.0, 2.0, 30.0, 1e4], dtype)
    for y in (0.0, 1.0, 0.25):
        wanted = -(y * scipy.special.log_expit(z.astype("float64"))) - (
            1 - y
        ) * scipy.special.log_expit(-z.astype("float64"))
        for found in both(lambda z, y=y: ops.logistic_loss(z, np.asarray(y, z.dtype)), z):
            assert np.isfinite(found).all()
            np.testing.assert_allclose(found, wanted, rtol=1e-14 if dtype == "float64" else 1e-6)


def test_loss_05_its_derivatives() -> None:
    z, y, v = rng.normal(size=8), rng.uniform(size=8), rng.normal(size=8)
    s = scipy.special.expit(z)
    slope = cr.grad(lambda z: ops.logistic_loss(z, y).sum())
    for found in both(slope, z):
        within(found, s - y, 1e-14)
    for found in both(lambda z, v: cr.jvp(slope, (z,), (v,))[1], z, v):
        within(found, s * (1 - s) * v, 1e-13)


# loss-06


@pytest.mark.parametrize("dtype", DTYPES)
def test_loss_06_three_forms_agree(dtype: str) -> None:
    z, labels = (3 * rng.normal(size=(6, 4))).astype(dtype), rng.integers(0, 4, 6)
    wide, own = z.astype("float64"), one_hot(labels, 4)
    picked = (wide * own).sum(axis=1)
    wanted = scipy.special.logsumexp(wide, axis=1) - picked
    others = np.where(own == 1, -np.inf, wide - picked[:, None])
    limit = 1e-13 if dtype == "float64" else 1e-6
    within(np.log1p(np.exp(others).sum(axis=1)), wanted, 1e-13)
    for found in both(ops.cross_entropy, z, labels):
        within(found, wanted, limit)
    for found in both(ops.soft_cross_entropy, z, own.astype(dtype)):
        within(found, wanted, limit)


def test_loss_06_of_two_classes_it_is_the_logistic_loss() -> None:
    z, labels = rng.normal(size=(9, 2)), rng.integers(0, 2, 9)
    within(ops.cross_entropy(z, labels), ops.logistic_loss(z[:, 1] - z[:, 0], labels), 1e-13)


def test_loss_06_it_equals_torch() -> None:
    torch = pytest.importorskip("torch")
    z, labels = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    wanted = torch.nn.functional.cross_entropy(
        torch.from_numpy(z), torch.from_numpy(labels), reduction="none"
    )
    within(ops.cross_entropy(z, labels), wanted.numpy(), 1e-14)


def test_loss_06_targets_that_do_not_sum_to_one_weight_their_example() -> None:
    z, y = rng.normal(size=(5, 3)), rng.uniform(size=(5, 3))

    def loss(z: Any) -> Any:
        return ops.soft_cross_entropy(z, y).sum()

    wanted = scipy.special.softmax(z, axis=1) * y.sum(axis=1, keepdims=True) - y
    for found in both(cr.grad(loss), z):
        within(found, wanted, 1e-13)
    within(cr.grad(loss)(z), central_gradient(loss, z), 1e-6)


# loss-07


def naive(z: Any, y: Any) -> Any:
    powers = np.exp(z)
    return -(y * np.log(powers / powers.sum(axis=-1, keepdims=True))).sum()


def test_loss_07_the_gradient_is_softmax_less_one_hot() -> None:
    z, labels = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    own = one_hot(labels, 4)
    wanted = scipy.special.softmax(z, axis=1) - own
    for found in both(cr.grad(lambda z: ops.cross_entropy(z, labels).sum()), z):
        within(found, wanted, 1e-12)
        np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-15)
    for found in both(cr.grad(lambda z: naive(z, own)), z):
        within(found, wanted, 1e-12)


def test_loss_07_it_stays_finite_where_the_naive_graph_does_not() -> None:
    z, labels = np.array([[1e4, 0.0, -1e4]]), np.array([1])
    with np.errstate(all="ignore"):
        assert not np.isfinite(cr.grad(lambda z: naive(z, one_hot(labels, 3)))(z)).all()
    for found in both(cr.grad(lambda z: ops.cross_entropy(z, labels).sum()), z):
        np.testing.assert_allclose(found, [[1.0, -1.0, 0.0]], atol=1e-300)


def test_loss_07_second_order() -> None:
    z, labels, v = rng.normal(size=4), np.array(2), rng.normal(size=4)
    p = scipy.special.softmax(z)
    slope = cr.grad(lambda z: ops.cross_entropy(z, labels))
    for found in both(lambda z, v: cr.jvp(slope, (z,), (v,))[1], z, v):
        within(found, (np.diag(p) - np.outer(p, p)) @ v, 1e-13)
