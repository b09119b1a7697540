"""Linear layers without anything between them, the weights being constants of the program."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..runner.workload import Goal, Limit, Step, Workload

deep_linear = Workload(
    "deep-linear",
    "linear layers in a row with a bottleneck, constant weights",
    sizes={"batch": 256, "width": 512, "bottleneck": 16, "layers": 8},
    goals=[Goal(0.05)],
)


def widths(width: int, bottleneck: int, layers: int) -> list[int]:
    """All layers are equally wide but for one between two of them in the middle."""
    found = [width] * (layers + 1)
    found[layers // 2] = bottleneck
    return found


@deep_linear.inputs
def inputs(
    rng: np.random.Generator, batch: int, width: int, bottleneck: int, layers: int
) -> tuple[Any, ...]:
    """Weights, and examples."""
    weights = [
        rng.standard_normal((n, m), dtype=np.float32) / np.float32(n**0.5)
        for n, m in itertools.pairwise(widths(width, bottleneck, layers))
    ]
    return weights, rng.standard_normal((batch, width), dtype=np.float32)


@deep_linear.limit
def limit(batch: int, width: int, bottleneck: int, layers: int) -> Limit:
    """All that is constant is multiplied beforehand: two thin products are left."""
    return Limit(flop=2 * 2 * batch * width * bottleneck)


@deep_linear.contestant("chainrule")
def by_chainrule(weights: Any, x: Any) -> Step:
    """The weights are captured."""
    import chainrule as cr

    @cr.compile
    def forward(x: Any) -> Any:
        for w in weights:
            x = x @ w
        return x

    return lambda: forward(x)


@deep_linear.contestant("numpy")
def by_numpy(weights: Any, x: Any) -> Step:
    """Into arrays that are used again."""
    outs = [np.empty((len(x), w.shape[1]), np.float32) for w in weights]

    def step() -> Any:
        hidden = x
        for w, out in zip(weights, outs, strict=True):
            hidden = np.matmul(hidden, w, out=out)
        return hidden

    return step


@deep_linear.torch
def by_torch(wrap: Any, weights: Any, x: Any) -> Step:
    """The weights are captured."""
    import torch

    tensors, examples = [torch.tensor(w) for w in weights], torch.tensor(x)

    @wrap
    def forward(hidden: Any) -> Any:
        for w in tensors:
            hidden = hidden @ w
        return hidden

    @torch.inference_mode()
    def step() -> Any:
        return forward(examples)

    return step


@deep_linear.contestant("jax")
def by_jax(weights: Any, x: Any) -> Step:
    """The weights are captured."""
    import jax
    import jax.numpy as jnp

    arrays, examples = [jnp.array(w) for w in weights], jnp.array(x)

    @jax.jit
    def forward(x: Any) -> Any:
        for w in arrays:
            x = x @ w
        return x

    return lambda: forward(examples).block_until_ready()
