"""Layers: the formula in plain NumPy, the statistics of their first weights, pytrees."""

import dataclasses

import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.errors import ArgumentError
from chainrule.frontend.pytree import flatten, leaf_names, tree_map, unflatten


def test_linear_is_its_formula(rng) -> None:
    layer = cr.nn.Linear(rng.normal(size=(3, 2)), rng.normal(size=2))
    x = rng.normal(size=(5, 4, 3))
    wanted = np.einsum("abi,ij->abj", x, layer.weight) + layer.bias
    np.testing.assert_allclose(layer(x), wanted, rtol=1e-13)


def test_mlp_is_its_formula(rng) -> None:
    net = cr.nn.MLP.create((4, 6, 5, 3), rng, activation=np.sin)
    x = rng.normal(size=(7, 4)).astype(np.float32)
    (w1, b1), (w2, b2), (w3, b3) = ((layer.weight, layer.bias) for layer in net.layers)
    wanted = np.sin(np.sin(x @ w1 + b1) @ w2 + b2) @ w3 + b3
    np.testing.assert_array_equal(net(x), wanted)


def test_compiled_agrees_with_plain_numpy(rng) -> None:
    net = cr.nn.MLP.create((4, 6, 3), seed=0)
    x = rng.normal(size=(7, 4)).astype(np.float32)
    run = cr.compile(lambda net, x: net(x), backend="reference")
    np.testing.assert_allclose(run(net, x), net(x), rtol=1e-6, atol=1e-6)


def test_gradients_come_in_the_networks_structure(rng) -> None:
    net = cr.nn.MLP.create((3, 4, 2), seed=0)
    x = rng.normal(size=(5, 3)).astype(np.float32)
    grads = cr.grad(lambda net: net(x).sum())(net)
    assert isinstance(grads, cr.nn.MLP)
    # d(sum)/d(last bias) counts the batch; d/d(last weight) sums the hidden rows.
    np.testing.assert_allclose(grads.layers[-1].bias, [5, 5])
    hidden = np.tanh(net.layers[0](x)).sum(axis=0)
    wanted = np.stack([hidden, hidden], axis=1)
    np.testing.assert_allclose(grads.layers[-1].weight, wanted, rtol=1e-5, atol=1e-6)


def test_a_network_is_a_pytree_of_its_arrays() -> None:
    net = cr.nn.MLP.create((2, 3, 1), seed=0, activation=np.sin)
    leaves, structure = flatten(net)
    assert [leaf.shape for leaf in leaves] == [(2, 3), (3,), (3, 1), (1,)]
    assert leaf_names(structure, "net")[2] == "net.layers[1].weight"
    assert unflatten(structure, leaves).activation is np.sin
    other = cr.nn.MLP.create((2, 3, 1), seed=0, activation=np.tanh)
    assert structure != flatten(other)[1]
    doubled = tree_map(lambda leaf: 2 * leaf, net)
    np.testing.assert_array_equal(doubled.layers[0].weight, 2 * net.layers[0].weight)


def test_layers_are_frozen() -> None:
    layer = cr.nn.Linear.create(2, 2, seed=0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        layer.bias = np.ones(2)


def test_a_seed_gives_the_same_weights_and_layers_differ() -> None:
    first, again = (cr.nn.MLP.create((4, 4, 4), seed=7) for _ in range(2))
    for one, other in zip(flatten(first)[0], flatten(again)[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert (first.layers[0].weight != first.layers[1].weight).any()


def test_glorot_fills_its_interval_evenly(rng) -> None:
    weight = cr.nn.glorot(rng, 300, 100)
    bound = np.sqrt(6 / 400)
    assert weight.dtype == np.float32
    assert weight.shape == (300, 100)
    assert bound * 0.999 < np.abs(weight).max() <= np.float32(bound)
    # Of 30,000 draws: the variance 2 / (n_in + n_out) is met to three standard errors.
    assert weight.var() == pytest.approx(2 / 400, rel=3 * np.sqrt(0.8 / weight.size))


def test_he_keeps_the_second_moment_through_a_rectifier(rng) -> None:
    x = rng.normal(size=(200, 400))
    after = np.maximum(x, 0) @ cr.nn.he(rng, 400, 500)
    # E[(x)_+^2] = 1/2 and Var W = 2 / n_in give a variance of 1.
    assert after.var() == pytest.approx(1, rel=0.05)


def test_too_few_sizes_are_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        cr.nn.MLP.create((3,), seed=0)
    assert "MLP wants at least two sizes, input and output, got (3,)" in str(caught.value)
