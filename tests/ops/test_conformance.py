"""Every registered op conforms; and the suite catches plugins that are wrong in one field each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from chainrule import ops
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.op import Op
from chainrule.compiler.plugin import (
    ShapeError,
    above_minus_one,
    abs_,
    around,
    bad,
    case,
    composite,
    elementwise,
    float64,
    integers,
    movement,
    normal,
    ordinary,
    positive,
    reduction,
    specials,
    sqrt,
)
from chainrule.compiler.registry import registry
from chainrule.frontend.conformance import BACKENDS, CHECKS, Report, check


@pytest.mark.parametrize("name", registry.names())
def test_op_conforms(name: str) -> None:
    assert check(registry[name]).sentences() == []


@pytest.fixture
def registered() -> Iterator[Callable[..., Op]]:
    """A function that completes a throwaway op; all are forgotten afterwards."""
    made: list[Op] = []

    def register(op: Op, *samples: Any) -> Op:
        op.samples(*samples)
        made.append(op)
        return op

    yield register
    for op in made:
        registry.remove(op)


def cubed(**wrong: Any) -> Op:
    """x cubed as a plugin that conforms, unless a field is given another value."""
    vjp = wrong.pop("vjp", lambda ct, x, out: ct * (3 * x * x))
    body = wrong.pop("body", lambda x: x * x * x)
    fields = {"formula": "x^3", "accepts": "f", "ulp": 1.5, "zero_preserving": True}
    fields["reference"] = lambda x: x * x * x
    op: Op = elementwise(**{**fields, **wrong, "name": "throwaway"})(body)
    op.vjp(vjp)
    return op


def says(report: Report, field: str, words: str) -> bool:
    """Whether a finding about `field` contains `words`."""
    start = f"plugin {report.op}: {field}: "
    return any(s.startswith(start) and words in s for s in report.sentences())


def test_the_right_twin_conforms(registered: Any) -> None:
    report = check(registered(cubed(), ordinary(), specials(), around(1.0)))
    assert report.sentences() == []
    assert report.checks == tuple(entry.name for entry in CHECKS)


def test_a_wrong_vjp(registered: Any) -> None:
    report = check(registered(cubed(vjp=lambda ct, x, out: ct * (2 * x * x)), ordinary()))
    assert says(report, "vjp", "the cotangent of x differs from central differences by ")
    assert says(report, "vjp", "at sample 1 (float64[3, 4])")


def test_a_vjp_whose_own_derivative_is_wrong(registered: Any) -> None:
    op = cubed(vjp=lambda ct, x, out: ct * (3 * ops.stop_gradient(x * x)))
    report = check(registered(op, ordinary()))
    assert says(report, "vjp", "the second cotangent of x differs from central differences")
    assert not says(report, "vjp", "the cotangent of x")


def test_a_jvp_that_disagrees_with_the_vjp(registered: Any) -> None:
    op = cubed()
    op.jvp(lambda tangents, x, out: tangents[0] * (3 * x))
    assert says(check(registered(op, ordinary())), "jvp", "where reverse mode gives")


def test_a_vjp_that_widens(registered: Any) -> None:
    op = cubed(vjp=lambda ct, x, out: ops.cast(ct, dtype=float64) * (3 * x * x))
    assert says(check(registered(op, ordinary())), "vjp", "widens float32 to float64 in <cast(")


def test_a_captured_numpy_scalar_widens(registered: Any) -> None:
    op = cubed(vjp=lambda ct, x, out: ct * (x * x) * np.float64(3))
    report = check(registered(op, ordinary()))
    assert says(report, "vjp", "a NumPy scalar of type float64 widens float32 to float64")


def test_a_reference_of_another_value(registered: Any) -> None:
    op = cubed(reference=lambda x: x * x * x + x.dtype.type(1e-3))
    report = check(registered(op, ordinary()))
    assert says(report, "body", "the body's value differs by ")
    assert says(report, "body", "compiled, the value differs by ")


def test_a_reference_of_another_dtype(registered: Any) -> None:
    op = cubed(reference=lambda x: (x * x * x).astype(np.float64))
    wanted = "gives float64[7] where the type rule says float32[7] at sample 0"
    report = check(registered(op, ordinary()))
    assert says(report, "reference", wanted)
    assert report.checks == ("reference",)


def test_a_reference_that_raises(registered: Any) -> None:
    op = cubed(reference=lambda x: np.linalg.cholesky(x))
    assert says(check(registered(op, ordinary())), "reference", "ended in LinAlgError")


def test_a_reference_that_depends_on_the_memory_layout(registered: Any) -> None:
    op = cubed(reference=lambda x: (x * x * x).ravel(order="K").reshape(x.shape))
    report = check(registered(op, case(normal(3, 4))))
    assert says(report, "reference", "with transposed inputs on reference the value differs")


def logarithm(**wrong: Any) -> Op:
    fields = {"formula": r"\log(1 + x)", "accepts": "f", "ulp": 2.0, "reference": np.log1p}
    fields["domain"] = {"x": above_minus_one}
    op: Op = elementwise(**{**fields, **wrong, "name": "throwaway"})(ops.log1p.function)
    op.vjp(lambda ct, x, out: ct / (1 + x))
    return op


def test_a_missing_domain(registered: Any) -> None:
    report = check(registered(logarithm(domain=None), ordinary(-0.9, 3.0)))
    assert says(report, "domain", "the value is nan at x = -3.0 (none stated)")


def test_a_domain_that_is_too_wide(registered: Any) -> None:
    wide = {"x": type(positive)("x >= -1", lambda x: x >= -1, 0.0)}
    report = check(registered(logarithm(domain=wide), ordinary(-0.9, 3.0)))
    assert says(report, "domain", "the value is -inf at x = -1.0 (x: x >= -1)")


def test_a_safe_point_outside_the_domain(registered: Any) -> None:
    off = {"x": type(positive)("x > -1", lambda x: x > -1, -2.0)}
    report = check(registered(logarithm(domain=off), ordinary(-0.9, 3.0)))
    assert says(report, "domain", "the safe point -2.0 of x lies outside x > -1")


def test_a_smooth_sample_outside_the_domain(registered: Any) -> None:
    report = check(registered(logarithm(), case(normal(9, scale=5.0))))
    assert says(report, "samples", "x leaves the domain x > -1: mark sample 0")


def test_nan_at_a_kink(registered: Any) -> None:
    def root(**fields: Any) -> Op:
        op: Op = elementwise(
            formula=r"\sqrt{x^2}",
            reference=np.abs,
            accepts="f",
            ulp=2.0,
            name="throwaway",
            **fields,
        )(lambda x: sqrt(x * x))
        op.vjp(lambda ct, x, out: ct * (x / out))
        return op

    samples = ordinary(0.5, 3.0), around(0.0, 1.0)
    report = check(registered(root(), *samples))
    assert says(report, "vjp", "the cotangent of x is NaN at x = 0.0")
    owned_up = check(registered(root(kink="NaN at 0"), *samples))
    assert not says(owned_up, "vjp", "is NaN at")


def test_an_input_wrongly_called_constant(registered: Any) -> None:
    op = cubed(differentiable=())
    report = check(registered(op, ordinary()))
    assert says(report, "differentiable", "leaves an input out: the cotangent of x differs")


def test_an_ulp_bound_that_is_too_tight(registered: Any) -> None:
    report = check(registered(cubed(ulp=0.5), ordinary()))
    assert says(report, "ulp", "compiled, the value differs by ")
    assert not says(report, "body", "")


def test_an_accepted_dtype_that_the_body_cannot_compute(registered: Any) -> None:
    op = cubed(accepts="if", body=lambda x: x * x * x * 1.0)
    report = check(registered(op, ordinary()))
    assert any("mixes int32 with the float literal 1.0" in s for s in report.sentences())


def test_no_sample_at_which_a_gradient_can_be_checked(registered: Any) -> None:
    report = check(registered(cubed(), case(normal(4), smooth=False), around(0.0)))
    assert says(report, "samples", "no smooth sample in float64, so that no gradient is checked")


def test_a_sample_that_the_op_refuses(registered: Any) -> None:
    report = check(registered(cubed(), ordinary(), case(integers(0, 3, 4))))
    assert says(report, "samples", "sample 6 (int64[4]) is refused: got int64, wanted floats")


def two(**fields: Any) -> Op:
    op: Op = elementwise(
        formula="x - 2y", reference=lambda x, y: x - 2 * y, accepts="f", name="throwaway", **fields
    )(lambda x, y: x - 2 * y)
    op.vjp(lambda ct, x, y, out: (ct, ct * -2))
    return op


def test_stated_properties_that_do_not_hold(registered: Any) -> None:
    assert check(registered(two(linear_in=[("x", "y")]), ordinary())).conforms
    assert says(check(registered(two(associative=True), ordinary())), "associative", "regrouped")
    assert says(check(registered(two(identity=True), ordinary())), "identity", "is not the first")
    assert says(check(registered(cubed(linear_in=[("x",)]), ordinary())), "linear_in", "(x): the")
    shifted = cubed(
        body=lambda x: x * x * x + 1.0, reference=lambda x: x * x * x + 1, zero_preserving=True
    )
    assert says(check(registered(shifted, ordinary())), "zero_preserving", "zeros do not stay")


def rows(body: Callable[..., Any], reference: Callable[..., Any]) -> Op:
    op: Op = movement(formula="y_i", reference=reference, name="throwaway")(body)

    @op.type_rule
    def typed(x: Any) -> Any:
        if x.ndim != 1:
            raise ShapeError(f"got {x}, wanted a vector")
        return x

    op.vjp(lambda ct, x, out: ops.flip(ct))
    return op


def test_movements(registered: Any) -> None:
    right = rows(lambda i, x: x[(x.shape[0] - 1 - i[0],)], lambda x: x[::-1])
    assert check(registered(right, case(normal(5)), case(normal(0)))).sentences() == []
    other = rows(lambda i, x: x[(i[0],)], lambda x: x[::-1])
    assert says(check(registered(other, case(normal(5)))), "body", "the index map's value differs")
    outside = rows(lambda i, x: x[(x.shape[0] - i[0],)], lambda x: x[::-1])
    sentence = "the index map reads input 0 at 5 of axis 0 with 5 elements"
    assert says(check(registered(outside, case(normal(5)))), "body", sentence)


def test_an_error_that_is_no_sentence(registered: Any) -> None:
    op = rows(lambda i, x: x[(x.shape[0] - 1 - i[0],)], lambda x: x[::-1] + 0 * x.max())
    report = check(registered(op, case(normal(5))))
    assert says(report, "type_rule", "inputs cut to 0 (float64[0]) end in ValueError")


def folded(combine: Callable[..., Any], init: float) -> Op:
    op: Op = reduction(
        formula=r"\sum_i x_i", init=lambda dtype: init, reference=np.sum, accepts="f",
        linear_in=[("x",)], name="throwaway",
    )(combine)  # fmt: skip
    op.vjp(lambda ct, x, out, *, axis, keepdims: ops.spread(ct, x, axis, keepdims))
    return op


def test_reductions(registered: Any) -> None:
    samples = case(normal(3, 4)), case(normal(3, 4), axis=1), case(normal(0, 2), axis=0)
    right = folded(lambda a, b: a + b, 0)
    assert check(registered(right, *samples)).sentences() == []
    started = folded(lambda a, b: a + b, 1)
    assert says(check(registered(started, *samples)), "body", "the fold's value differs")
    lopsided = folded(lambda a, b: a + abs_(b), 0)
    report = check(registered(lopsided, *samples))
    assert says(report, "body", "the regrouped fold's value differs")


def test_a_composite_against_its_reference(registered: Any) -> None:
    op: Op = composite(formula="x + x^2", reference=lambda x: x + 2 * x * x, name="throwaway")(
        lambda x: x + x * x
    )
    report = check(registered(op, case(normal(5))))
    assert says(report, "body", "the value differs by ")


def test_a_composite_that_widens(registered: Any) -> None:
    op: Op = composite(formula="x^2", name="throwaway")(
        lambda x: ops.cast(ops.cast(x, dtype=float64) * x, dtype=x.dtype)
    )
    report = check(registered(op, case(normal(5))))
    assert says(report, "body", "widens float32 to float64 in <cast(")


@pytest.mark.parametrize(
    ("sample", "sentence"),
    [
        (bad(integers(0, 9, 3), says="wanted pears"), "says 'got int64, wanted floats', wanted"),
        (bad(normal(3), says="wanted floats"), "is accepted, and should end in 'wanted floats'"),
    ],
)
def test_bad_samples_that_end_otherwise(registered: Any, sample: Any, sentence: str) -> None:
    report = check(registered(cubed(), ordinary(), sample))
    assert says(report, "samples", sentence)


def test_a_refusal_that_is_no_located_error(registered: Any) -> None:
    op = cubed()

    @op.normalise
    def refuse(x: Any) -> Any:
        if x.ndim > 2:
            raise ValueError("three")
        return {}

    report = check(registered(op, ordinary(-3.0, 3.0)[:2], bad(normal(2, 2, 2), says="three")))
    assert says(report, "samples", "ends in ValueError (three), not in a sentence")


def test_a_backend_that_disagrees(registered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(graph: Any, arrays: Any) -> list[Any]:
        return [array * array.dtype.type(1.001) for array in evaluate(graph, arrays)]

    op = registered(cubed(), ordinary())
    monkeypatch.setitem(BACKENDS, "broken", broken)
    report = check(op)
    assert says(report, "body", "on the backend broken the value differs")
    assert says(report, "vjp", "on the backend broken the cotangent of x differs")


def test_a_plugin_registered_again_is_compiled_again(registered: Any) -> None:
    assert check(registered(cubed(), ordinary())).conforms
    twice = {"body": lambda x: 2 * x * x * x, "reference": lambda x: 2 * x * x * x}
    again = cubed(vjp=lambda ct, x, out: ct * (6 * x * x), **twice)
    assert check(registered(again, ordinary())).sentences() == []


def test_every_backend_in_the_table_runs(registered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def second(graph: Any, arrays: Any) -> list[Any]:
        seen.append(graph.name)
        return evaluate(graph, arrays)

    op = registered(cubed(), ordinary())
    monkeypatch.setitem(BACKENDS, "second", second)
    assert check(op).conforms
    assert seen
