"""The digits demo's step beside the same step in NumPy: equal first, then timed in turn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...compiler.errors import ChainruleError
from ...runtime.blas import blas_threads
from ..compile import Compiled
from ..data import batches
from ..pytree import leaves_of, tree_map
from . import numpy_step
from .digits import Data, Settings, create_network, create_optimizer

CHECKED_STEPS = 5
# Of the way that the parameters went in those steps; float32 keeps about 1e-6 of it, except that
# Adam divides tiny gradients by their own size.
TOLERANCE = 1e-3
ROUNDS = 20
LONGEST = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds of one step, the best of several passes over the training set.

    Attributes
    ----------
    step, numpy : float
    rounds : int
        Passes of each, in turn.
    """

    step: float
    numpy: float
    rounds: int


class _Ours:
    """The compiled step with the parameters and the state that it threads."""

    def __init__(self, step: Compiled, settings: Settings, pixels: int) -> None:
        self.step = step
        self.params = tree_map(np.array, create_network(settings, pixels))
        self.state = create_optimizer(settings).init(self.params)

    def __call__(self, images: Any, labels: Any) -> Any:
        self.params, self.state, value = self.step(self.params, self.state, (images, labels))
        return value


def compare(step: Compiled, settings: Settings, data: Data) -> Comparison:
    """Check that both steps do the same, and time them.

    Both start from the network before training. NumPy gets as many threads as the program.

    Raises
    ------
    ChainruleError
        When the steps differ.
    """
    examples = list(batches(data.train, settings.batch, seed=settings.seed, drop_last=True))
    pixels = data.train[0].shape[1]
    ours = _Ours(step, settings, pixels)
    theirs = by_hand(settings, pixels)
    start = [array.copy() for array in theirs.params]
    for images, labels in examples[:CHECKED_STEPS]:
        check_close([np.asarray(ours(images, labels))], [theirs(images, labels)], "losses")
    moved = [after - before for after, before in zip(theirs.params, start, strict=True)]
    found = [after - before for after, before in zip(leaves_of(ours.params), start, strict=True)]
    check_close(found, moved, "parameters")
    return _time(ours, theirs, examples, settings.threads)


def by_hand(settings: Settings, pixels: int) -> numpy_step.NumpyStep:
    """The NumPy step for these settings, with the same first weights."""
    params = leaves_of(create_network(settings, pixels))
    if settings.optimizer == "adam":
        rule = numpy_step.adam(params, settings.learning_rate)
    else:
        rule = numpy_step.sgd(params, settings.learning_rate, settings.momentum)
    return numpy_step.NumpyStep(params, settings.activation, rule)


def check_close(found: Sequence[Any], wanted: Sequence[Any], what: str) -> None:
    """Refuse arrays that differ by more than the tolerance, in the norm of all together."""
    size = np.sqrt(sum(np.sum(np.square(a, dtype=np.float64)) for a in wanted))
    pairs = zip(found, wanted, strict=True)
    error = np.sqrt(sum(np.sum(np.square(a - b, dtype=np.float64)) for a, b in pairs))
    if not error <= TOLERANCE * size:
        raise ChainruleError(
            f"the compiled step and NumPy's differ in their {what} by {error / size:.1e} of them"
        )


def _time(ours: Any, theirs: Any, examples: Sequence[Any], threads: int | None) -> Comparison:
    limit = nullcontext() if threads is None else blas_threads(threads)
    passes: list[tuple[float, float]] = []
    started = time.perf_counter()
    with limit:
        while len(passes) < ROUNDS and time.perf_counter() - started < LONGEST:
            passes.append((_pass(ours, examples), _pass(theirs, examples)))
    step, numpy = (min(times) / len(examples) for times in zip(*passes, strict=True))
    return Comparison(step, numpy, len(passes))


def _pass(step: Any, examples: Sequence[Any]) -> float:
    """Seconds of one pass over the examples."""
    started = time.perf_counter()
    for images, labels in examples:
        step(images, labels)
    return time.perf_counter() - started
