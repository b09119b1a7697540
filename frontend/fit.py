"""Training: a compiled step over seeded mini-batches, with validation and a progress bar."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compiler.errors import ArgumentError, LocatedError
from .compile import Compiled, compile
from .data import batch_count, batches, example_count
from .optim import Optimizer, apply_updates
from .pytree import tree_map
from .transforms import value_and_grad

Row = dict[str, float]


class DivergenceError(LocatedError, ArithmeticError):
    """The loss of an epoch was infinite or not a number."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What `fit` returns.

    Attributes
    ----------
    params, state : pytrees
        Parameters and optimiser state after the last step.
    history : list of dict
        A row per epoch: ``epoch`` (from 1), ``step`` (steps so far), ``seconds`` (since the start),
        ``loss`` (mean over the epoch's steps, each before its update), and a ``validation_<name>``
        for each metric.
    step : Compiled
        The step that was run, as `training_step` makes it; ``step.program(params, state, batch)``
        tells all about it.
    """

    params: Any
    state: Any
    history: list[Row]
    step: Compiled


def fit(
    loss: Callable[..., Any],
    params: Any,
    optimizer: Optimizer,
    data: tuple[Any, ...],
    *,
    epochs: int,
    batch_size: int,
    seed: int = 0,
    validation: tuple[Any, ...] | None = None,
    metrics: Callable[..., dict[str, Any]] | None = None,
    on_epoch: Callable[[Row, Any], None] | None = None,
    threads: int | None = None,
    backend: str = "native",
) -> Fitted:
    """Minimise `loss` over `data` by mini-batches.

    Each epoch takes whole batches in an order that `seed` and the epoch determine; the examples
    that do not fill a batch differ from epoch to epoch. A progress bar is shown on a terminal.

    Parameters
    ----------
    loss : callable
        ``loss(params, *batch) -> float scalar``.
    params : pytree
        Where to start; copied, never written to.
    optimizer : Optimizer
    data : tuple of arrays
        Examples along axis 0.
    epochs, batch_size : int
    seed : int
        Of the order of examples.
    validation : tuple of arrays, optional
        Data on which the metrics are computed, whole, after each epoch.
    metrics : callable, optional
        ``metrics(params, *validation) -> dict of scalars``; by default the loss alone.
    on_epoch : callable, optional
        ``on_epoch(row, params)`` after each epoch. The next step overwrites the arrays of
        `params`: copy what is to be kept.
    threads : int, optional
    backend : str
        Both as in `compile`.

    Returns
    -------
    Fitted

    Raises
    ------
    ArgumentError
        When there are fewer examples than a batch takes, or no epochs.
    DivergenceError
        When the mean loss of an epoch is not finite.
    """
    from tqdm import tqdm  # a seventh of chainrule's import time, for training alone

    if epochs < 1:
        raise ArgumentError(f"fit wants at least one epoch, got {epochs}")
    per_epoch = batch_count(data, batch_size, drop_last=True)
    if not per_epoch:
        count = example_count(data)
        raise ArgumentError(f"a batch of {batch_size} is larger than the data: {count} examples")
    step = training_step(loss, optimizer, threads=threads, backend=backend)
    measure = compile(metrics or _loss_alone(loss), threads=threads, backend=backend)
    # Steps overwrite what they are given.
    params = tree_map(np.array, params)
    state = optimizer.init(params)
    history: list[Row] = []
    started = time.perf_counter()
    with tqdm(total=epochs * per_epoch, unit="step", disable=None) as bar:
        for epoch in range(epochs):
            losses = []
            for batch in batches(data, batch_size, seed=seed, epoch=epoch, drop_last=True):
                params, state, value = step(params, state, batch)
                losses.append(value)
                bar.update()
            row = {"epoch": epoch + 1, "step": (epoch + 1) * per_epoch, "loss": _mean(losses)}
            if not math.isfinite(row["loss"]):
                raise DivergenceError(
                    f"the loss became {row['loss']} in epoch {epoch + 1}",
                    "Try a smaller learning rate",
                )
            if validation is not None:
                for name, found in measure(params, *validation).items():
                    row[f"validation_{name}"] = float(found)
            row["seconds"] = time.perf_counter() - started
            history.append(row)
            bar.set_postfix(_shown(row), refresh=False)
            if on_epoch is not None:
                on_epoch(row, params)
    return Fitted(params, state, history, step)


def training_step(
    loss: Callable[..., Any],
    optimizer: Optimizer,
    *,
    threads: int | None = None,
    backend: str = "native",
) -> Compiled:
    """One compiled step: gradient, update and new parameters in one program.

    Parameters
    ----------
    loss : callable
        ``loss(params, *batch) -> float scalar``.
    optimizer : Optimizer
    threads : int, optional
    backend : str
        Both as in `compile`.

    Returns
    -------
    Compiled
        ``step(params, state, batch) -> (params, state, value)`` with the loss before the update.
        It donates `params` and `state`: their arrays may be overwritten.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> def loss(w, x, y):
    ...     return cr.losses.squared_error(x * w, y).mean()
    >>> optimizer = cr.optim.sgd(0.1)
    >>> step = cr.training_step(loss, optimizer)
    >>> w = np.array(0.0)
    >>> w, state, value = step(w, optimizer.init(w), (np.array([1.0]), np.array([2.0])))
    >>> float(w), float(value)
    (0.4, 4.0)
    """

    def step(params: Any, state: Any, batch: tuple[Any, ...]) -> tuple[Any, Any, Any]:
        value, grads = value_and_grad(loss)(params, *batch)
        updates, state = optimizer.update(grads, state, params)
        return apply_updates(params, updates), state, value

    return compile(step, donate_argnames=("params", "state"), threads=threads, backend=backend)


def _loss_alone(loss: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    return lambda params, *data: {"loss": loss(params, *data)}


def _mean(losses: list[Any]) -> float:
    return float(np.mean(np.asarray(losses, np.float64)))


def _shown(row: Row) -> dict[str, str]:
    """What the progress bar says of an epoch."""
    names = [name for name in row if name not in ("step", "seconds")]
    return {name.replace("validation_", "val. "): f"{row[name]:.4g}" for name in names}
