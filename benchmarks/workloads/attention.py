"""A block of attention with several heads, forward and backward.

For inputs x of shape (batch, length, width): queries, keys and values are ``x @ wq``, ``x @ wk``
and ``x @ wv``, split into heads along the width; each head, of width d, computes
``softmax(q k^T / sqrt(d)) v``; the heads are joined again and multiplied by ``wo``. No bias, mask
or dropout. The step returns the sum of the output times a given cotangent, and its gradient by x
and by the four matrices.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..runner.workload import Goal, Limit, Step, Workload

attention = Workload(
    "attention",
    "block of attention with projections, forward and backward",
    sizes={"batch": 8, "length": 256, "width": 64, "heads": 4},
    goals=[Goal(0.45)],
    tolerance=1e-4,
)


@attention.inputs
def inputs(
    rng: np.random.Generator, batch: int, length: int, width: int, heads: int
) -> tuple[Any, ...]:
    """Inputs and weights, the cotangent of the output, the number of heads."""
    x, cotangent = rng.standard_normal((2, batch, length, width), dtype=np.float32)
    weights = rng.standard_normal((4, width, width), dtype=np.float32) / np.float32(width**0.5)
    return (x, *weights), cotangent, heads


@attention.limit
def limit(batch: int, length: int, width: int, heads: int) -> Limit:
    """Four projections and two products between positions, each with two products backward."""
    projections = 4 * 2 * batch * length * width * width
    positions = 2 * 2 * batch * length * length * width
    return Limit(flop=3 * (projections + positions))


@attention.contestant("chainrule")
def by_chainrule(params: Any, cotangent: Any, heads: int) -> Step:
    """Plain NumPy."""
    import chainrule as cr

    batch, length, width = cotangent.shape

    def split(a: Any) -> Any:
        return a.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)

    def total(params: Any, cotangent: Any) -> Any:
        x, wq, wk, wv, wo = params
        q, k, v = split(x @ wq), split(x @ wk), split(x @ wv)
        scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(width // heads)
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        heads_out = (e / e.sum(axis=-1, keepdims=True)) @ v
        joined = heads_out.transpose(0, 2, 1, 3).reshape(batch, length, width)
        return (joined @ wo * cotangent).sum()

    step = cr.compile(cr.value_and_grad(total))
    return lambda: step(params, cotangent)


@attention.contestant("numpy")
def by_numpy(params: Any, cotangent: Any, heads: int) -> Step:
    """Written out by hand."""
    x, wq, wk, wv, wo = params
    batch, length, width = cotangent.shape
    scale = np.float32(1 / math.sqrt(width // heads))

    def split(a: Any) -> Any:
        return a.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)

    def join(a: Any) -> Any:
        return a.transpose(0, 2, 1, 3).reshape(batch * length, width)

    def turned(a: Any) -> Any:
        return a.transpose(0, 1, 3, 2)

    def step() -> Any:
        rows, above = x.reshape(-1, width), cotangent.reshape(-1, width)
        q, k, v = split(rows @ wq), split(rows @ wk), split(rows @ wv)
        p = q @ turned(k)
        p *= scale
        p -= p.max(axis=-1, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=-1, keepdims=True)
        joined = join(p @ v)
        out = joined @ wo
        d_heads = split(above @ wo.T)
        dv = join(turned(p) @ d_heads)
        dp = d_heads @ turned(v)
        dp -= np.einsum("bhij,bhij->bhi", dp, p)[..., None]
        dp *= p
        dp *= scale
        dq, dk = join(dp @ k), join(turned(dp) @ q)
        dx = (dq @ wq.T + dk @ wk.T + dv @ wv.T).reshape(x.shape)
        gradients = (dx, rows.T @ dq, rows.T @ dk, rows.T @ dv, joined.T @ above)
        return np.vdot(out, above), gradients

    return step


def by_torch(wrap: Any, attend: Any, params: Any, cotangent: Any, heads: int) -> Step:
    """A block around a given function of queries, keys and values."""
    import torch

    tensors = [torch.tensor(p, requires_grad=True) for p in params]
    above = torch.tensor(cotangent)
    batch, length, width = cotangent.shape

    def split(a: Any) -> Any:
        return a.view(batch, length, heads, width // heads).transpose(1, 2)

    @wrap
    def total(x: Any, wq: Any, wk: Any, wv: Any, wo: Any, above: Any) -> Any:
        out = attend(split(x @ wq), split(x @ wk), split(x @ wv))
        return (out.transpose(1, 2).reshape(batch, length, width) @ wo * above).sum()

    def step() -> Any:
        value = total(*tensors, above)
        return value, torch.autograd.grad(value, tensors)

    return step


@attention.torch
def by_torch_fused(wrap: Any, *given: Any) -> Step:
    """PyTorch's own function."""
    import torch

    return by_torch(wrap, torch.nn.functional.scaled_dot_product_attention, *given)


@attention.contestant("torch-plain")
def by_torch_plain(*given: Any) -> Step:
    """Softmax between two products."""
    import torch

    def attend(q: Any, k: Any, v: Any) -> Any:
        return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), dim=-1) @ v

    return by_torch(lambda f: f, attend, *given)


@attention.contestant("jax")
def by_jax(params: Any, cotangent: Any, heads: int) -> Step:
    """With JAX's own function, which wants heads after positions."""
    import jax
    import jax.numpy as jnp

    batch, length, width = cotangent.shape

    def total(params: Any, above: Any) -> Any:
        x, wq, wk, wv, wo = params
        q, k, v = ((x @ w).reshape(batch, length, heads, width // heads) for w in (wq, wk, wv))
        out = jax.nn.dot_product_attention(q, k, v).reshape(batch, length, width)
        return (out @ wo * above).sum()

    step = jax.jit(jax.value_and_grad(total))
    arrays, above = tuple(jnp.array(p) for p in params), jnp.array(cotangent)
    return lambda: jax.block_until_ready(step(arrays, above))
