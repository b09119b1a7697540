"""Initial weights: how far from zero a layer's weights start."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Initial = Callable[["np.random.Generator", int, int], "np.ndarray[Any, np.dtype[np.float32]]"]


def glorot(
    rng: np.random.Generator, inputs: int, outputs: int
) -> np.ndarray[Any, np.dtype[np.float32]]:
    r"""Weights that keep the variance of signals and gradients alike, on average.

    .. math:: W_{ij} \sim U(-a, a), \qquad a = \sqrt{6 / (n_\mathrm{in} + n_\mathrm{out})}

    For activations of slope 1 at 0, such as tanh.

    Returns
    -------
    ndarray
        float32, of shape ``(inputs, outputs)``.

    References
    ----------
    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010, equation 16.
    """
    bound = math.sqrt(6 / (inputs + outputs))
    return rng.uniform(-bound, bound, (inputs, outputs)).astype(np.float32)


def he(
    rng: np.random.Generator, inputs: int, outputs: int
) -> np.ndarray[Any, np.dtype[np.float32]]:
    r"""Weights that keep the variance of signals through rectified linear units.

    .. math:: W_{ij} \sim N(0, 2 / n_\mathrm{in})

    Returns
    -------
    ndarray
        float32, of shape ``(inputs, outputs)``.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, ICCV 2015, equation 10.
    """
    return rng.normal(0, math.sqrt(2 / inputs), (inputs, outputs)).astype(np.float32)
