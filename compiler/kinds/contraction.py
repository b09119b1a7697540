"""Contractions: sums of products whose loop structure the compiler knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..errors import ShapeError
from ..op import Op, array_types
from ..types import ArrayType, Type
from .promotion import cast_to, common_dtype

if TYPE_CHECKING:
    from ..builder import Builder
    from ..value import Value


class Labels(NamedTuple):
    """A contraction as loops: one label per dimension; labels absent from `out` are summed."""

    x: tuple[int, ...]
    y: tuple[int, ...]
    out: tuple[int, ...]


class Contraction(Op):
    """An op ``out[...] = sum x[...] * y[...]`` over labelled dimensions.

    The decorated function is ``labels(x, y, **attributes) -> Labels`` of the two types.
    """

    kind: ClassVar[str] = "contraction"

    def __init__(self, function: Callable[..., Any], **contract: Any) -> None:
        super().__init__(function, **{"cost": "contraction", **contract})

    def prepare(
        self, builder: Builder, values: list[Value], attributes: dict[str, Any]
    ) -> tuple[list[Value], dict[str, Any]]:
        dtype, _ = common_dtype(values)
        values = [cast_to(builder, value, dtype) for value in values]
        return super().prepare(builder, values, attributes)

    def labels(self, types: Sequence[ArrayType], attributes: Mapping[str, Any]) -> Labels:
        """The loop structure for these types."""
        labels: Labels = self.function(*types, **attributes)
        return labels

    def infer(self, types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
        x, y = array_types(types)
        labels = self.labels((x, y), attributes)
        extents: dict[int, int] = {}
        for names, type in ((labels.x, x), (labels.y, y)):
            for label, extent in zip(names, type.shape, strict=True):
                if extents.setdefault(label, extent) != extent:
                    raise ShapeError(f"a paired dimension is {extents[label]} here, {extent} there")
        return ArrayType(tuple(extents[label] for label in labels.out), x.dtype)


def contraction(**contract: Any) -> Callable[[Callable[..., Any]], Contraction]:
    """Define a contraction from its labels; see `Op` for the fields."""
    return partial(Contraction, **contract)
