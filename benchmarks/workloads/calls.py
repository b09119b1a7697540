"""What a call costs when there is next to nothing to compute.

Sums of a few arrays of four numbers, given one by one, in pytrees and in modules. PyTorch runs
each operation as it comes; JAX and chainrule run one compiled program. `chainrule-native` is the
program called with a flat list of arrays, without signature and pytrees: what `chainrule` takes
more is the cost of being a Python function.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from ..runner.workload import Sizes, Skip, Step, Workload

Function = Callable[..., Any]

CASES: dict[str, Sizes] = {
    "0 arrays": {"form": "none", "count": 0},
    "1 array": {"form": "total", "count": 1},
    "6 arrays": {"form": "total", "count": 6},
    "14 arrays": {"form": "total", "count": 14},
    "14 arrays, 14 results": {"form": "each", "count": 14},
    "6 arrays in a dict of lists": {"form": "of_dict", "count": 6},
    "6 arrays in 3 modules, 3 modules back": {"form": "of_layers", "count": 6},
}

calls = Workload("calls", "what a call costs beside its work", cases=CASES, seconds=0.3)


@calls.inputs
def inputs(rng: np.random.Generator, form: str, count: int) -> tuple[Any, ...]:
    """Arrays of four numbers."""
    return form, [rng.standard_normal(4, dtype=np.float32) for _ in range(count)]


def total(*arrays: Any) -> Any:
    """The sum of the arrays, and 1."""
    result = arrays[0] + 1
    for array in arrays[1:]:
        result = result + array
    return result


def each(*arrays: Any) -> Any:
    """A result for each array."""
    return tuple([array + 1 for array in arrays])


def of_dict(tree: Any) -> Any:
    """Arrays in lists in a dict."""
    return total(*tree["weights"], *tree["biases"])


def of_layers(layers: Any) -> Any:
    """Layers in a list, and new layers as a result."""
    return [dataclasses.replace(layer, weight=layer.weight + layer.bias) for layer in layers]


def bound(form: str, arrays: list[Any], layer: Any, ones: Function) -> tuple[Function, Any]:
    """The function of a form and its arguments, made of a contestant's own arrays and layers."""
    if form == "none":
        return ones, ()
    if form == "of_dict":
        half = len(arrays) // 2
        return of_dict, ({"weights": arrays[:half], "biases": arrays[half:]},)
    if form == "of_layers":
        pairs = zip(arrays[0::2], arrays[1::2], strict=True)
        return of_layers, ([layer(weight, bias) for weight, bias in pairs],)
    return {"total": total, "each": each}[form], tuple(arrays)


def called(function: Function, args: tuple[Any, ...]) -> Step:
    """A call; layers in its result are taken apart only when somebody looks at it."""
    return lambda: function(*args)


def make_layer(name: str) -> Any:
    """A class of two arrays that a library can register."""
    return dataclasses.make_dataclass(name, ["weight", "bias"])


def chainrule_function(form: str, arrays: list[Any]) -> tuple[Any, tuple[Any, ...]]:
    """The compiled function, not yet called, and its arguments."""
    import chainrule as cr

    @cr.module
    class Layer:
        """Two arrays."""

        weight: Any
        bias: Any

    function, args = bound(form, arrays, Layer, lambda: np.ones(4, np.float32))
    return cr.compile(function), args


@calls.contestant("chainrule")
def by_chainrule(form: str, arrays: list[Any]) -> Step:
    """As users call it."""
    return called(*chainrule_function(form, arrays))


@calls.contestant("chainrule-native")
def by_chainrule_native(form: str, arrays: list[Any]) -> Step:
    """The program itself."""
    function, args = chainrule_function(form, arrays)
    direct = function.program(*args).direct
    if direct is None:
        raise Skip("this program has no direct call")
    return called(direct, (arrays,))


@calls.contestant("numpy")
def by_numpy(form: str, arrays: list[Any]) -> Step:
    """The function itself."""
    return called(*bound(form, arrays, make_layer("Layer"), lambda: np.ones(4, np.float32)))


@calls.torch
def by_torch(wrap: Any, form: str, arrays: list[Any]) -> Step:
    """Plain functions of tensors."""
    import torch

    tensors = [torch.tensor(array) for array in arrays]
    function, args = bound(form, tensors, make_layer("Layer"), lambda: torch.ones(4))
    return torch.inference_mode()(called(wrap(function), args))


@calls.contestant("jax")
def by_jax(form: str, arrays: list[Any]) -> Step:
    """A call ends when its result is there."""
    import jax
    import jax.numpy as jnp

    layer = make_layer("Layer")
    jax.tree_util.register_dataclass(layer, ["weight", "bias"], [])
    own = [jnp.array(array) for array in arrays]
    function, args = bound(form, own, layer, lambda: jnp.ones(4, jnp.float32))
    jitted = jax.jit(function)
    return lambda: jax.block_until_ready(jitted(*args))
