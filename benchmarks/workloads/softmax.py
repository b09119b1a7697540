"""Softmax over the rows of a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runner.workload import Goal, Limit, Step, Workload

softmax = Workload(
    "softmax",
    "softmax over rows",
    sizes={"rows": 4096, "columns": 1024},
    goals=[Goal(0.65), Goal(1.3, to="copy")],
)


@softmax.inputs
def inputs(rng: np.random.Generator, rows: int, columns: int) -> tuple[Any, ...]:
    """The matrix."""
    return (rng.standard_normal((rows, columns), dtype=np.float32),)


@softmax.limit
def limit(rows: int, columns: int) -> Limit:
    """The matrix is read and one like it written."""
    return Limit(bytes=8 * rows * columns)


@softmax.contestant("chainrule")
def by_chainrule(x: Any) -> Step:
    """Plain NumPy."""
    import chainrule as cr

    @cr.compile
    def function(x: Any) -> Any:
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    return lambda: function(x)


@softmax.contestant("numpy")
def by_numpy(x: Any) -> Step:
    """In one array that is used again."""
    out = np.empty_like(x)

    def step() -> Any:
        np.subtract(x, x.max(axis=-1, keepdims=True), out=out)
        np.exp(out, out=out)
        np.divide(out, out.sum(axis=-1, keepdims=True), out=out)
        return out

    return step


@softmax.torch
def by_torch(wrap: Any, x: Any) -> Step:
    """PyTorch's own function."""
    import torch

    tensor, function = torch.tensor(x), wrap(lambda x: torch.softmax(x, dim=-1))

    @torch.inference_mode()
    def step() -> Any:
        return function(tensor)

    return step


@softmax.contestant("jax")
def by_jax(x: Any) -> Step:
    """JAX's own function."""
    import jax
    import jax.numpy as jnp

    array, function = jnp.array(x), jax.jit(jax.nn.softmax)
    return lambda: function(array).block_until_ready()
