"""Forward through tanh layers, one example at a time, the weights being arguments."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..runner.workload import Goal, Limit, Step, Workload
from . import mlp

small = Workload(
    "infer-1",
    "forward through tanh layers, weights as arguments",
    sizes={"batch": 1, "widths": (64, 64, 32, 10)},
    goals=[Goal(0.35)],
)
mnist = small.at("infer-1-mnist", batch=1, widths=(784, 512, 256, 10), goals=[Goal(0.8)])


@small.inputs
def inputs(rng: np.random.Generator, batch: int, widths: Sequence[int]) -> tuple[Any, ...]:
    """Parameters (weights and biases in turn) and examples."""
    return mlp.inputs(rng, batch, widths)[:2]


@small.limit
def limit(batch: int, widths: Sequence[int]) -> Limit:
    """A product a layer."""
    return Limit(flop=sum(2 * batch * n * m for n, m in itertools.pairwise(widths)))


@small.contestant("chainrule")
def by_chainrule(params: Any, x: Any) -> Step:
    """Plain NumPy."""
    import chainrule as cr

    @cr.compile
    def forward(params: Any, x: Any) -> Any:
        for w, b in zip(params[0:-2:2], params[1:-2:2], strict=True):
            x = np.tanh(x @ w + b)
        return x @ params[-2] + params[-1]

    return lambda: forward(params, x)


@small.contestant("numpy")
def by_numpy(params: Any, x: Any) -> Step:
    """In place where a temporary can be used again."""
    layers = list(zip(params[0::2], params[1::2], strict=True))

    def step() -> Any:
        hidden = x
        for w, b in layers[:-1]:
            hidden = hidden @ w
            hidden += b
            np.tanh(hidden, out=hidden)
        w, b = layers[-1]
        return hidden @ w + b

    return step


@small.torch
def by_torch(wrap: Any, params: Any, x: Any) -> Step:
    """Bias and product in one call, in inference mode."""
    import torch

    tensors, example = [torch.tensor(p) for p in params], torch.tensor(x)

    @wrap
    def forward(tensors: Any, hidden: Any) -> Any:
        for w, b in zip(tensors[0:-2:2], tensors[1:-2:2], strict=True):
            hidden = torch.tanh(torch.addmm(b, hidden, w))
        return torch.addmm(tensors[-1], hidden, tensors[-2])

    @torch.inference_mode()
    def step() -> Any:
        return forward(tensors, example)

    return step


@small.contestant("jax")
def by_jax(params: Any, x: Any) -> Step:
    """One jitted function."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    def forward(params: Any, x: Any) -> Any:
        for w, b in zip(params[0:-2:2], params[1:-2:2], strict=True):
            x = jnp.tanh(x @ w + b)
        return x @ params[-2] + params[-1]

    arrays, example = [jnp.array(p) for p in params], jnp.array(x)
    return lambda: forward(arrays, example).block_until_ready()
