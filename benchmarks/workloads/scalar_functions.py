"""Each transcendental function over an array.

NumPy and PyTorch write into an array that they are given, where they can. The case ``negative``
does no arithmetic worth the name: it shows what memory alone costs each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..runner.workload import Limit, Sizes, Skip, Step, Workload

PLAIN = (
    *("negative", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan"),
    *("sinh", "cosh", "tanh", "cbrt", "arctan", "arcsin", "arccos", "sqrt"),
)
PAIRS = ("power", "arctan2", "hypot", "logaddexp")

# What a NumPy user writes where NumPy has no function of that name.
WRITTEN: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(x, 0),
    "rsqrt": lambda x: 1 / np.sqrt(x),
}

CASES: dict[str, Sizes] = {
    f"{function} {dtype}": {"function": function, "dtype": dtype, "size": 1_000_000}
    for function in (*PLAIN, *PAIRS, *WRITTEN)
    for dtype in ("float32", "float64")
}

scalar_functions = Workload(
    "scalar-functions",
    "transcendental functions over an array",
    cases=CASES,
    tolerance=1e-5,
    seconds=0.1,
)


@scalar_functions.inputs
def inputs(rng: np.random.Generator, function: str, dtype: str, size: int) -> tuple[Any, ...]:
    """The function's name, and one or two arrays of numbers at which it is defined."""
    count = 2 if function in PAIRS else 1
    return function, *(rng.uniform(0.05, 0.95, size).astype(dtype) for _ in range(count))


@scalar_functions.limit
def limit(function: str, dtype: str, size: int) -> Limit:
    """Arrays are read and one is written."""
    count = 3 if function in PAIRS else 2
    return Limit(bytes=count * size * np.dtype(dtype).itemsize)


@scalar_functions.contestant("chainrule")
def by_chainrule(name: str, *arrays: Any) -> Step:
    """NumPy's function, traced, or the op of that name."""
    import chainrule as cr

    function = getattr(cr.ops, name) if name in WRITTEN else getattr(np, name)
    compiled = cr.compile((lambda x, y: function(x, y)) if name in PAIRS else lambda x: function(x))
    return lambda: compiled(*arrays)


@scalar_functions.contestant("numpy")
def by_numpy(name: str, *arrays: Any) -> Step:
    """NumPy's function."""
    if name in WRITTEN:
        return lambda: WRITTEN[name](*arrays)
    function, out = getattr(np, name), np.empty_like(arrays[0])
    return lambda: function(*arrays, out=out)


@scalar_functions.contestant("torch")
def by_torch(name: str, *arrays: Any) -> Step:
    """PyTorch's function."""
    import torch

    if name == "cbrt":
        raise Skip("PyTorch has no cube root")
    tensors = [torch.tensor(array) for array in arrays]
    if name == "softplus":
        return torch.inference_mode()(lambda: torch.nn.functional.softplus(tensors[0]))
    function, out = getattr(torch, {"power": "pow"}.get(name, name)), torch.empty_like(tensors[0])
    return torch.inference_mode()(lambda: function(*tensors, out=out))


@scalar_functions.contestant("jax")
def by_jax(name: str, *arrays: Any) -> Step:
    """JAX's function, jitted."""
    import jax
    import jax.numpy as jnp

    if arrays[0].dtype == np.float64:
        raise Skip("JAX computes in float32 unless its users switch that off everywhere")
    homes = {"sigmoid": jax.nn, "softplus": jax.nn, "rsqrt": jax.lax}
    function = jax.jit(getattr(homes.get(name, jnp), name))
    own = [jnp.array(array) for array in arrays]
    return lambda: function(*own).block_until_ready()
