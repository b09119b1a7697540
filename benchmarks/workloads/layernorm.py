"""Layer normalisation over the rows of a matrix, with scale and shift."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runner.workload import Goal, Limit, Step, Workload

EPSILON = 1e-5

layernorm = Workload(
    "layernorm",
    "layer normalisation over rows, with scale and shift",
    sizes={"rows": 4096, "columns": 1024},
    goals=[Goal(1.0), Goal(1.1, to="copy")],
)


@layernorm.inputs
def inputs(rng: np.random.Generator, rows: int, columns: int) -> tuple[Any, ...]:
    """The matrix, scale and shift of each column."""
    x = rng.standard_normal((rows, columns), dtype=np.float32)
    scale, shift = rng.standard_normal((2, columns), dtype=np.float32)
    return x, scale, shift


@layernorm.limit
def limit(rows: int, columns: int) -> Limit:
    """The matrix is read and one like it written."""
    return Limit(bytes=8 * rows * columns)


@layernorm.contestant("chainrule")
def by_chainrule(x: Any, scale: Any, shift: Any) -> Step:
    """Plain NumPy."""
    import chainrule as cr

    @cr.compile
    def function(x: Any, scale: Any, shift: Any) -> Any:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        return centred / np.sqrt(variance + EPSILON) * scale + shift

    return lambda: function(x, scale, shift)


@layernorm.contestant("numpy")
def by_numpy(x: Any, scale: Any, shift: Any) -> Step:
    """In one array that is used again; the squares are summed without being kept."""
    out, columns = np.empty_like(x), np.float32(x.shape[-1])

    def step() -> Any:
        np.subtract(x, x.mean(axis=-1, keepdims=True), out=out)
        variance = np.einsum("ij,ij->i", out, out)[:, None] / columns
        np.divide(out, np.sqrt(variance + np.float32(EPSILON)), out=out)
        np.multiply(out, scale, out=out)
        return np.add(out, shift, out=out)

    return step


@layernorm.torch
def by_torch(wrap: Any, x: Any, scale: Any, shift: Any) -> Step:
    """PyTorch's own function."""
    import torch

    tensors = [torch.tensor(array) for array in (x, scale, shift)]

    @wrap
    def function(x: Any, scale: Any, shift: Any) -> Any:
        return torch.nn.functional.layer_norm(x, scale.shape, scale, shift, EPSILON)

    @torch.inference_mode()
    def step() -> Any:
        return function(*tensors)

    return step


@layernorm.contestant("jax")
def by_jax(x: Any, scale: Any, shift: Any) -> Step:
    """As the layer libraries on JAX compute it."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    def function(x: Any, scale: Any, shift: Any) -> Any:
        mean = x.mean(axis=-1, keepdims=True)
        variance = jnp.square(x - mean).mean(axis=-1, keepdims=True)
        return (x - mean) * (jax.lax.rsqrt(variance + EPSILON) * scale) + shift

    arrays = [jnp.array(array) for array in (x, scale, shift)]
    return lambda: function(*arrays).block_until_ready()
