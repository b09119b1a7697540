"""Einstein summation, two operands at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import ops
from ...compiler.errors import ArgumentError, ShapeError
from .selecting import diagonal
from .shapes import transpose
from .table import array, implements

# Labels of the dimensions that an ellipsis stands for: no letters of a subscript.
_ELLIPSIS = "0123456789"


@dataclass(frozen=True, slots=True)
class Labelled:
    """An array with one label per axis."""

    array: Any
    labels: str


@implements(np.einsum)
def einsum(
    subscripts: Any,
    *operands: Any,
    out: Any = None,
    dtype: Any = None,
    order: Any = None,
    casting: Any = None,
    optimize: Any = None,
) -> Any:
    """Sum of products over labelled axes: ``np.einsum("bi,ij->bj", x, w)``.

    Operands are contracted two at a time from the left, or in the order that ``np.einsum_path``
    finds when `optimize` asks for one.
    """
    if not isinstance(subscripts, str):
        raise ArgumentError(
            "the first argument is no string of subscripts", 'Write it as in "ij,jk->ik"'
        )
    arrays = [array(operand) for operand in operands]
    if dtype is not None:
        arrays = [ops.cast(operand, dtype=dtype) for operand in arrays]
    terms, result = parsed(subscripts, [operand.ndim for operand in arrays])
    _check_extents(arrays, terms)
    parts = [_without_repeats(Labelled(*pair)) for pair in zip(arrays, terms, strict=True)]
    while len(parts) > 1:
        first, second, *parts = parts
        kept = result + "".join(each.labels for each in parts)
        parts.insert(0, _contracted(first, second, kept))
    return _arranged(parts[0], result)


def parsed(subscripts: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The labels of each operand and of the result, an ellipsis written out as digits."""
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ranks):
        raise ArgumentError(f"{subscripts!r} has {len(terms)} terms for {len(ranks)} operands")
    hidden = 0
    written = []
    for term, rank in zip(terms, ranks, strict=True):
        named = term.replace("...", "")
        if not all(label.isalpha() for label in named) or term.count("...") > 1:
            raise ArgumentError(f"the term {term!r} of {subscripts!r} is not made of letters")
        extra = rank - len(named)
        if extra < 0 or (extra and "..." not in term):
            raise ShapeError(f"the term {term!r} has {len(named)} labels for {rank} dimensions")
        hidden = max(hidden, extra)
        written.append(term.replace("...", _ELLIPSIS[len(_ELLIPSIS) - extra :]))
    broadcast = _ELLIPSIS[len(_ELLIPSIS) - hidden :]
    if arrow:
        result = result.replace("...", broadcast)
    else:
        letters = "".join(written)
        result = broadcast + "".join(
            label for label in sorted(set(letters)) if label.isalpha() and letters.count(label) == 1
        )
    unknown = [label for label in result if not any(label in term for term in written)]
    if unknown or len(set(result)) != len(result):
        raise ArgumentError(f"the result {result!r} of {subscripts!r} has labels of no operand")
    return written, result


def _check_extents(arrays: Sequence[Any], terms: Sequence[str]) -> None:
    extents: dict[str, int] = {}
    for operand, term in zip(arrays, terms, strict=True):
        for label, extent in zip(term, operand.shape, strict=True):
            known = extents.setdefault(label, extent)
            if known == 1:
                extents[label] = extent
            elif extent not in (1, known):
                raise ShapeError(
                    f"the label {label!r} stands for {known} and for {extent} elements"
                )


def _without_repeats(part: Labelled) -> Labelled:
    """Diagonals taken where a label stands twice."""
    array, labels = part.array, part.labels
    for label in sorted(set(labels)):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            array = diagonal(array, 0, first, second)
            labels = labels[:first] + labels[first + 1 : second] + labels[second + 1 :] + label
    return Labelled(array, labels)


def _contracted(first: Labelled, second: Labelled, kept: str) -> Labelled:
    """The product of two parts, summed over labels that nothing else needs."""
    first, second = _squeezed(first, second), _squeezed(second, first)
    first = _summed(first, kept + second.labels)
    second = _summed(second, kept + first.labels)
    shared = [label for label in first.labels if label in second.labels]
    batch = [label for label in shared if label in kept]
    over = [label for label in shared if label not in kept]
    product = ops.dot_general(
        first.array,
        second.array,
        contract=_places(first, second, over),
        batch=_places(first, second, batch),
    )
    rest = [
        label for part in (first, second) for label in part.labels if label not in (*batch, *over)
    ]
    return Labelled(product, "".join((*batch, *rest)))


def _places(first: Labelled, second: Labelled, labels: Sequence[str]) -> Any:
    return (
        tuple(first.labels.index(label) for label in labels),
        tuple(second.labels.index(label) for label in labels),
    )


def _squeezed(part: Labelled, other: Labelled) -> Labelled:
    """Axes of extent 1 dropped where the other part has the label too: they broadcast."""
    drop = [
        axis
        for axis, label in enumerate(part.labels)
        if part.array.shape[axis] == 1
        and label in other.labels
        and other.array.shape[other.labels.index(label)] != 1
    ]
    if not drop:
        return part
    labels = "".join(label for axis, label in enumerate(part.labels) if axis not in drop)
    return Labelled(ops.squeeze(part.array, axis=tuple(drop)), labels)


def _summed(part: Labelled, kept: str) -> Labelled:
    """Labels that nothing else has summed away."""
    axes = tuple(axis for axis, label in enumerate(part.labels) if label not in kept)
    if not axes:
        return part
    # In the array's own dtype, as products are: not in 64 bits as np.sum of small integers is.
    total = ops.cast(ops.sum(part.array, axis=axes), dtype=part.array.dtype)
    return Labelled(total, "".join(label for label in part.labels if label in kept))


def _arranged(part: Labelled, result: str) -> Any:
    part = _summed(part, result)
    return transpose(part.array, [part.labels.index(label) for label in result])
