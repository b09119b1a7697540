"""One training step of a small classifier beside NumPy, PyTorch and JAX, in one run.

The network of the digits demo: 64-64-32-10, tanh, softmax cross-entropy, SGD with momentum, batch
32, float32. Contestants take turns; the figure is the ratio of the best times.

    python benchmarks/training_step.py [--batch 32] [--widths 64 64 32 10] [--rounds 15]
"""

from __future__ import annotations

import argparse
import itertools
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

LEARNING_RATE, MOMENTUM = 0.05, 0.9

Arrays = list[np.ndarray]
Step = Callable[[], Any]
"""Does one step on its own parameters and returns the loss."""


def initial(widths: list[int], batch: int) -> tuple[Arrays, np.ndarray, np.ndarray]:
    """Parameters, inputs and labels, the same for every contestant."""
    rng = np.random.default_rng(0)
    params: Arrays = []
    for n, m in itertools.pairwise(widths):
        params += [rng.normal(size=(n, m)).astype("f4") / np.float32(n**0.5), np.zeros(m, "f4")]
    x = rng.normal(size=(batch, widths[0])).astype("f4")
    return params, x, rng.integers(0, widths[-1], batch)


def numpy_step(params: Arrays, x: np.ndarray, labels: np.ndarray) -> Step:
    """Written out by hand, with in-place updates."""
    velocities = [np.zeros_like(p) for p in params]
    rows, scale = np.arange(len(labels)), np.float32(len(labels))

    def step() -> float:
        activations = [x]
        for w, b in zip(params[0:-2:2], params[1:-2:2], strict=True):
            activations.append(np.tanh(activations[-1] @ w + b))
        logits = activations[-1] @ params[-2] + params[-1]
        logits -= logits.max(axis=1, keepdims=True)
        exp = np.exp(logits)
        total = exp.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - logits[rows, labels]).mean()
        delta = exp / total
        delta[rows, labels] -= 1
        delta /= scale
        grads: Arrays = []
        for layer in reversed(range(len(params) // 2)):
            grads = [activations[layer].T @ delta, delta.sum(axis=0), *grads]
            if layer:
                delta = (delta @ params[2 * layer].T) * (1 - activations[layer] ** 2)
        for p, v, g in zip(params, velocities, grads, strict=True):
            v *= np.float32(MOMENTUM)
            v += g
            p -= np.float32(LEARNING_RATE) * v
        return float(loss)

    return step


def chainrule_step(params: Arrays, x: np.ndarray, labels: np.ndarray) -> Step:
    """As the README writes it."""
    import chainrule as cr

    optimizer = cr.optim.sgd(LEARNING_RATE, momentum=MOMENTUM)

    def loss(params: Any, x: Any, labels: Any) -> Any:
        for w, b in zip(params[0:-2:2], params[1:-2:2], strict=True):
            x = np.tanh(x @ w + b)
        return cr.losses.cross_entropy(x @ params[-2] + params[-1], labels).mean()

    @cr.compile(donate_argnames=("params", "state"))
    def update(params: Any, state: Any, x: Any, labels: Any) -> Any:
        value, grads = cr.value_and_grad(loss)(params, x, labels)
        updates, state = optimizer.update(grads, state, params)
        return cr.optim.apply_updates(params, updates), state, value

    state = optimizer.init(params)

    def step() -> Any:
        nonlocal params, state
        params, state, value = update(params, state, x, labels)
        return value

    return step


def torch_step(params: Arrays, x: np.ndarray, labels: np.ndarray) -> Step:
    """Eager PyTorch with torch.optim.SGD."""
    import torch

    tensors = [torch.tensor(p, requires_grad=True) for p in params]
    optimizer = torch.optim.SGD(tensors, lr=LEARNING_RATE, momentum=MOMENTUM)
    inputs, targets = torch.tensor(x), torch.tensor(labels)

    def step() -> Any:
        hidden = inputs
        for w, b in zip(tensors[0:-2:2], tensors[1:-2:2], strict=True):
            hidden = torch.tanh(hidden @ w + b)
        loss = torch.nn.functional.cross_entropy(hidden @ tensors[-2] + tensors[-1], targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def jax_step(params: Arrays, x: np.ndarray, labels: np.ndarray) -> Step:
    """One jitted function with donated parameters and velocities."""
    import jax
    import jax.numpy as jnp

    def loss(params: Any, x: Any, labels: Any) -> Any:
        for w, b in zip(params[0:-2:2], params[1:-2:2], strict=True):
            x = jnp.tanh(x @ w + b)
        scores = jax.nn.log_softmax(x @ params[-2] + params[-1])
        return -jnp.take_along_axis(scores, labels[:, None], axis=1).mean()

    def update(params: Any, velocities: Any, x: Any, labels: Any) -> Any:
        value, grads = jax.value_and_grad(loss)(params, x, labels)
        velocities = [MOMENTUM * v + g for v, g in zip(velocities, grads, strict=True)]
        params = [p - LEARNING_RATE * v for p, v in zip(params, velocities, strict=True)]
        return params, velocities, value

    jitted = jax.jit(update, donate_argnums=(0, 1))
    held: Any = [jnp.array(p) for p in params], [jnp.zeros_like(p) for p in params]
    inputs, targets = jnp.array(x), jnp.array(labels)

    def step() -> Any:
        nonlocal held
        *held, value = jitted(*held, inputs, targets)
        return value.block_until_ready()

    return step


CONTESTANTS = {
    "chainrule": chainrule_step,
    "numpy": numpy_step,
    "torch": torch_step,
    "jax": jax_step,
}


def start(widths: list[int], batch: int) -> tuple[dict[str, Step], dict[str, float]]:
    """The contestants that are installed, agreed on five losses, and their first call's seconds."""
    running, first, losses = {}, {}, {}
    for name, make in CONTESTANTS.items():
        try:
            step = make(*initial(widths, batch))
        except ImportError:
            print(f"{name}: not installed, left out")
            continue
        started = time.perf_counter()
        losses[name] = [float(step())]
        first[name] = time.perf_counter() - started
        losses[name] += [float(step()) for _ in range(4)]
        running[name] = step
    for name in running:
        np.testing.assert_allclose(losses[name], losses["numpy"], rtol=1e-4, err_msg=name)
    return running, first


def measure(running: dict[str, Step], rounds: int, repeats: int) -> dict[str, list[float]]:
    """Seconds per step of each contestant in each round, contestants in turns."""
    times: dict[str, list[float]] = {name: [] for name in running}
    for _ in range(rounds):
        for name, step in running.items():
            started = time.perf_counter()
            for _ in range(repeats):
                step()
            times[name].append((time.perf_counter() - started) / repeats)
    return times


def main() -> None:
    """Time the contestants in turns and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batch", type=int, default=32, help="examples in a batch")
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 64, 32, 10])
    parser.add_argument("--rounds", type=int, default=15, help="turns of each contestant")
    parser.add_argument("--repeats", type=int, default=200, help="steps in a turn")
    options = parser.parse_args()
    running, first = start(options.widths, options.batch)
    times = measure(running, options.rounds, options.repeats)
    best_peer = min(min(taken) for name, taken in times.items() if name != "chainrule")
    print(f"{platform.machine()}, widths {options.widths}, batch {options.batch}")
    print(f"{'':12}{'best us':>10}{'median us':>11}{'/ best peer':>13}{'first call ms':>15}")
    for name, taken in times.items():
        best, median = min(taken), statistics.median(taken)
        ratio, cold = best / best_peer, 1e3 * first[name]
        print(f"{name:12}{1e6 * best:10.1f}{1e6 * median:11.1f}{ratio:13.2f}{cold:15.1f}")


if __name__ == "__main__":
    main()
