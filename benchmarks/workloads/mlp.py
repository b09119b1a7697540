"""One training step of a classifier: tanh layers, softmax cross-entropy, SGD with momentum."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..runner.workload import Goal, Limit, Step, Workload

LEARNING_RATE, MOMENTUM = 0.05, 0.9

small = Workload(
    "mlp-small",
    "training step, tanh layers, cross-entropy, SGD with momentum",
    sizes={"batch": 32, "widths": (64, 64, 32, 10)},
    goals=[Goal(0.35)],
    tolerance=1e-4,
    steps=5,
)
mnist = small.at("mlp-mnist", batch=128, widths=(784, 512, 256, 10), goals=[Goal(0.65)])


@small.inputs
def inputs(rng: np.random.Generator, batch: int, widths: Sequence[int]) -> tuple[Any, ...]:
    """Parameters (weights and biases in turn), examples, labels."""
    params: list[np.ndarray] = []
    for n, m in itertools.pairwise(widths):
        params += [rng.normal(size=(n, m)).astype("f4") / np.float32(n**0.5), np.zeros(m, "f4")]
    x = rng.normal(size=(batch, widths[0])).astype("f4")
    return params, x, rng.integers(0, widths[-1], batch)


@small.limit
def limit(batch: int, widths: Sequence[int]) -> Limit:
    """Two products backward for each forward, but for the gradient of the examples."""
    products = [2 * batch * n * m for n, m in itertools.pairwise(widths)]
    return Limit(flop=3 * sum(products) - products[0])


@small.contestant("chainrule")
def by_chainrule(params: Any, x: Any, labels: Any) -> Step:
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


@small.contestant("numpy")
def by_numpy(params: Any, x: Any, labels: Any) -> Step:
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
        grads: list[np.ndarray] = []
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


@small.torch
def by_torch(wrap: Any, params: Any, x: Any, labels: Any) -> Step:
    """With torch.optim.SGD, all updates in one fused kernel."""
    import torch

    tensors = [torch.tensor(p, requires_grad=True) for p in params]
    optimizer = torch.optim.SGD(tensors, lr=LEARNING_RATE, momentum=MOMENTUM, fused=True)
    inputs, targets = torch.tensor(x), torch.tensor(labels)

    @wrap
    def loss_of(hidden: Any, targets: Any) -> Any:
        for w, b in zip(tensors[0:-2:2], tensors[1:-2:2], strict=True):
            hidden = torch.tanh(torch.addmm(b, hidden, w))
        scores = torch.addmm(tensors[-1], hidden, tensors[-2])
        return torch.nn.functional.cross_entropy(scores, targets)

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(inputs, targets)
        loss.backward()
        optimizer.step()
        return loss

    return step


@small.contestant("jax")
def by_jax(params: Any, x: Any, labels: Any) -> Step:
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
        return jax.block_until_ready((held, value))[1]

    return step


@small.contestant("pytensor")
def by_pytensor(params: Any, x: Any, labels: Any) -> Step:
    """One function compiled by Numba that updates shared variables."""
    import pytensor
    import pytensor.tensor as pt

    shared = [pytensor.shared(p) for p in params]
    velocities = [pytensor.shared(np.zeros_like(p)) for p in params]
    inputs, targets = pt.matrix(dtype="float32"), pt.lvector()
    hidden = inputs
    for w, b in zip(shared[0:-2:2], shared[1:-2:2], strict=True):
        hidden = pt.tanh(hidden @ w + b)
    scores = pt.special.log_softmax(hidden @ shared[-2] + shared[-1], axis=1)
    loss = -scores[pt.arange(targets.shape[0]), targets].mean()
    updates = []
    for p, v, g in zip(shared, velocities, pytensor.grad(loss, shared), strict=True):
        new = np.float32(MOMENTUM) * v + g
        updates += [(v, new), (p, p - np.float32(LEARNING_RATE) * new)]
    step = pytensor.function([inputs, targets], loss, updates=updates, mode="NUMBA")
    step.trust_input = True
    return lambda: step(x, labels)
