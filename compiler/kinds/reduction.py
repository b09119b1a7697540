"""Reductions: init, combine and finalise scalar functions over some axes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from ..dtypes import DType, bool_, float32, float64, int64, uint64
from ..errors import AxisError, DTypeError, PluginError, ShapeError
from ..op import Op, array_types
from ..scalar import Scalar, cast
from ..scalar.expression import literal
from ..scalar.trace import inputs
from ..types import ArrayType, Type
from .promotion import cast_to

if TYPE_CHECKING:
    from ..builder import Builder
    from ..value import Value


_WIDEST = {"f": float64, "i": int64, "u": uint64, "b": bool_}


class Fold(NamedTuple):
    """A reduction as scalar expressions; a state is a tuple of scalars.

    Attributes
    ----------
    init : tuple of Scalar
        Literals of the starting state.
    lift : tuple of Scalar
        State of one element, over INPUT 0 (the element) and 1 (its linear index, int64).
    combine : tuple of Scalar
        The merged state, over one state's INPUTs and then the other's.
    finalise : Scalar
        The result, over the state's INPUTs.
    """

    init: tuple[Scalar, ...]
    lift: tuple[Scalar, ...]
    combine: tuple[Scalar, ...]
    finalise: Scalar


class Reduction(Op):
    """An op that folds axes of one input with an associative combiner.

    The decorated function is the combiner ``combine(a, b)`` of two states. It is associative and
    commutative up to rounding: programs merge the elements of a row in lanes, so that `a` need not
    hold the earlier elements. A state is one scalar, or a tuple of scalars where `lift` makes one.

    Parameters
    ----------
    init : callable
        ``init(dtype) -> number or tuple``: the state of no elements.
    lift : callable, optional
        ``lift(x, index) -> state``; the element itself by default.
    finalise : callable, optional
        ``finalise(*state) -> scalar``; the state itself by default.
    accumulates : str
        ``"same"`` keeps the dtype; ``"wide"`` sums bool and small integers in 64 bits as NumPy
        does; ``"bool"`` takes the truth of each element.
    result : DType, optional
        The output's dtype where it is not the accumulator's.
    empty : bool
        False when a reduction of no elements has no value (``max``).
    accepts : str
        Kinds of dtype that it takes.
    """

    kind: ClassVar[str] = "reduction"

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        init: Callable[[DType], Any],
        lift: Callable[..., Any] | None = None,
        finalise: Callable[..., Any] | None = None,
        accumulates: Literal["same", "wide", "bool"] = "same",
        result: DType | None = None,
        empty: bool = True,
        accepts: str = "biuf",
        **contract: Any,
    ) -> None:
        super().__init__(function, **{"associative": True, **contract})
        self.init = init
        self.lift = lift
        self.finalise = finalise
        self.accumulates = accumulates
        self.result = result
        self.empty = empty
        self.accepts = accepts
        self._folds: dict[DType, Fold] = {}

    def _own_parameters(self, function: Callable[..., Any]) -> list[inspect.Parameter]:
        return list(inspect.signature(_reduce_signature).parameters.values())

    def prepare(
        self, builder: Builder, values: list[Value], attributes: dict[str, Any]
    ) -> tuple[list[Value], dict[str, Any]]:
        (x,) = values
        if x.type.dtype.kind not in self.accepts:
            raise DTypeError(f"got {x.dtype}, wanted one of the kinds {self.accepts!r}")
        axis = normalise_axes(attributes["axis"], x.ndim)
        attributes = {**attributes, "axis": axis, "keepdims": bool(attributes["keepdims"])}
        if self.accumulates == "bool":
            x = x if x.type.dtype is bool_ else x != 0
        elif self.accumulates == "wide" and not x.type.dtype.is_inexact:
            x = cast_to(builder, x, uint64 if x.dtype.kind == "u" else int64)
        return [x], attributes

    def infer(self, types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
        (x,) = array_types(types)
        axis = attributes["axis"]
        if not self.empty and any(x.shape[a] == 0 for a in axis):
            raise ShapeError(f"the axes {axis} of {x} are empty, and no elements have no result")
        shape = reduced_shape(x.shape, axis, attributes["keepdims"])
        return ArrayType(shape, self.result or x.dtype)

    def fold(self, dtype: DType) -> Fold:
        """The reduction's scalar expressions for elements of `dtype`.

        Storage types are widened to float32, and what their states come to is rounded once.
        """
        if dtype not in self._folds:
            self._folds[dtype] = self._trace(dtype)
        return self._folds[dtype]

    def _trace(self, dtype: DType) -> Fold:
        element, position = inputs([dtype, int64])
        if dtype.storage_only:
            element = cast(element, float32)
        lifted = _state(self.lift(element, position) if self.lift else element)
        dtypes = [scalar.dtype for scalar in lifted]
        init = tuple(
            literal(value, d) for value, d in zip(_state(self.init(dtype)), dtypes, strict=True)
        )
        both = inputs(dtypes + dtypes)
        first, second = both[: len(dtypes)], both[len(dtypes) :]
        bare = len(dtypes) == 1
        combined = _state(
            self.function(first[0], second[0]) if bare else self.function(first, second)
        )
        result = self.finalise(*first) if self.finalise else first[0]
        if dtype.storage_only and result.dtype is float32:
            result = cast(result, dtype)
        if [scalar.dtype for scalar in combined] != dtypes:
            raise PluginError(f"plugin {self.name}: combine changes the state's dtypes {dtypes}")
        return Fold(init, lifted, combined, result)

    def validate(self) -> None:
        super().validate()
        self._require(any(kind in _WIDEST for kind in self.accepts), "accepts names no kind")

    def check_body(self) -> None:
        self.fold(bool_ if self.accumulates == "bool" else _WIDEST[self.accepts[-1]])


def _reduce_signature(x: Any, *, axis: Any = None, keepdims: bool = False) -> None:
    """The signature that every reduction has."""


def _state(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def normalise_axes(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """The axes as sorted non-negative numbers; None means all of them."""
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    positive = tuple(sorted(normalise_axis(a, ndim) for a in axes))
    if len(set(positive)) != len(positive):
        raise AxisError(f"the axes {axes} name a dimension twice")
    return positive


def normalise_axis(axis: int, ndim: int) -> int:
    """One axis as a non-negative number."""
    if not isinstance(axis, int) or not -ndim <= axis < ndim:
        raise AxisError(f"axis {axis} is out of range for an array of {ndim} dimensions")
    return axis % ndim


def reduced_shape(shape: tuple[int, ...], axis: Sequence[int], keepdims: bool) -> tuple[int, ...]:
    """The shape left after reducing `axis`."""
    if keepdims:
        return tuple(1 if a in axis else extent for a, extent in enumerate(shape))
    return tuple(extent for a, extent in enumerate(shape) if a not in axis)


def reduction(**contract: Any) -> Callable[[Callable[..., Any]], Reduction]:
    """Define a reduction from its combiner; see `Op` and `Reduction` for the fields."""
    return partial(Reduction, **contract)
