"""Everything that ``python -m benchmarks`` measures, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from .runner.arena import Arena
from .runner.race import race
from .runner.results import Row
from .workloads import (
    attention,
    calls,
    chain,
    deep_linear,
    infer,
    layernorm,
    mlp,
    products,
    scalar_functions,
    skipgram,
    softmax,
)

Measure = Callable[[Arena], Iterator[Row]]

WORKLOADS = (
    mlp.small,
    mlp.mnist,
    infer.small,
    infer.mnist,
    deep_linear.deep_linear,
    chain.chain,
    softmax.softmax,
    layernorm.layernorm,
    skipgram.skipgram,
    attention.attention,
    products.products,
    calls.calls,
    scalar_functions.scalar_functions,
)

SUITE: dict[str, Measure] = {
    **{workload.name: partial(race, workload=workload) for workload in WORKLOADS},
}
"""By name, what yields rows of figures."""

ABOUT: dict[str, str] = {
    **{workload.name: workload.about for workload in WORKLOADS},
}
"""By name, what is measured, in a line."""
