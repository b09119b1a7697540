"""A chain of elementwise functions over one array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runner.workload import Goal, Limit, Step, Workload

chain = Workload(
    "chain",
    "tanh(x/2 + 0.1) * sigmoid(x) + exp(-x*x)",
    sizes={"rows": 4096, "columns": 1024},
    goals=[Goal(0.55), Goal(2.0, to="copy")],
)


@chain.inputs
def inputs(rng: np.random.Generator, rows: int, columns: int) -> tuple[Any, ...]:
    """The array."""
    return (rng.standard_normal((rows, columns), dtype=np.float32),)


@chain.limit
def limit(rows: int, columns: int) -> Limit:
    """The array is read and one like it written."""
    return Limit(bytes=8 * rows * columns)


@chain.contestant("chainrule")
def by_chainrule(x: Any) -> Step:
    """NumPy, and the op for the sigmoid."""
    import chainrule as cr

    @cr.compile
    def function(x: Any) -> Any:
        return np.tanh(x / 2 + 0.1) * cr.ops.sigmoid(x) + np.exp(-x * x)

    return lambda: function(x)


@chain.contestant("numpy")
def by_numpy(x: Any) -> Step:
    """In four arrays that are used again."""
    one, two, three = (np.empty_like(x) for _ in range(3))

    def step() -> Any:
        np.multiply(x, 0.5, out=one)
        np.add(one, 0.1, out=one)
        np.tanh(one, out=one)
        np.negative(x, out=two)
        np.exp(two, out=three)
        np.add(three, 1, out=three)
        np.divide(one, three, out=one)
        np.multiply(x, two, out=two)
        np.exp(two, out=two)
        return np.add(one, two, out=one)

    return step


@chain.torch
def by_torch(wrap: Any, x: Any) -> Step:
    """One expression of tensors."""
    import torch

    tensor = torch.tensor(x)

    @wrap
    def function(x: Any) -> Any:
        return torch.tanh(x / 2 + 0.1) * torch.sigmoid(x) + torch.exp(-x * x)

    @torch.inference_mode()
    def step() -> Any:
        return function(tensor)

    return step


@chain.contestant("jax")
def by_jax(x: Any) -> Step:
    """One jitted expression."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    def function(x: Any) -> Any:
        return jnp.tanh(x / 2 + 0.1) * jax.nn.sigmoid(x) + jnp.exp(-x * x)

    array = jnp.array(x)
    return lambda: function(array).block_until_ready()


@chain.contestant("pytensor")
def by_pytensor(x: Any) -> Step:
    """One function compiled by Numba."""
    import pytensor
    import pytensor.tensor as pt

    symbol, half, shift = pt.matrix(dtype="float32"), np.float32(0.5), np.float32(0.1)
    result = pt.tanh(symbol * half + shift) * pt.sigmoid(symbol) + pt.exp(-symbol * symbol)
    function = pytensor.function([symbol], result, mode="NUMBA")
    function.trust_input = True
    return lambda: function(x)
