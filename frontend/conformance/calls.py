"""A sample as a call: its arrays, its graph, the op's own unit, and what each part evaluates to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...compiler.apply import apply_in
from ...compiler.builder import Builder
from ...compiler.derivatives import linearised, pulled_back
from ...compiler.dtypes import float64
from ...compiler.graph import Graph, Unit
from ...compiler.interpret import evaluate
from ...compiler.notes import Notes
from ...compiler.op import Op
from ...compiler.passes.inline import inline
from ...compiler.passes.safe_masks import safe_masks
from ...compiler.samples import Sample
from ...compiler.types import type_of

SEED = 20240229
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Call:
    """One op applied to arrays.

    Attributes
    ----------
    op : Op
        The op.
    arrays : tuple of arrays
        The inputs as the user would give them.
    attributes : dict
        The static attributes that are given.
    smooth : bool
        Whether derivatives exist and are finite.
    label : str
        How a finding names the call (``"sample 2 (float32[3, 4], axis=1)"``).
    """

    op: Op
    arrays: tuple[Any, ...]
    attributes: dict[str, Any]
    smooth: bool
    label: str

    @cached_property
    def graph(self) -> Graph:
        """The graph of the call: what the op's kind does to the inputs, then the op's unit."""
        builder = Builder()
        with builder.activate():
            values = [builder.value(builder.input(type_of(array))) for array in self.arrays]
            results = apply_in(builder, self.op, values, self.attributes)
        several = results if isinstance(results, tuple) else (results,)
        return builder.graph(self.op.name, [value.unit for value in several])

    @cached_property
    def unit(self) -> Unit:
        """The op's own unit."""
        return next(unit for unit in self.graph.units if unit.op is self.op)

    @cached_property
    def operands(self) -> list[Any]:
        """The inputs of the op's unit: cast and broadcast as its kind wants."""
        return evaluate(Graph(self.op.name, self.graph.inputs, self.unit.inputs), self.arrays)

    @cached_property
    def results(self) -> list[Any]:
        """The outputs by the reference interpreter."""
        return evaluate(self.graph, self.arrays)

    @cached_property
    def canonical(self) -> Call:
        """The same call on the operands that reach the op's unit."""
        return self.on(self.operands, dict(self.unit.attributes))

    def on(self, arrays: Sequence[Any], attributes: dict[str, Any] | None = None) -> Call:
        """The same call on other arrays."""
        given = self.attributes if attributes is None else attributes
        return Call(self.op, tuple(arrays), given, self.smooth, self.label)

    def scaled(self) -> Any:
        """What rounding errors are relative to: a linear op's value on the inputs' magnitudes.

        None for an op that is not linear in all its differentiable inputs.
        """
        groups = [set(group) for group in self.op.linear_in]
        if not self.op.differentiable or set(self.op.differentiable) not in groups:
            return None
        magnitudes = [np.abs(a) if a.dtype.kind == "f" else a for a in self.arrays]
        return self.on(magnitudes).results[0]

    @property
    def floats(self) -> list[Any]:
        """The inputs of a floating-point dtype."""
        return [array for array in self.arrays if array.dtype.kind == "f"]

    # Derivatives.

    @cached_property
    def wanted(self) -> tuple[int, ...]:
        """The inputs that can have a cotangent."""
        return tuple(
            i
            for i, array in enumerate(self.arrays)
            if array.dtype.kind == "f" and self.op.is_differentiable(i)
        )

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The outputs that take a cotangent."""
        types = self.graph.output_types
        return tuple(i for i, type in enumerate(types) if type.differentiable)

    @cached_property
    def gradient(self) -> Graph:
        """(inputs, cotangents) -> cotangents of the wanted inputs."""
        return gradient_of(self.graph, self.wanted, self.seeds)

    @cached_property
    def tangent(self) -> Graph:
        """(inputs, tangents of the wanted ones) -> tangents of the outputs."""
        graph = linearised(opened(self.graph), self.wanted)
        outputs = graph.outputs[len(self.graph.outputs) :]
        return Graph(graph.name, graph.inputs, outputs, graph.origins)


def opened(graph: Graph) -> Graph:
    """The graph as it is when derivatives are taken."""
    return safe_masks(inline(graph, Notes()), Notes())


def gradient_of(graph: Graph, wanted: Sequence[int], seeds: Sequence[int]) -> Graph:
    """(inputs, cotangents of the outputs `seeds`) -> cotangents of the inputs `wanted`."""
    pulled = pulled_back(opened(graph), wanted, seeds)
    outputs = pulled.outputs[len(graph.outputs) :]
    return Graph(pulled.name, pulled.inputs, outputs, pulled.origins)


def calls(op: Op, dtypes: Sequence[str] = DTYPES) -> Iterator[Call]:
    """The op's samples in each dtype; those of integers alone once."""
    for number, sample in enumerate(op.accepted):
        seen: set[tuple[Any, ...]] = set()
        for dtype in dtypes:
            call = call_of(op, sample, number, dtype)
            key = tuple(array.dtype for array in call.arrays)
            if key not in seen:
                seen.add(key)
                yield call


def call_of(op: Op, sample: Sample, number: int, dtype: str) -> Call:
    """One sample in one dtype."""
    arrays = list(map(np.asarray, sample.arrays(len(op.parameters), SEED + number, dtype)))
    types = [str(type_of(array)) for array in arrays]
    given = [f"{name}={value!r}" for name, value in sample.attributes.items()]
    label = f"sample {number} ({', '.join([*types, *given])})"
    return Call(op, tuple(arrays), dict(sample.attributes), sample.smooth, label)


def smooth_calls(op: Op) -> Iterator[Call]:
    """The samples at which derivatives are checked, in float64 throughout."""
    for call in calls(op, ("float64",)):
        outputs = (call.graph.outputs[i].array_type.dtype for i in call.seeds)
        if call.smooth and call.wanted and call.seeds and all(d is float64 for d in outputs):
            yield call
