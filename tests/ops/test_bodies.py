"""The scalar bodies of the built-in ops keep the contract: registration leaves that to tests."""

from __future__ import annotations

import pytest

import chainrule  # noqa: F401  (registers the built-in ops)
from chainrule.compiler.errors import PluginError
from chainrule.compiler.plugin import elementwise, ordinary
from chainrule.compiler.registry import registry


@pytest.mark.parametrize("name", registry.names())
def test_the_body_of_a_built_in_op_can_be_traced(name: str) -> None:
    registry[name].check_body()


def test_the_body_of_a_plugin_is_traced_when_it_registers() -> None:
    @elementwise(formula="x", reference=lambda x: x, differentiable=())
    def branching(x):  # type: ignore[no-untyped-def]
        return x if x > 0 else -x

    with pytest.raises(PluginError, match="branching"):
        branching.samples(ordinary())
    assert "branching" not in registry
