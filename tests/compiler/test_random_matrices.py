"""Random programs of products, softmaxes and transposes, where every array counts as wide.

Small matrices then go through all that is made for large ones: regions of blocks, values that are
computed again, epilogues, loops over many arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from unittest import mock

import numpy as np
import pytest
from native import plain

from chainrule import ops
from chainrule.compiler.derivatives import pulled_back
from chainrule.compiler.graph import Graph
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.native import dividing, saving, tiling
from chainrule.compiler.native.build import build
from chainrule.compiler.pipeline import optimise

ONE: dict[str, Callable[[Any], Any]] = {
    "softmax": lambda x: ops.softmax(x, axis=-1),
    "tanh": ops.tanh,
    "line": lambda x: x * 2 + 0.5,
    "rows": lambda x: x - ops.mean(x, axis=-1, keepdims=True),
    "columns": lambda x: x - ops.mean(x, axis=1, keepdims=True),
}


def turned(x: Any) -> Any:
    return ops.transpose(x, axes=(0, 2, 1))


def matrices(seed: int) -> tuple[Graph, list[np.ndarray]]:
    """A graph of a few steps on a batch of matrices, or of its gradient; and inputs."""
    random, rng = Random(seed), np.random.default_rng(seed)
    rows = random.choice([18, 33, 40])
    shape = random.choice([1, 2, 5]), rows, random.choice([3, 8, rows])
    arrays = [rng.standard_normal(shape) / 2 for _ in range(3)]

    def function(*pool: Any) -> Any:
        made = list(pool)
        for _ in range(random.randint(3, 9)):
            x, y = random.choice(made[-4:]), random.choice(made[-5:])
            name = random.choice([*["product"] * 6, "sum", *ONE])
            if name in ONE:
                made.append(ONE[name](x))
            elif name == "sum" and x.shape == y.shape:
                made.append(x * y + x)
            elif name == "product":
                x, y = (random.choice([each, turned(each)]) for each in (x, y))
                y = y if x.shape[-1] == y.shape[-2] else turned(y)
                if x.shape[-1] == y.shape[-2]:
                    made.append(x @ y / x.shape[-1] ** 0.5)
        return made[-1], random.choice(made)

    graph = plain(function, *arrays)
    if seed % 2:
        seeds = [np.ones(unit.shape) for unit in graph.outputs]
        graph = pulled_back(graph, range(3), range(len(seeds)))
        arrays += seeds
    return optimise(graph)[0], arrays


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_programs_of_matrices_agree(first: int) -> None:
    for seed in range(first, first + 10):
        graph, arrays = matrices(seed)
        with (
            mock.patch.object(tiling, "NEAR_BYTES", 1),
            mock.patch.object(tiling, "LEAST_BATCHES", 1),
            mock.patch.object(saving, "LEAST_BYTES", 0),
            mock.patch.object(dividing, "WORTH_CYCLES", 0),
        ):
            alone, shared = (build(graph, threads=threads)(arrays) for threads in (1, 3))
        for wanted, one, other in zip(evaluate(graph, arrays), alone, shared, strict=True):
            scale = max(1, abs(wanted).max())
            np.testing.assert_allclose(one, wanted, rtol=1e-9, atol=1e-11 * scale)
            assert one.tobytes() == other.tobytes()
