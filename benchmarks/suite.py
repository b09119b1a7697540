"""Everything that ``python -m benchmarks`` measures, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from .processes import cold, growth, importing, memory, warm_start
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
    units,
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
    units.units,
    products.products,
    calls.calls,
    scalar_functions.scalar_functions,
)

SUITE: dict[str, Measure] = {
    **{workload.name: partial(race, workload=workload) for workload in WORKLOADS},
    "cold": cold.rows,
    "warm-start": warm_start.rows,
    "import": importing.rows,
    "memory": memory.rows,
    "growth": growth.rows,
}
"""By name, what yields rows of figures."""

ABOUT: dict[str, str] = {
    **{workload.name: workload.about for workload in WORKLOADS},
    "cold": "first call of each training step, without any cache",
    "warm-start": "fresh process to the first result of mlp-small",
    "import": "whole process that imports a library",
    "memory": "most memory in use during training steps of mlp-mnist and of long attention",
    "growth": "time and compile time when batch, width, depth or the number of units doubles",
}
"""By name, what is measured, in a line."""
