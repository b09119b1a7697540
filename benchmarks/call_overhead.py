"""What a call costs when there is next to nothing to compute, beside JAX and PyTorch, in one run.

Sums of a few arrays of four numbers, given one by one, in pytrees and in modules. PyTorch runs
each operation as it comes; JAX and chainrule run one compiled program. `native` is the program
called with a flat list of arrays, without signature and pytrees: what `chainrule` takes more is
the cost of being a Python function.

    python benchmarks/call_overhead.py [--rounds 15] [--repeats 2000]
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.frontend.pytree import leaves_of

Function = Callable[..., Any]
Case = tuple[Function, tuple[Any, ...]]
Call = Callable[[], Any]


@cr.module
class Layer:
    """Two arrays."""

    weight: Any
    bias: Any


def none() -> Any:
    """No array at all."""
    return np.ones(4, np.float32)


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


def cases(array: Callable[[], Any], layer: Function) -> dict[str, Case]:
    """Functions and arguments, made of a contestant's own arrays and layers."""
    many = [array() for _ in range(14)]
    tree = {"weights": many[:3], "biases": many[3:6]}
    layers = [layer(many[i], many[i + 1]) for i in (0, 2, 4)]
    return {
        "0 arrays": (none, ()),
        "1 array": (total, (many[0],)),
        "6 arrays": (total, tuple(many[:6])),
        "14 arrays": (total, tuple(many)),
        "14 arrays, 14 results": (each, tuple(many)),
        "6 arrays in a dict of lists": (of_dict, (tree,)),
        "6 arrays in 3 modules, 3 modules back": (of_layers, (layers,)),
    }


def chainrule_calls() -> dict[str, Call]:
    """Compiled functions."""
    found = cases(lambda: np.ones(4, np.float32), Layer)
    return {name: _bound(cr.compile(function), args) for name, (function, args) in found.items()}


def native_calls() -> dict[str, Call]:
    """The same programs, called with a flat list."""
    calls = {}
    for name, (function, args) in cases(lambda: np.ones(4, np.float32), Layer).items():
        direct = cr.compile(function).program(*args).direct
        if direct is not None:
            calls[name] = _bound(direct, (leaves_of(args),))
    return calls


def jax_calls() -> dict[str, Call]:
    """Functions under jit; a call ends when its result is there."""
    import jax
    import jax.numpy as jnp

    cls = dataclasses.make_dataclass("JaxLayer", ["weight", "bias"])
    jax.tree_util.register_dataclass(cls, ["weight", "bias"], [])
    calls = {}
    for name, (function, args) in cases(lambda: jnp.ones(4, jnp.float32), cls).items():
        jitted = jax.jit((lambda: jnp.ones(4, jnp.float32)) if function is none else function)
        calls[name] = lambda jitted=jitted, args=args: jax.block_until_ready(jitted(*args))
    return calls


def torch_calls() -> dict[str, Call]:
    """Plain functions of tensors."""
    import torch

    torch.set_num_threads(1)
    cls = dataclasses.make_dataclass("TorchLayer", ["weight", "bias"])
    calls = {}
    for name, (function, args) in cases(lambda: torch.ones(4), cls).items():
        calls[name] = _bound((lambda: torch.ones(4)) if function is none else function, args)
    return calls


def _bound(function: Function, args: tuple[Any, ...]) -> Call:
    return lambda: function(*args)


CONTESTANTS = {
    "native": native_calls,
    "chainrule": chainrule_calls,
    "jax": jax_calls,
    "torch": torch_calls,
}


def first_number(result: Any) -> float:
    """A number to compare contestants by."""
    while not hasattr(result, "shape"):
        result = result[0] if isinstance(result, (list, tuple)) else result.weight
    return float(result[0])


def start() -> dict[str, dict[str, Call]]:
    """The contestants that are installed, each agreed with the others on every case."""
    running: dict[str, dict[str, Call]] = {}
    for name, make in CONTESTANTS.items():
        try:
            running[name] = make()
        except ImportError:
            print(f"{name}: not installed, left out")
    for calls in running.values():
        for case, call in calls.items():
            assert first_number(call()) == first_number(running["chainrule"][case]()), case
    return running


def best_times(calls: dict[str, Call], rounds: int, repeats: int) -> dict[str, float]:
    """The best seconds per call of each contestant, in turns."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            for _ in range(repeats):
                call()
            best[name] = min(best[name], (time.perf_counter() - started) / repeats)
    return best


def main() -> None:
    """Time the contestants in turns, case by case, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="turns of each contestant")
    parser.add_argument("--repeats", type=int, default=2000, help="calls in a turn")
    options = parser.parse_args()
    running = start()
    print(f"{platform.machine()}, Python {platform.python_version()}, best us of a call")
    print(f"{'':40}{''.join(f'{name:>11}' for name in running)}")
    for case in cases(lambda: np.ones(4), Layer):
        calls = {name: found[case] for name, found in running.items() if case in found}
        times = best_times(calls, options.rounds, options.repeats)
        figures = (
            f"{1e6 * times[name]:11.2f}" if name in times else f"{'':11}" for name in running
        )
        print(f"{case:40}{''.join(figures)}")


if __name__ == "__main__":
    main()
