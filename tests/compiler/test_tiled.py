"""Products and kernels of rows done together by blocks: the same numbers, and little memory."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from native import plain

import chainrule as cr
from chainrule.compiler.dtypes import float32
from chainrule.compiler.kernel.grammar import Array, Body, Store
from chainrule.compiler.kernel.terms import Terms
from chainrule.compiler.native.arrays import nest
from chainrule.compiler.native.kernels import Nest
from chainrule.compiler.native.tiled import Space, member_of
from chainrule.compiler.scalar import Word


def softmax(scores: Any) -> Any:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def attention(q: Any, k: Any, v: Any) -> Any:
    return softmax(q @ np.swapaxes(k, -1, -2) / np.sqrt(np.float32(q.shape[-1]))) @ v


def loss(q: Any, k: Any, v: Any, weight: Any) -> Any:
    return np.sum(attention(q, k, v) * weight)


def inputs(batch: tuple[int, ...], rows: int, keys: int, width: int) -> list[np.ndarray]:
    rng = np.random.default_rng(rows)
    shapes = [(rows, width), (keys, width), (keys, width), (rows, width)]
    return [rng.standard_normal((*batch, *shape)).astype(np.float32) for shape in shapes]


def gradients(q: np.ndarray, k: np.ndarray, v: np.ndarray, weight: np.ndarray) -> list[np.ndarray]:
    """The cotangents of q, k and v by the formulas, in float64."""
    q, k, v, weight = (each.astype(np.float64) for each in (q, k, v, weight))
    scale = 1 / np.sqrt(q.shape[-1])
    share = softmax(q @ np.swapaxes(k, -1, -2) * scale)
    outer = weight @ np.swapaxes(v, -1, -2)
    scores = share * (outer - np.sum(outer * share, axis=-1, keepdims=True)) * scale
    turned = np.swapaxes(scores, -1, -2)
    return [scores @ k, turned @ q, np.swapaxes(share, -1, -2) @ weight]


def kinds(compiled: Any, *args: Any) -> list[str]:
    return [kernel.kind for kernel in compiled.program(*args).kernels]


CASES = [
    ((4, 2), 257, 257, 16),
    ((5,), 512, 391, 8),
    ((8,), 130, 1024, 16),
    ((6, 1), 301, 300, 33),
]


@pytest.mark.parametrize(("batch", "rows", "keys", "width"), CASES)
def test_attention_and_its_gradient(
    batch: tuple[int, ...], rows: int, keys: int, width: int
) -> None:
    args = inputs(batch, rows, keys, width)
    step = cr.compile(cr.grad(loss, argnums=(0, 1, 2)))
    assert "tiled" in kinds(step, *args)
    for found, wanted in zip(step(*args), gradients(*args), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=2e-5)


def test_the_bits_do_not_depend_on_threads() -> None:
    args = inputs((4, 2), 257, 300, 16)
    both = [
        cr.compile(cr.grad(loss, argnums=(0, 1, 2)), threads=threads)(*args) for threads in (1, 3)
    ]
    for one, other in zip(*both, strict=True):
        assert one.tobytes() == other.tobytes()


def test_memory_is_linear_in_the_length() -> None:
    step = cr.compile(cr.grad(loss, argnums=(0, 1, 2)), threads=1)
    lengths = (1024, 2048, 4096)
    sizes = [step.program(*inputs((4,), n, n, 8)).memory.arena_bytes for n in lengths]
    for one, twice in itertools.pairwise(sizes):
        assert twice < 2.1 * one
    assert sizes[-1] < 0.01 * 4 * 4096 * 4096 * 4, "a hundredth of the four matrices of scores"


def test_large_scores_and_whole_rows_of_minus_infinity() -> None:
    q, k, v, _ = inputs((8,), 256, 256, 16)
    mask = np.zeros((8, 256, 256), np.float32)
    mask[:, :, 100:] = -np.inf

    def masked(q: Any, k: Any, v: Any, mask: Any) -> Any:
        return softmax(1000 * (q @ np.swapaxes(k, -1, -2)) + mask) @ v

    compiled = cr.compile(masked)
    assert "tiled" in kinds(compiled, q, k, v, mask)
    exact = [each.astype(np.float64) for each in (q, k[:, :100], v[:, :100])]
    wanted = softmax(1000 * (exact[0] @ np.swapaxes(exact[1], -1, -2))) @ exact[2]
    np.testing.assert_allclose(compiled(q, k, v, mask), wanted, rtol=1e-2, atol=1e-2)


def test_scores_that_are_asked_for_lie_in_memory() -> None:
    q, k, v, _ = inputs((8,), 256, 256, 16)

    def both(q: Any, k: Any, v: Any) -> Any:
        share = softmax(q @ np.swapaxes(k, -1, -2))
        return share @ v, share

    out, share = cr.compile(both)(q, k, v)
    wanted = softmax(q.astype(np.float64) @ np.swapaxes(k, -1, -2))
    np.testing.assert_allclose(share, wanted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(out, wanted @ v, rtol=1e-4, atol=1e-5)


def test_second_order() -> None:
    q, k, v, weight = inputs((8,), 256, 256, 8)

    def slope(q: Any) -> Any:
        return np.sum(np.square(cr.grad(loss)(q, k, v, weight)))

    found = cr.compile(cr.grad(slope))(q)
    direction = np.random.default_rng(1).standard_normal(q.shape)
    step = 1e-4

    def exact(q: np.ndarray) -> float:
        return float(np.sum(np.square(gradients(q, k, v, weight)[0])))

    wanted = (exact(q + step * direction) - exact(q - step * direction)) / (2 * step)
    np.testing.assert_allclose(np.sum(found * direction), wanted, rtol=1e-3)


@pytest.mark.parametrize("batch", [256, 512, 1030])
def test_products_that_sum_much_are_not_done_by_blocks(batch: int) -> None:
    """Their results are read by kernels of rows in forward and backward, and lie in memory."""
    rng = np.random.default_rng(batch)
    x, w, v = (rng.standard_normal(shape) / 16 for shape in [(batch, 700), (700, 512), (512, 260)])

    def model(w: Any, v: Any) -> Any:
        return np.sum(np.square(softmax(softmax(x @ w) @ v)))

    def exact(w: np.ndarray, v: np.ndarray) -> list[np.ndarray]:
        first = softmax(x @ w)
        last = softmax(first @ v)
        above = last * (2 * last - np.sum(2 * last * last, axis=-1, keepdims=True))
        below = above @ v.T
        below = first * (below - np.sum(below * first, axis=-1, keepdims=True))
        return [x.T @ below, first.T @ above]

    step = cr.compile(cr.grad(model, argnums=(0, 1)))
    assert "tiled" not in kinds(step, w, v)
    for found, wanted in zip(step(w, v), exact(w, v), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9 * np.abs(wanted).max())


def test_a_sum_over_rows_is_whole_before_it_is_read() -> None:
    q, k, v, _ = inputs((8,), 256, 256, 256)

    def chained(q: Any, k: Any, v: Any) -> Any:
        return np.tanh(np.swapaxes(softmax(q @ np.swapaxes(k, -1, -2) / 10), -1, -2) @ v) @ v

    wanted = chained(*(each.astype(np.float64) for each in (q, k, v)))
    np.testing.assert_allclose(cr.compile(chained)(q, k, v), wanted, rtol=1e-3, atol=1e-3)


def test_rows_that_do_not_lie_as_rows() -> None:
    q, k, v, _ = inputs((8,), 256, 256, 256)

    def turned(q: Any, k: Any, v: Any) -> Any:
        share = softmax(q @ np.swapaxes(k, -1, -2) / 10)
        return softmax(np.einsum("bij,bjk->bki", share, v)) @ v

    wanted = turned(*(each.astype(np.float64) for each in (q, k, v)))
    np.testing.assert_allclose(cr.compile(turned)(q, k, v), wanted, rtol=1e-3, atol=1e-3)


def test_regions_that_need_each_other_are_not_both_formed() -> None:
    """Each softmax could be one with the product that needs a sum over the other: not both."""
    rng = np.random.default_rng(0)
    args = [rng.standard_normal((8, 256, 16)).astype(np.float32) for _ in range(6)]

    def crossed(q: Any, k: Any, v: Any, p: Any, h: Any, u: Any) -> Any:
        one, other = (softmax(a @ np.swapaxes(b, -1, -2)) for a, b in ((q, k), (p, h)))
        first, last = np.swapaxes(one, -1, -2) @ v, np.swapaxes(other, -1, -2) @ u
        return one @ last, other @ first

    compiled = cr.compile(crossed)
    assert kinds(compiled, *args).count("tiled") == 2
    wanted = crossed(*(each.astype(np.float64) for each in args))
    for found, exact in zip(compiled(*args), wanted, strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("turned", [False, True])
def test_rows_are_read_and_written_as_rows(turned: bool) -> None:
    graph = plain(lambda x: np.exp(x), np.ones((4, 4), np.float32))
    (source,), (result,) = graph.inputs, graph.outputs
    terms = Terms((4, 4))
    i, j = terms.indices
    x, y = (Array(name, float32, (4, 4), u) for name, u in (("x", source), ("y", result)))
    value = terms.make(Word.LOAD, (i, j), float32, x)
    store = Store(y, (j, i) if turned else (i, j), value)
    kernel = Nest(units=(result,), sort="loop", body=Body(terms, nest(terms, (0, 1), [store])))
    if turned:
        assert kernel.rounds == 4
    member = member_of(kernel, Space(1, 4), source, lambda unit: unit)
    assert member is not None
    assert member.by_rows == ({source} if turned else {source, result})


def test_keys_that_are_made_by_rows_are_whole_before_any_row_of_scores() -> None:
    """As many keys as queries: a block of keys looks like what a block of scores needs."""
    queries, keys, values, _ = inputs((32,), 256, 256, 64)

    def bent(q: Any, k: Any, v: Any) -> Any:
        return softmax(q @ np.swapaxes(np.tanh(k), -1, -2)) @ v

    compiled = cr.compile(bent)
    assert kinds(compiled, queries, keys, values) == ["loop", "tiled"]
    wanted = bent(*(each.astype(np.float64) for each in (queries, keys, values)))
    np.testing.assert_allclose(compiled(queries, keys, values), wanted, rtol=1e-3, atol=1e-5)
