"""Embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special
from theory import DTYPES, both, within

import chainrule as cr
from chainrule import ops
from chainrule.frontend.models import SkipGram, cooccurrence_pairs

rng = np.random.default_rng(0)


def counts_of(pairs: np.ndarray, words: int) -> np.ndarray:
    """How often each neighbour (column) meets each word (row)."""
    counts = np.zeros((words, words))
    np.add.at(counts, (pairs[:, 0], pairs[:, 1]), 1)
    return counts


# nlp-01


@pytest.mark.parametrize("dtype", DTYPES)
def test_nlp_01_it_is_the_logarithm_of_a_ratio(dtype: str) -> None:
    counts = rng.integers(1, 9, (4, 6)).astype(dtype)
    p = counts.astype("float64") / counts.sum()
    wanted = np.log(p / np.outer(p.sum(axis=1), p.sum(axis=0)))
    for found in both(ops.pmi, counts):
        within(found, wanted, 1e-14 if dtype == "float64" else 2e-6)


def test_nlp_01_independence_symmetry_and_the_mean() -> None:
    apart = np.outer(rng.uniform(1, 2, 4), rng.uniform(1, 2, 5))
    np.testing.assert_allclose(ops.pmi(apart), 0, atol=1e-15)
    half = rng.integers(1, 9, (5, 5)).astype(float)
    within(ops.pmi(half + half.T), ops.pmi(half + half.T).T, 1e-15)
    joint = half / half.sum()
    mean = (joint * ops.pmi(half)).sum()
    within(mean, ops.mutual_information(joint), 1e-12)
    assert mean >= 0


def test_nlp_01_what_never_meets_is_infinitely_apart() -> None:
    counts = np.array([[0.0, 2.0], [3.0, 1.0]])
    assert ops.pmi(counts)[0, 0] == -np.inf
    assert np.isfinite(ops.pmi(counts, smoothing=0.5)).all()
    assert ops.maximum(ops.pmi(counts), 0.0).min() == 0


# nlp-02


@pytest.mark.parametrize(("length", "radius"), [(5, 1), (9, 3), (20, 19)])
def test_nlp_02_how_many_pairs_there_are(length: int, radius: int) -> None:
    text = np.arange(length)
    pairs = cooccurrence_pairs(text, radius)
    assert len(pairs) == 2 * (radius * length - radius * (radius + 1) // 2)
    wanted = {(i, j) for i in text for j in text if 1 <= abs(i - j) <= radius}
    assert {(int(i), int(j)) for i, j in pairs} == wanted
    with pytest.raises(cr.ArgumentError, match="less than the text's length"):
        cooccurrence_pairs(text, length)


def test_nlp_02_the_optimum_is_the_empirical_conditional() -> None:
    """With as many dimensions as words every table of logits can be had."""
    pairs = cooccurrence_pairs(rng.integers(0, 5, 400), 2)
    counts = counts_of(pairs, 5)
    given = np.log(counts / counts.sum(axis=1, keepdims=True))
    best = SkipGram(given, np.eye(5))
    slopes = cr.grad(lambda model: model.softmax_loss(pairs).sum())(best)
    assert np.abs(slopes.inner).max() <= 1e-10
    least = best.softmax_loss(pairs).sum()
    for _ in range(5):
        other = SkipGram(given + rng.normal(size=(5, 5)) / 10, np.eye(5))
        assert other.softmax_loss(pairs).sum() > least


def test_nlp_02_its_gradient_is_one_less_the_probability() -> None:
    model = SkipGram(rng.normal(size=(6, 3)), rng.normal(size=(6, 3)))
    pairs = cooccurrence_pairs(rng.integers(0, 6, 30), 2)
    p = scipy.special.softmax(model.inner @ model.outer.T, axis=1)[pairs[:, 0]]
    wanted = np.zeros((6, 3))
    for (word, neighbour), shares in zip(pairs, p, strict=True):
        wanted += np.outer(np.eye(6)[neighbour] - shares, model.inner[word])
    for found in both(cr.grad(lambda m: -m.softmax_loss(pairs).sum()), model):
        within(found.outer, wanted, 1e-12)

    def relative(model: Any) -> Any:  # log p(v|w) / p(v): the unigram term has no gradient
        unigram = counts_of(pairs, 6).sum(axis=0) / len(pairs)
        return (-model.softmax_loss(pairs) - np.log(unigram)[pairs[:, 1]]).sum()

    within(cr.grad(relative)(model).outer, wanted, 1e-12)


# nlp-03


@pytest.mark.parametrize("k", [1, 5])
def test_nlp_03_the_optimum_is_pmi_less_log_k(k: int) -> None:
    pairs = cooccurrence_pairs(rng.integers(0, 5, 600), 2)
    counts = counts_of(pairs, 5)
    noise = counts.sum(axis=0) / counts.sum()
    best = SkipGram(np.asarray(ops.pmi(counts)) - np.log(k), np.eye(5))

    def loss(model: Any) -> Any:
        return model.expected_loss(pairs, noise, k).sum()

    for found in both(cr.grad(loss), best):
        assert np.abs(found.inner).max() <= 1e-9
    assert loss(SkipGram(best.inner + 0.1, np.eye(5))) > loss(best)


def test_nlp_03_samples_estimate_the_expectation() -> None:
    model = SkipGram(rng.normal(size=(6, 3)), rng.normal(size=(6, 3)))
    noise, draws = rng.dirichlet(np.ones(6)), 4000
    pair = np.array([[2, 4]])
    negatives = rng.choice(6, (draws, 3), p=noise)
    found = model.negative_loss(np.repeat(pair, draws, axis=0), negatives)
    error = found.std() / np.sqrt(draws)
    exact = float(model.expected_loss(pair, noise, 3)[0])
    assert abs(found.mean() - exact) <= 4 * error


def test_nlp_03_gradients_are_sparse_and_right() -> None:
    model = SkipGram(rng.normal(size=(50, 4)), rng.normal(size=(50, 4)))
    pairs, negatives = np.array([[3, 7], [3, 9]]), np.array([[1, 7], [2, 2]])

    @cr.compile(donate_argnames="model")
    def step(model: Any, pairs: Any, negatives: Any) -> Any:
        slopes = cr.grad(lambda m: m.negative_loss(pairs, negatives).sum())(model)
        return SkipGram(model.inner - 0.1 * slopes.inner, model.outer - 0.1 * slopes.outer)

    assert "row-sparse update" in step.program(model, pairs, negatives).explain()
    wanted_inner, wanted_outer = model.inner.copy(), model.outer.copy()
    for (word, own), others in zip(pairs, negatives, strict=True):
        z = model.inner[word]
        for v, sign in ((own, 1), *((other, -1) for other in others)):
            slope = -sign * scipy.special.expit(-sign * (model.outer[v] @ z))
            wanted_outer[v] -= 0.1 * slope * z
            wanted_inner[word] -= 0.1 * slope * model.outer[v]
    after = step(SkipGram(model.inner.copy(), model.outer.copy()), pairs, negatives)
    within(after.inner, wanted_inner, 1e-12)
    within(after.outer, wanted_outer, 1e-12)
