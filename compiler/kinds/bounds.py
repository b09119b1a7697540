"""Bounds of index arrays: which elements must be checked before they become an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import OutOfBoundsError
from ..types import ArrayType, type_of

if TYPE_CHECKING:
    from .movement import Movement
    from .scatter import Scatter


class IndexBound(NamedTuple):
    """One index input: its elements lie in ``0 <= i < extent``, or the program fails.

    Attributes
    ----------
    position : int
        Which input of the unit holds the indices.
    axis : int
        The axis of the unit's first input that they point along.
    extent : int
        The extent of that axis.
    """

    position: int
    axis: int
    extent: int


def index_bounds(
    op: Movement | Scatter, name: str, types: Sequence[ArrayType]
) -> tuple[IndexBound, ...]:
    """The bounds of the inputs that belong to the parameter `name`, in order."""
    if not name:
        return ()
    positions = [i for i in range(len(types)) if op.input_name(i) == name]
    shape = types[0].shape
    return tuple(IndexBound(p, axis, shape[axis]) for axis, p in enumerate(positions))


def out_of_bounds(index: int, axis: int, extent: int) -> OutOfBoundsError:
    """The error for an index outside its axis, without the op's name."""
    return OutOfBoundsError(
        f"index {index} is out of bounds for axis {axis} with {extent} elements"
    )


def check_bounds(op: Movement | Scatter, arrays: Sequence[Any]) -> None:
    """Raise for the first index outside its axis.

    Raises
    ------
    OutOfBoundsError
        Naming the op, the index, the axis and its extent.
    """
    for bound in op.checked_indices([type_of(array) for array in arrays]):
        indices = arrays[bound.position]
        wrong = (indices < 0) | (indices >= bound.extent)
        if wrong.any():
            raise out_of_bounds(int(indices[wrong][0]), bound.axis, bound.extent).within(
                op.name, [f"{op.parameters[0]}   {type_of(arrays[0])}"]
            )
