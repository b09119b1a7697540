"""Composites: ops defined by a function of other ops, in the graph a unit with a sub-graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from ..attributes import attributes_key
from ..graph import Graph
from ..op import Op
from ..types import TupleType, Type


class Composite(Op):
    """An op whose body is a function over values.

    Without gradient rules it is opened before algebra and differentiated through; with rules of
    its own it stays closed until derivatives are taken.
    """

    kind: ClassVar[str] = "composite"

    def __init__(self, function: Callable[..., Any], **contract: Any) -> None:
        super().__init__(function, **contract)
        self._graphs: dict[Any, Graph] = {}

    @property
    def has_rules(self) -> bool:
        """True when it stays closed until derivatives are taken."""
        return self.vjp_rule is not None or self.jvp_rule is not None

    def subgraph(self, types: Sequence[Type], attributes: Mapping[str, Any]) -> Graph:
        """The body traced for these types and attributes."""
        from ..subtrace import trace_subgraph

        key = (tuple(types), attributes_key(attributes))
        if key not in self._graphs:
            self._graphs[key] = trace_subgraph(
                self.name, partial(self.function, **attributes), types
            )
        return self._graphs[key]

    def infer(self, types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
        outputs = self.subgraph(types, attributes).output_types
        return outputs[0] if len(outputs) == 1 else TupleType(outputs)

    def evaluate(self, arrays: Sequence[Any], attributes: Mapping[str, Any], type: Type) -> Any:
        from ..interpret import evaluate
        from ..types import type_of

        graph = self.subgraph([type_of(array) for array in arrays], attributes)
        results = evaluate(graph, arrays)
        return results[0] if len(results) == 1 else tuple(results)


def composite(**contract: Any) -> Callable[[Callable[..., Any]], Composite]:
    """Define an op from a function of other ops; see `Op` for the fields."""
    return partial(Composite, **contract)
