"""Distributions against SciPy's, their divergences against quadrature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

import chainrule as cr
from chainrule.frontend.distributions import (
    Bernoulli,
    Categorical,
    Exponential,
    Laplace,
    Normal,
    Uniform,
)

X = np.array([-1.5, -0.2, 0.0, 0.4, 1.0, 3.0])
CONTINUOUS: list[tuple[Any, Any]] = [
    (Normal(0.3, 1.7), scipy.stats.norm(0.3, 1.7)),
    (Laplace(-0.2, 0.8), scipy.stats.laplace(-0.2, 0.8)),
    (Exponential(1.6), scipy.stats.expon(scale=1 / 1.6)),
    (Uniform(-0.5, 2.0), scipy.stats.uniform(-0.5, 2.5)),
]
NAMES = [type(ours).__name__ for ours, _ in CONTINUOUS]


@pytest.mark.parametrize(("ours", "theirs"), CONTINUOUS, ids=NAMES)
def test_densities_moments_and_entropy_are_scipys(ours: Any, theirs: Any) -> None:
    for found in (ours.log_prob(X), cr.compile(lambda d, x: d.log_prob(x))(ours, X)):
        np.testing.assert_allclose(found, theirs.logpdf(X), rtol=1e-13)
    np.testing.assert_allclose(ours.mean, theirs.mean(), rtol=1e-14)
    np.testing.assert_allclose(ours.variance, theirs.var(), rtol=1e-14)
    np.testing.assert_allclose(ours.entropy(), theirs.entropy(), rtol=1e-13)


PAIRS: list[tuple[Any, Any, tuple[float, float]]] = [
    (Normal(0.3, 1.7), Normal(-1.0, 0.9), (-20, 20)),
    (Laplace(-0.2, 0.8), Laplace(0.5, 1.3), (-30, 30)),
    (Exponential(1.6), Exponential(0.4), (0, 30)),
    (Uniform(0.0, 1.0), Uniform(-0.5, 2.0), (0, 1)),
]


@pytest.mark.parametrize(("p", "q", "limits"), PAIRS, ids=NAMES)
def test_divergences_are_integrals(p: Any, q: Any, limits: tuple[float, float]) -> None:
    def integrand(x: float) -> float:
        return float(np.exp(p.log_prob(x)) * (p.log_prob(x) - q.log_prob(x)))

    wanted = scipy.integrate.quad(integrand, *limits, points=[-0.2, 0.5], limit=200)[0]
    np.testing.assert_allclose(p.kl(q), wanted, rtol=1e-7)
    np.testing.assert_allclose(p.kl(p), 0, atol=1e-15)


def test_outside_of_a_uniform_one_the_divergence_is_infinite() -> None:
    assert np.isinf(Uniform(0.0, 2.0).kl(Uniform(0.0, 1.0)))


@pytest.mark.parametrize("logits", [-800.0, -2.0, 0.0, 0.7, 800.0])
def test_bernoulli(logits: float) -> None:
    ours, p = Bernoulli(logits), scipy.special.expit(logits)
    np.testing.assert_allclose(ours.log_prob(1.0), scipy.special.log_expit(logits), rtol=1e-14)
    np.testing.assert_allclose(ours.log_prob(0.0), scipy.special.log_expit(-logits), rtol=1e-14)
    np.testing.assert_allclose(ours.mean, p, rtol=1e-14)
    np.testing.assert_allclose(ours.variance, p * scipy.special.expit(-logits), rtol=1e-14)
    np.testing.assert_allclose(ours.entropy(), scipy.stats.bernoulli(p).entropy(), atol=1e-14)
    other = scipy.special.expit(0.3)
    wanted = scipy.special.rel_entr([p, 1 - p], [other, 1 - other]).sum()
    np.testing.assert_allclose(ours.kl(Bernoulli(0.3)), wanted, rtol=1e-12)


def test_categorical() -> None:
    rng = np.random.default_rng(0)
    z, y, labels = rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), rng.integers(0, 4, 5)
    p, q = (scipy.special.softmax(each, axis=1) for each in (z, y))
    ours = Categorical(z)
    np.testing.assert_allclose(ours.probs, p, rtol=1e-14)
    np.testing.assert_allclose(ours.log_prob(labels), np.log(p[np.arange(5), labels]), rtol=1e-13)
    np.testing.assert_allclose(ours.entropy(), scipy.stats.entropy(p, axis=1), rtol=1e-13)
    wanted = scipy.special.rel_entr(p, q).sum(axis=1)
    np.testing.assert_allclose(ours.kl(Categorical(y)), wanted, rtol=1e-12)


def test_likelihoods_have_gradients() -> None:
    def likelihood(loc: Any, scale: Any) -> Any:
        return Normal(loc, scale).log_prob(X).sum()

    loc, scale = cr.grad(likelihood, argnums=(0, 1))(0.3, 1.7)
    np.testing.assert_allclose(loc, ((X - 0.3) / 1.7**2).sum(), rtol=1e-12)
    np.testing.assert_allclose(scale, ((X - 0.3) ** 2 / 1.7**3 - 1 / 1.7).sum(), rtol=1e-12)
