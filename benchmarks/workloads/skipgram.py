"""A step of skip-gram with negative sampling: two tables of vectors, plain SGD.

Rows repeat within a batch, and each repetition counts. The loss of a word v, its neighbour u and
negatives n is ``softplus(-u.v) + sum of softplus(n.v)``, its mean over the batch is descended.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runner.workload import Goal, Limit, Step, Workload

LEARNING_RATE = 0.5

skipgram = Workload(
    "skipgram",
    "skip-gram step with negative sampling, plain SGD on rows that may repeat",
    sizes={"words": 50_000, "width": 100, "batch": 1024, "negatives": 5},
    goals=[Goal(0.2)],
    tolerance=1e-4,
    steps=5,
)


@skipgram.inputs
def inputs(
    rng: np.random.Generator, words: int, width: int, batch: int, negatives: int
) -> tuple[Any, ...]:
    """Two tables, words (frequent ones more often), and neighbours with their negatives."""
    tables = [rng.standard_normal((words, width), dtype=np.float32) / 10 for _ in range(2)]
    centre = (words * rng.random(batch) ** 2).astype(np.int64)
    others = (words * rng.random((batch, 1 + negatives)) ** 2).astype(np.int64)
    return *tables, centre, others


@skipgram.limit
def limit(words: int, width: int, batch: int, negatives: int) -> Limit:
    """Scores, and the gradients of both vectors."""
    return Limit(flop=3 * 2 * batch * (1 + negatives) * width)


@skipgram.contestant("chainrule")
def by_chainrule(inner: Any, outer: Any, centre: Any, others: Any) -> Step:
    """Gather, derive, subtract; the tables are donated."""
    import chainrule as cr

    def loss(tables: Any, centre: Any, others: Any) -> Any:
        inner, outer = tables
        scores = np.einsum("bd,bnd->bn", inner[centre], outer[others])
        wrong = cr.ops.softplus(-scores[:, 0]) + cr.ops.softplus(scores[:, 1:]).sum(axis=1)
        return wrong.mean()

    @cr.compile(donate_argnames="tables")
    def update(tables: Any, centre: Any, others: Any) -> Any:
        value, grads = cr.value_and_grad(loss)(tables, centre, others)
        new = [table - LEARNING_RATE * grad for table, grad in zip(tables, grads, strict=True)]
        return new, value

    tables = [inner, outer]

    def step() -> Any:
        nonlocal tables
        tables, value = update(tables, centre, others)
        return value

    return step


@skipgram.contestant("numpy")
def by_numpy(inner: Any, outer: Any, centre: Any, others: Any) -> Step:
    """By hand; ``np.add.at`` adds to a row as often as it is named."""
    batch = np.float32(len(centre))
    signs = np.ones(others.shape, np.float32)
    signs[:, 0] = -1

    def step() -> Any:
        v, u = inner[centre], outer[others]
        scores = signs * np.matmul(u, v[:, :, None])[:, :, 0]
        loss = np.logaddexp(scores, 0).sum(axis=1).mean()
        slopes = signs / (1 + np.exp(-scores)) * np.float32(-LEARNING_RATE / batch)
        np.add.at(inner, centre, np.matmul(slopes[:, None, :], u)[:, 0, :])
        np.add.at(outer, others, slopes[:, :, None] * v[:, None, :])
        return loss

    return step


@skipgram.torch
def by_torch(wrap: Any, inner: Any, outer: Any, centre: Any, others: Any) -> Step:
    """Sparse gradients of embeddings, which SGD takes as they are."""
    import torch
    from torch.nn import functional

    tables = [torch.tensor(table, requires_grad=True) for table in (inner, outer)]
    optimizer = torch.optim.SGD(tables, lr=LEARNING_RATE)
    words, neighbours = torch.tensor(centre), torch.tensor(others)
    signs = torch.ones(others.shape)
    signs[:, 0] = -1

    @wrap
    def loss_of(v: Any, u: Any) -> Any:
        scores = torch.bmm(u, v.unsqueeze(2)).squeeze(2)
        return functional.softplus(signs * scores).sum(dim=1).mean()

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        v = functional.embedding(words, tables[0], sparse=True)
        loss = loss_of(v, functional.embedding(neighbours, tables[1], sparse=True))
        loss.backward()
        optimizer.step()
        return loss

    return step


@skipgram.contestant("jax")
def by_jax(inner: Any, outer: Any, centre: Any, others: Any) -> Step:
    """Gradients of the gathered rows, added to the rows of donated tables."""
    import jax
    import jax.numpy as jnp

    def loss(v: Any, u: Any) -> Any:
        scores = jnp.einsum("bd,bnd->bn", v, u)
        wrong = jax.nn.softplus(-scores[:, 0]) + jax.nn.softplus(scores[:, 1:]).sum(axis=1)
        return wrong.mean()

    def update(inner: Any, outer: Any, centre: Any, others: Any) -> Any:
        value, (dv, du) = jax.value_and_grad(loss, (0, 1))(inner[centre], outer[others])
        inner = inner.at[centre].add(-LEARNING_RATE * dv)
        return inner, outer.at[others].add(-LEARNING_RATE * du), value

    jitted = jax.jit(update, donate_argnums=(0, 1))
    tables: Any = [jnp.array(inner), jnp.array(outer)]
    words, neighbours = jnp.array(centre), jnp.array(others)

    def step() -> Any:
        nonlocal tables
        *tables, value = jitted(*tables, words, neighbours)
        return jax.block_until_ready((tables, value))[1]

    return step
