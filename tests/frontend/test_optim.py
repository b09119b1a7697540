"""Optimisers: against loops over NumPy arrays that are PyTorch's documented algorithms."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.errors import ArgumentError


def torch_sgd(theta, grads, lr, momentum, nesterov):
    """The box of torch.optim.SGD, in float64, without dampening and weight decay."""
    b = None
    for g in grads:
        if momentum:
            b = g.copy() if b is None else momentum * b + g
            g = g + momentum * b if nesterov else b
        theta = theta - lr * g
        yield theta


def torch_adam(theta, grads, lr, betas, eps):
    """The box of torch.optim.Adam, in float64, without weight decay and amsgrad."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(grads, start=1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
        theta = theta - lr * m_hat / (np.sqrt(v_hat) + eps)
        yield theta


def follow(optimizer, params, grads, update=None):
    """The parameters after each update."""
    update = update or (lambda g, s, p: optimizer.update(g, s, p))
    state = optimizer.init(params)
    for g in grads:
        updates, state = update(g, state, params)
        params = cr.optim.apply_updates(params, updates)
        yield params


def reference_update(optimizer):
    return cr.compile(lambda g, s, p: optimizer.update(g, s, p), backend="reference")


SGD = [
    {"momentum": 0.0, "nesterov": False},
    {"momentum": 0.9, "nesterov": False},
    {"momentum": 0.9, "nesterov": True},
]


@pytest.mark.parametrize("options", SGD)
@pytest.mark.parametrize("compiled", [False, True])
def test_sgd_is_pytorchs(rng, options, compiled) -> None:
    theta, grads = rng.normal(size=5), list(rng.normal(size=(20, 5)))
    optimizer = cr.optim.sgd(0.1, **options)
    update = reference_update(optimizer) if compiled else None
    ours = follow(optimizer, theta, grads, update)
    for found, wanted in zip(ours, torch_sgd(theta, grads, 0.1, **options), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.99), (0.5, 0.0)])
@pytest.mark.parametrize("compiled", [False, True])
def test_adam_is_pytorchs(rng, betas, compiled) -> None:
    theta, grads = rng.normal(size=5), list(rng.normal(size=(20, 5)))
    optimizer = cr.optim.adam(0.1, *betas)
    update = reference_update(optimizer) if compiled else None
    ours = follow(optimizer, theta, grads, update)
    for found, wanted in zip(ours, torch_adam(theta, grads, 0.1, betas, 1e-8), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 1000])
def test_bias_correction_keeps_float32s_digits(steps) -> None:
    # 1 - 0.999 in float32 is off by 5e-5; the update must not be.
    params = np.float32([1.0])
    optimizer = cr.optim.adam(1.0)
    state = optimizer.init(params)._replace(count=np.array(steps - 1, np.int32))
    updates, _ = optimizer.update(np.float32([3.0]), state, params)
    m_hat = 0.1 * 3 / (1 - 0.9**steps)
    v_hat = 0.001 * 9 / (1 - 0.999**steps)
    np.testing.assert_allclose(updates, [-m_hat / math.sqrt(v_hat)], rtol=1e-6)


@pytest.mark.parametrize("optimizer", [cr.optim.sgd(0.1, momentum=0.9), cr.optim.adam(0.1)])
@pytest.mark.parametrize("compiled", [False, True])
def test_dtypes_are_kept(optimizer, compiled) -> None:
    params = {"half": np.float32([1, 2]), "whole": np.float64([3])}
    grads = {"half": np.float32([1, 1]), "whole": np.float64([1])}
    state = optimizer.init(params)
    update = reference_update(optimizer) if compiled else optimizer.update
    updates, after = update(grads, state, params)
    assert updates["half"].dtype == np.float32
    assert updates["whole"].dtype == np.float64
    before, now = cr.frontend.pytree.flatten(state), cr.frontend.pytree.flatten(after)
    assert before[1] == now[1]
    assert [x.dtype for x in before[0]] == [x.dtype for x in now[0]]


@pytest.mark.parametrize("optimizer", [cr.optim.sgd(0.5, momentum=0.9), cr.optim.adam(0.5)])
def test_integer_leaves_are_left_alone(optimizer) -> None:
    params = {"weight": np.float32([1.0]), "steps": np.int32(7)}

    def loss(p):
        return (p["weight"] * p["weight"]).sum()

    @cr.compile(backend="reference")
    def step(params, state):
        grads = cr.grad(loss)(params)
        assert grads["steps"] is None
        updates, state = optimizer.update(grads, state, params)
        assert updates["steps"] is None
        return cr.optim.apply_updates(params, updates), state

    after, _ = step(params, optimizer.init(params))
    assert after["steps"] == 7
    assert after["weight"] < 1


def test_the_state_owns_its_arrays() -> None:
    params = {"a": np.ones(2), "b": np.ones(2)}
    state = cr.optim.adam().init(params)
    arrays = cr.frontend.pytree.leaves_of((params, state))
    assert all(array.flags.writeable and array.flags.owndata for array in arrays)
    assert len({array.ctypes.data for array in arrays}) == len(arrays)


def test_traced_units_are_of_the_update_phase() -> None:
    optimizer = cr.optim.sgd(0.1, momentum=0.9)

    def update(grads, state, params):
        updates, state = optimizer.update(grads, state, params)
        return cr.optim.apply_updates(params, updates), state

    params = np.ones(3)
    graph = cr.trace(update)(params, optimizer.init(params), params)
    computed = [unit for unit in graph.units if unit not in graph.inputs]
    assert computed
    assert all(graph.origin(unit).phases == {"update"} for unit in computed)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: cr.optim.sgd(0.1, momentum=1.0), r"sgd wants a momentum in [0, 1), got 1.0"),
        (lambda: cr.optim.sgd(0.1, nesterov=True), "sgd with nesterov wants a momentum above 0"),
        (lambda: cr.optim.adam(beta2=1.5), r"adam wants beta2 in [0, 1), got 1.5"),
    ],
)
def test_wrong_settings_are_refused(make, sentence) -> None:
    with pytest.raises(ArgumentError) as caught:
        make()
    assert str(caught.value).splitlines()[0] == sentence


def test_against_pytorch_itself(rng) -> None:
    torch = pytest.importorskip("torch")
    start, grads = rng.normal(size=5), rng.normal(size=(10, 5))
    pairs = [
        (cr.optim.sgd(0.1, 0.9, True), lambda p: torch.optim.SGD(p, 0.1, 0.9, nesterov=True)),
        (cr.optim.adam(0.1), lambda p: torch.optim.Adam(p, 0.1)),
    ]
    for ours, make in pairs:
        theirs = torch.tensor(start)
        other = make([theirs])
        for found, g in zip(follow(ours, start, grads), grads, strict=True):
            theirs.grad = torch.tensor(g)
            other.step()
            np.testing.assert_allclose(found, theirs.numpy(), rtol=1e-12)
