"""A graph of very many small units: what it costs to compile, and to call."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from ..runner.workload import Limit, Step, Workload

UNARY = ("cos", "sin", "tanh")
BINARY = ("maximum", "minimum", "multiply")

Recipe = tuple[str, list[int]]

units = Workload(
    "units",
    "a graph of many elementwise units, drawn at random",
    sizes={"units": 1000, "size": 64},
    tolerance=1e-4,
)


@units.inputs
def inputs(rng: np.random.Generator, units: int, size: int) -> tuple[Any, ...]:
    """What each unit is made of, and arrays of numbers between -1 and 1, where all values stay."""
    arrays = [rng.uniform(-1, 1, size).astype(np.float32) for _ in range(4)]
    return drawn(units, len(arrays)), arrays


def drawn(count: int, given: int) -> list[Recipe]:
    """A function's name and the places of its operands among the given and the earlier values."""
    draw = random.Random(0)
    recipes = []
    for made in range(given, given + count):
        name = draw.choice((*UNARY, *BINARY))
        recipes.append((name, draw.sample(range(made), 1 if name in UNARY else 2)))
    return recipes


@units.limit
def limit(units: int, size: int) -> Limit:
    """An operation per unit and element."""
    return Limit(flop=units * size)


def values(recipes: list[Recipe], arrays: Any, library: Any) -> Any:
    """The mean of all values that no other value is made of."""
    made = list(arrays)
    for name, operands in recipes:
        made.append(getattr(library, name)(*(made[i] for i in operands)))
    read = {i for _, operands in recipes for i in operands}
    ends = [value for i, value in enumerate(made) if i not in read]
    total = ends[0]
    for end in ends[1:]:
        total = total + end
    return total / len(ends)


@units.contestant("chainrule")
def by_chainrule(recipes: list[Recipe], arrays: Any) -> Step:
    """One program."""
    import chainrule as cr

    function = cr.compile(lambda arrays: values(recipes, arrays, np))
    return lambda: function(arrays)


@units.contestant("numpy")
def by_numpy(recipes: list[Recipe], arrays: Any) -> Step:
    """One call a unit."""
    return lambda: values(recipes, arrays, np)


@units.torch
def by_torch(wrap: Any, recipes: list[Recipe], arrays: Any) -> Step:
    """One call a unit, or one program."""
    import torch

    tensors = [torch.tensor(array) for array in arrays]
    function = wrap(lambda tensors: values(recipes, tensors, torch))
    return torch.inference_mode()(lambda: function(tensors))


@units.contestant("jax")
def by_jax(recipes: list[Recipe], arrays: Any) -> Step:
    """One program."""
    import jax
    import jax.numpy as jnp

    own = [jnp.array(array) for array in arrays]
    function = jax.jit(lambda arrays: values(recipes, arrays, jnp))
    return lambda: function(own).block_until_ready()
