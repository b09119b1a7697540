"""One graph, several executions: reference, kernels as plain Python, native programs.

Native programs run unfused, fused, and fused on several threads.
"""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from plain import run_plain
from random_graphs import LAYERS, Case, cases

from chainrule.compiler.derivatives import pulled_back
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.native import dividing, long_folds, pieces, products, saving
from chainrule.compiler.native.build import build
from chainrule.compiler.native.partition import fused, unfused
from chainrule.compiler.notes import Notes
from chainrule.compiler.passes.inline import inline_all
from chainrule.compiler.pipeline import optimise
from chainrule.compiler.verify import verify

TOLERANCE = {"float32": 2e-3, "float64": 1e-11}


def agree(expected: list[np.ndarray], actual: list[np.ndarray], dtype: str) -> None:
    for one, other in zip(expected, actual, strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        if one.dtype.kind == "f":
            bound = TOLERANCE[dtype]
            np.testing.assert_allclose(other, one, rtol=bound, atol=bound)
        else:
            np.testing.assert_array_equal(other, one)


@mock.patch.object(products, "SMALL", 1)
@mock.patch.object(pieces, "LEAST_WORK", 1)
def run_all(case: Case, dtype: str) -> None:
    expected = evaluate(case.graph, case.arrays)
    optimised, _ = optimise(case.graph, check=True)
    agree(expected, evaluate(optimised, case.arrays), dtype)
    agree(expected, build(optimised, partition=unfused, threads=1)(case.arrays), dtype)
    with mock.patch.object(saving, "LEAST_BYTES", 0):
        program = build(optimised, partition=fused, threads=1)
        alone = program(case.arrays)
        agree(expected, alone, dtype)
        with mock.patch.object(dividing, "WORTH_CYCLES", 0):
            shared = build(optimised, partition=fused, threads=3)(case.arrays)
    agree(expected, run_plain(program, case.arrays), dtype)
    for one, other in zip(alone, shared, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_executions_agree_on_random_graphs(dtype: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(cases(dtype))
    def check(case: Case) -> None:
        verify(case.graph)
        run_all(case, dtype)

    check()


def test_executions_agree_on_layers() -> None:
    """A third of these programs have products with epilogues."""

    @settings(max_examples=40, deadline=None)
    @given(cases("float64", steps=6, kinds=LAYERS))
    def check(case: Case) -> None:
        run_all(case, "float64")

    check()


def test_executions_agree_where_folds_are_taken_in_blocks() -> None:
    """Random arrays are small: blocks of a few elements, in kernels that other tests have whole."""
    limits = {"BLOCK": 4, "LEAST_ROWS": 1, "LEAST_BLOCKS": 2, "MOST_BYTES": 0}

    @settings(max_examples=60, deadline=None)
    @given(cases("float32"))
    def check(case: Case) -> None:
        run_all(case, "float32")

    with mock.patch.multiple(long_folds, **limits):
        check()


def test_executions_agree_on_gradients_of_random_graphs() -> None:
    @settings(max_examples=40, deadline=None)
    @given(cases("float64", steps=8))
    def check(case: Case) -> None:
        inlined = inline_all(case.graph, Notes())
        floats = [i for i, unit in enumerate(inlined.outputs) if unit.type.differentiable]
        backward = pulled_back(inlined, range(len(inlined.inputs)), floats)
        seeds = [np.ones(inlined.outputs[i].shape) for i in floats]
        run_all(Case(backward, [*case.arrays, *seeds]), "float64")

    check()
