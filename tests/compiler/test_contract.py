"""Registration refuses a plugin that breaks the contract, in a sentence that names the field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from chainrule.compiler.errors import PluginError
from chainrule.compiler.op import Op
from chainrule.compiler.plugin import (
    ArrayType,
    Role,
    bad,
    bool_,
    case,
    cast,
    composite,
    elementwise,
    float32,
    float64,
    normal,
    ordinary,
    positive,
    reduction,
)
from chainrule.compiler.registry import registry
from chainrule.compiler.roles import Role as CompilerRole


@pytest.fixture(autouse=True)
def nothing_registered() -> Iterator[None]:
    """A refused plugin leaves no trace, and those accepted here are forgotten."""
    before = set(registry.names())
    yield
    for name in set(registry.names()) - before:
        registry.remove(registry[name])


def doubled(body: Callable[..., Any] = lambda x: 2 * x, *, rule: bool = True, **fields: Any) -> Op:
    """A plugin that fulfils the contract, unless a field is given another value."""
    given = {"formula": "2x", "reference": lambda x: 2 * x, "name": "doubled", **fields}
    op: Op = elementwise(**given)(body)
    if rule:
        op.vjp(lambda ct, x, out: 2 * ct)
    return op


def test_the_complete_record_registers() -> None:
    op = doubled()
    assert not op.sealed
    op.samples(ordinary(), bad(normal(2), says="anything"))
    assert registry["doubled"] is op
    assert op.sealed
    assert (len(op.accepted), len(op.refused)) == (6, 1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: doubled(formula=""),
            "formula is empty: state what the op computes in LaTeX",
        ),
        (
            lambda: doubled(reference=None),
            "reference is missing: give the NumPy function that computes the same",
        ),
        (
            lambda: doubled(rule=False),
            "no gradient rule: attach vjp or jvp, or say differentiable=()",
        ),
        (lambda: doubled(contract=2), "contract is 1"),
        (lambda: doubled(linear_in=[("x", "z")]), "linear_in names ['z'], which is no input"),
        (lambda: doubled(domain={"y": positive}), "domain names ['y'], which is no input"),
        (
            lambda: doubled(differentiable=("weight",)),
            "differentiable names ['weight'], which is no input",
        ),
        (
            lambda: doubled(lambda x: 2 * x if x > 0 else x),
            "the body branches on a scalar, which would not vectorise: use select(condition, a, b)",
        ),
        (
            lambda: doubled(lambda x: x * np.float64(2)),
            "the body widens float32 to float64: write 2.0 as a Python number, which takes the "
            "operand's dtype",
        ),
        (
            lambda: doubled(lambda x: cast(x, float64)),
            "the body gives float64 where its type rule says float32 (inputs float32)",
        ),
        (
            lambda: doubled(lambda x: x > 0),
            "the body gives bool where its type rule says float32 (inputs float32)",
        ),
        (
            lambda: doubled(lambda x: x + cast(x, float64)),
            "the body mixes float32 and float64: cast one of them with cast(x, dtype)",
        ),
        (lambda: doubled(lambda x: 2), "the body returns 2, not a scalar"),
        (
            lambda: doubled(lambda x: x + "2"),
            "the body uses '2' where a scalar or a number belongs",
        ),
        (
            lambda: doubled(lambda x: x + 0.5, accepts="i"),
            "the body mixes int8 with the float literal 0.5: cast first",
        ),
        (
            lambda: doubled(lambda x: np.float64(2) * x),
            "the body widens float32 to float64: write 2.0 as a Python number, which takes the "
            "operand's dtype",
        ),
        (
            lambda: doubled(lambda x: np.tanh(x)),
            "the body ended in TypeError (operand 'Scalar' does not support ufuncs "
            "(__array_ufunc__=None)): it may call other elementwise ops and the words of "
            "compiler.plugin",
        ),
    ],
)
def test_a_broken_field_is_named(make: Callable[[], Op], sentence: str) -> None:
    op = make()
    with pytest.raises(PluginError) as caught:
        op.samples(ordinary())
    assert str(caught.value) == f"plugin doubled: {sentence}"
    assert "doubled" not in registry
    assert not op.sealed


def test_samples_that_are_all_bad_are_none() -> None:
    with pytest.raises(PluginError) as caught:
        doubled().samples(bad(normal(2), says="anything"))
    assert str(caught.value) == "plugin doubled: samples has no sample that the op accepts"


def test_a_taken_name_is_refused() -> None:
    op = elementwise(formula="x", reference=lambda x: x, name="tanh")(lambda x: x)
    op.vjp(lambda ct, x, out: ct)
    holder = registry["tanh"]
    with pytest.raises(PluginError) as caught:
        op.samples(ordinary())
    taken = f"the name is taken by {holder.__module__}"
    assert str(caught.value) == f"plugin tanh: {taken}"
    assert registry["tanh"] is holder


def test_a_taken_role_is_refused() -> None:
    holder = registry.role(Role.ADD)
    with pytest.raises(PluginError) as caught:
        doubled(role=Role.ADD).samples(ordinary())
    assert str(caught.value) == f"plugin doubled: {Role.ADD} is taken by {holder.name}"
    assert registry.role(CompilerRole.ADD) is holder
    assert "doubled" not in registry


def test_a_taken_operator_is_refused() -> None:
    holder = registry.operator("__add__")
    with pytest.raises(PluginError) as caught:
        doubled(operator="__add__").samples(ordinary())
    assert str(caught.value) == f"plugin doubled: __add__ is taken by {holder.name}"  # type: ignore[union-attr]
    assert registry.operator("__add__") is holder


def test_a_plugin_may_be_registered_again_from_its_own_module() -> None:
    doubled().samples(ordinary())
    again = doubled()
    again.samples(ordinary())
    assert registry["doubled"] is again


def test_a_bool_result_is_checked_against_the_field_result() -> None:
    op = doubled(
        lambda x: x + 1, rule=False, result=bool_, differentiable=(), reference=lambda x: x > 0
    )
    with pytest.raises(PluginError) as caught:
        op.samples(ordinary())
    assert str(caught.value) == (
        "plugin doubled: the body gives float32 where its type rule says bool (inputs float32)"
    )


def test_a_type_rule_is_held_to_the_body() -> None:
    op = doubled()
    op.type_rule(lambda x: ArrayType(x.shape, float64))
    with pytest.raises(PluginError) as caught:
        op.samples(ordinary())
    assert str(caught.value) == (
        "plugin doubled: the body gives float32 where its type rule says float64 (inputs float32)"
    )


def test_a_composite_needs_neither_reference_nor_rule() -> None:
    op: Op = composite(formula="2x", name="doubled")(lambda x: x + x)
    op.samples(case(normal(3)))
    assert registry["doubled"] is op


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"accepts": ""}, "accepts names no kind"),
        (
            {"lift": lambda x, index: (x, x)},
            "combine changes the state's dtypes [float64, float64]",
        ),
    ],
)
def test_a_broken_reduction_is_named(fields: dict[str, Any], sentence: str) -> None:
    op: Op = reduction(
        formula="s", reference=np.sum, init=lambda dtype: (0, 0) if "lift" in fields else 0,
        name="doubled", **fields,
    )(lambda a, b: (a[0] > b[0], a[1]) if isinstance(a, tuple) else a + b)  # fmt: skip
    op.vjp(lambda ct, x, out, *, axis, keepdims: ct)
    with pytest.raises(PluginError) as caught:
        op.samples(case(normal(3)))
    assert str(caught.value) == f"plugin doubled: {sentence}"


def test_samples_are_given_in_the_working_dtype() -> None:
    sample = case(normal(2))
    assert sample.arrays(1, 0, "float32")[0].dtype == float32.numpy
    assert sample.arrays(1, 0, "float64")[0].dtype == float64.numpy
