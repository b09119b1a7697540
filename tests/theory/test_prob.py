"""Probability and information."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.special
import scipy.stats
import sklearn.metrics
from theory import DTYPES, both, central_gradient, within

import chainrule as cr
from chainrule import ops

rng = np.random.default_rng(0)


def distributions(*shape: int) -> np.ndarray:
    return rng.dirichlet(np.ones(shape[-1]), shape[:-1])


def table(rows: int, columns: int) -> np.ndarray:
    return rng.dirichlet(np.ones(rows * columns)).reshape(rows, columns)


# prob-01


def test_prob_01_bayes_product_and_sum_rule() -> None:
    joint = table(4, 3)  # p(x, z)
    prior, likelihood = joint.sum(axis=0), joint / joint.sum(axis=0)
    for posterior in both(ops.bayes, prior, likelihood):
        within(posterior, joint / joint.sum(axis=1, keepdims=True), 1e-14)
        within(posterior.sum(axis=1), np.ones(4), 1e-15)
        within(posterior * joint.sum(axis=1, keepdims=True), joint, 1e-14)


def test_prob_01_logarithms_reach_where_probabilities_vanish() -> None:
    prior = np.array([0.5, 0.5])
    tiny = np.log([[1.0, 3.0]]) - 800  # e^-800 is 0 in float64
    with np.errstate(invalid="ignore"):
        assert np.isnan(ops.bayes(prior, np.exp(tiny))).all()
    for found in both(ops.log_bayes, np.log(prior), tiny):
        within(np.exp(found), [[0.25, 0.75]], 1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_prob_01_the_stable_variance_wins_far_from_zero(dtype: str) -> None:
    x = rng.normal(size=1000) + 1e8
    assert abs((x * x).mean() - x.mean() ** 2 - x.var()) > 0.1  # E X^2 - (E X)^2 cancels
    for found in both(lambda x: (np.mean(x), np.var(x)), x):
        within(found[0], x.mean(), 1e-14)
        within(found[1], np.var(x), 1e-9)
    near = rng.normal(size=1000).astype(dtype)
    exact = near.astype("float64")
    for found in both(lambda x: (np.mean(x * x) - np.mean(x) ** 2, np.var(x)), near):
        within(found[0], exact.var(), 1e-13 if dtype == "float64" else 1e-5)
        within(found[1], exact.var(), 1e-13 if dtype == "float64" else 1e-5)


# prob-02


@pytest.mark.parametrize("base", [np.e, 2.0, 10.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_prob_02_entropy_is_scipys(dtype: str, base: float) -> None:
    p = distributions(6, 5).astype(dtype)
    wanted = scipy.stats.entropy(p.astype("float64"), base=base, axis=-1)
    for found in both(lambda p: ops.entropy(p, base=base), p):
        within(found, wanted, 1e-14 if dtype == "float64" else 1e-6)


def test_prob_02_its_extremes() -> None:
    within(ops.entropy(np.full(8, 1 / 8)), np.log(8), 1e-15)
    within(ops.entropy(np.full(8, 1 / 8), base=2), 3.0, 1e-15)
    for sure in np.eye(4):
        np.testing.assert_array_equal(ops.entropy(sure), 0.0)
    for p in distributions(50, 4):
        assert 0 <= float(ops.entropy(p)) <= np.log(4) + 1e-15


def test_prob_02_its_gradient() -> None:
    p = distributions(5)
    for found in both(cr.grad(ops.entropy), p):
        within(found, -(np.log(p) + 1), 1e-14)
    assert np.isinf(cr.grad(ops.entropy)(np.array([0.0, 1.0]))[0])


# prob-03


def test_prob_03_the_chain_rule_of_entropies() -> None:
    joint = table(3, 4)
    whole = scipy.stats.entropy(joint.ravel())
    for axis in (0, 1):
        known = scipy.stats.entropy(joint.sum(axis=1 - axis))
        for found in both(lambda p, axis=axis: ops.conditional_entropy(p, given=axis), joint):
            within(found, whole - known, 1e-13)
    within(ops.entropy(joint, axis=(0, 1)), whole, 1e-14)


def test_prob_03_its_extremes() -> None:
    function = np.eye(4)[rng.permutation(4)] / 4
    assert abs(float(ops.conditional_entropy(function, given=0))) <= 1e-15
    x, y = distributions(3), distributions(4)
    apart = np.outer(x, y)
    within(ops.conditional_entropy(apart, given=0), scipy.stats.entropy(y), 1e-13)
    for _ in range(30):  # knowing never hurts
        joint = table(3, 4)
        free = scipy.stats.entropy(joint.sum(axis=0))
        assert float(ops.conditional_entropy(joint, given=0)) <= free + 1e-14


# prob-04


def test_prob_04_mutual_information_in_its_forms() -> None:
    for _ in range(10):
        joint = table(3, 4)
        x, y = joint.sum(axis=1), joint.sum(axis=0)
        hx, hy = scipy.stats.entropy(x), scipy.stats.entropy(y)
        wanted = scipy.special.rel_entr(joint, np.outer(x, y)).sum()
        for found in both(ops.mutual_information, joint):
            within(found, wanted, 1e-12)
        within(hx - ops.conditional_entropy(joint, given=1), wanted, 1e-12)
        within(hy - ops.conditional_entropy(joint, given=0), wanted, 1e-12)
        within(ops.mutual_information(joint.T), wanted, 1e-12)
        assert wanted >= 0
    apart = np.outer(distributions(3), distributions(4))
    assert abs(float(ops.mutual_information(apart))) <= 1e-15


def test_prob_04_bayes_rule_for_entropies() -> None:
    joint = table(5, 3)
    hx, hy = (scipy.stats.entropy(joint.sum(axis=axis)) for axis in (1, 0))
    one = ops.conditional_entropy(joint, given=0)
    within(one, ops.conditional_entropy(joint, given=1) - hx + hy, 1e-12)


# prob-05


def test_prob_05_cross_entropy_is_entropy_and_divergence() -> None:
    p, q = distributions(6, 5), distributions(6, 5)
    for found in both(ops.cross_entropy_probs, p, q):
        within(found, ops.entropy(p) + scipy.special.rel_entr(p, q).sum(axis=-1), 1e-12)
    assert np.isinf(ops.cross_entropy_probs(np.array([0.5, 0.5]), np.array([0.0, 1.0])))


def test_prob_05_it_is_least_at_the_distribution_itself() -> None:
    p = distributions(4)
    least = float(ops.cross_entropy_probs(p, p))
    assert all(float(ops.cross_entropy_probs(p, q)) > least for q in distributions(50, 4))
    slope = cr.grad(lambda q: ops.cross_entropy_probs(p, q))(p)
    within(slope, -np.ones(4), 1e-13)  # along the simplex it is flat


def test_prob_05_of_logits_it_is_the_classifiers_loss() -> None:
    z, labels = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    sure, q = np.eye(4)[labels], scipy.special.softmax(z, axis=-1)
    within(ops.cross_entropy_probs(sure, q), ops.cross_entropy(z, labels), 1e-12)


# prob-06


@pytest.mark.parametrize("soft", [False, True])
def test_prob_06_binary_cross_entropy_is_the_logistic_loss(soft: bool) -> None:
    z = rng.normal(size=50) * 3
    y = rng.uniform(size=50) if soft else rng.integers(0, 2, 50).astype(float)
    p = scipy.special.expit(z)
    for found in both(ops.binary_cross_entropy, y, p):
        within(found, ops.logistic_loss(z, y), 1e-12)
    if not soft:
        within(np.mean(ops.binary_cross_entropy(y, p)), sklearn.metrics.log_loss(y, p), 1e-12)


def test_prob_06_logits_stay_finite_where_probabilities_do_not() -> None:
    z, y = np.array([1e4, -1e4]), np.array([0.0, 1.0])
    with np.errstate(divide="ignore"):
        assert np.isinf(ops.binary_cross_entropy(y, scipy.special.expit(z))).all()
    np.testing.assert_array_equal(ops.logistic_loss(z, y), [1e4, 1e4])


def test_prob_06_the_gradient_of_a_logistic_model() -> None:
    x, w = rng.normal(size=(20, 3)), rng.normal(size=3)
    y = rng.integers(0, 2, 20).astype(float)

    def loss(w: Any) -> Any:
        return ops.binary_cross_entropy(y, ops.sigmoid(x @ w)).sum()

    for found in both(cr.grad(loss), w):
        within(found, (scipy.special.expit(x @ w) - y) @ x, 1e-12)
    within(cr.grad(loss)(w), central_gradient(loss, w), 1e-6)


# prob-07


@pytest.mark.parametrize("dtype", DTYPES)
def test_prob_07_divergence_is_scipys(dtype: str) -> None:
    p, q = distributions(6, 5).astype(dtype), distributions(6, 5).astype(dtype)
    wanted = scipy.special.rel_entr(p.astype("float64"), q.astype("float64")).sum(axis=-1)
    for found in both(ops.kl_divergence, p, q):
        within(found, wanted, 1e-12 if dtype == "float64" else 1e-5)


def test_prob_07_pinsker_and_zero_only_for_equals() -> None:
    for p, q in zip(distributions(50, 4), distributions(50, 4), strict=True):
        value, distance = float(ops.kl_divergence(p, q)), np.abs(p - q).sum() / 2
        assert value >= 2 * distance**2
        assert abs(float(ops.kl_divergence(p, p))) <= 1e-16
    one, other = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    assert abs(float(ops.kl_divergence(one, other) - ops.kl_divergence(other, one))) > 0.1
    assert np.isinf(ops.kl_divergence(one, np.array([1.0, 0.0])))
    within(ops.kl_divergence(np.array([1.0, 0.0]), one), np.log(2), 1e-15)


def test_prob_07_its_gradients() -> None:
    p, q = distributions(5), distributions(5)
    for found in both(cr.grad(ops.kl_divergence, argnums=(0, 1)), p, q):
        within(found[0], np.log(p / q) + 1, 1e-12)
        within(found[1], -p / q, 1e-12)


# prob-08


@pytest.mark.parametrize("base", [np.e, 2.0])
def test_prob_08_it_is_scipys_distance_squared(base: float) -> None:
    p, q = distributions(6, 5), distributions(6, 5)
    wanted = scipy.spatial.distance.jensenshannon(p, q, base=base, axis=-1) ** 2
    for found in both(lambda p, q: ops.js_divergence(p, q, base=base), p, q):
        within(found, wanted, 1e-12)
    within(ops.js_divergence(q, p, base=base), wanted, 1e-12)


def test_prob_08_disjoint_supports_are_log_two_apart() -> None:
    p, q = np.array([0.3, 0.7, 0.0, 0.0]), np.array([0.0, 0.0, 0.2, 0.8])
    within(ops.js_divergence(p, q), np.log(2), 1e-15)
    within(ops.js_divergence(p, q, base=2), 1.0, 1e-15)


def test_prob_08_its_root_is_a_metric() -> None:
    p, q, r = (distributions(100, 4) for _ in range(3))
    pq, qr, pr = (np.sqrt(ops.js_divergence(a, b)) for a, b in ((p, q), (q, r), (p, r)))
    assert (pr <= pq + qr + 1e-12).all()


def test_prob_08_its_gradient() -> None:
    p, q = distributions(5), distributions(5)
    for found in both(cr.grad(ops.js_divergence), p, q):
        within(found, np.log(p / ((p + q) / 2)) / 2, 1e-12)
