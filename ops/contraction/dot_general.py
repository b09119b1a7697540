"""General product: sums over paired dimensions, with batch dimensions."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    AxisError,
    Labels,
    Role,
    ShapeError,
    bad,
    case,
    contraction,
    integers,
    normal,
    normalise_axis,
)


def _reference(x, y, *, contract, batch):
    labels = _labels(x.ndim, y.ndim, contract, batch)
    return np.asarray(np.einsum(x, labels.x, y, labels.y, labels.out), dtype=x.dtype)


def _labels(x_rank, y_rank, contract, batch):
    """Batch dimensions, then those of x that stay, then those of y that stay."""
    x_names = list(range(x_rank))
    y_names = list(range(x_rank, x_rank + y_rank))
    for a, b in (*zip(*contract, strict=True), *zip(*batch, strict=True)):
        y_names[b] = x_names[a]
    shared = [x_names[a] for a in batch[0]]
    own_x = [n for a, n in enumerate(x_names) if a not in (*contract[0], *batch[0])]
    own_y = [n for b, n in enumerate(y_names) if b not in (*contract[1], *batch[1])]
    return Labels(tuple(x_names), tuple(y_names), (*shared, *own_x, *own_y))


@contraction(
    formula=r"z_{b,i,j} = \sum_k x_{b,i,k} \, y_{b,j,k}",
    linear_in=[("x",), ("y",)],
    role=Role.CONTRACT,
    reference=_reference,
)
def dot_general(x, y, *, contract, batch=((), ())):
    """Sum of products over the dimension pairs `contract`, pairing the dimensions `batch`.

    `contract` and `batch` are pairs of tuples: dimensions of x and of y. The result has the batch
    dimensions, then the other dimensions of x, then those of y.
    """
    return _labels(x.ndim, y.ndim, contract, batch)


@dot_general.normalise
def dot_general_dimensions(x, y, *, contract, batch):
    pairs = {"contract": _paired(x, y, contract), "batch": _paired(x, y, batch)}
    for side, array in enumerate((x, y)):
        taken = [*pairs["contract"][side], *pairs["batch"][side]]
        if len(set(taken)) != len(taken):
            raise AxisError(f"the dimensions {tuple(taken)} of {array} name one twice")
    return pairs


def _paired(x, y, pairs):
    """Dimension pairs, counted from the start, of equal extents."""
    own = tuple(normalise_axis(a, x.ndim) for a in pairs[0])
    other = tuple(normalise_axis(b, y.ndim) for b in pairs[1])
    if len(own) != len(other):
        raise AxisError(f"{own} of x and {other} of y do not pair up")
    for a, b in zip(own, other, strict=True):
        if x.shape[a] != y.shape[b]:
            raise ShapeError(
                f"dimension {a} of x has {x.shape[a]} elements, dimension {b} of y {y.shape[b]}"
            )
    return own, other


@dot_general.vjp
def dot_general_vjp(ct, x, y, out, *, contract, batch):
    labels = _labels(x.ndim, y.ndim, contract, batch)
    return (
        _product(ct, labels.out, y, labels.y, labels.x),
        _product(ct, labels.out, x, labels.x, labels.y),
    )


def _product(a, a_names, b, b_names, wanted):
    """The contraction of two labelled arrays with its dimensions in the order `wanted`."""
    shared = [n for n in a_names if n in b_names]
    batch = [n for n in shared if n in wanted]
    summed = [n for n in shared if n not in wanted]
    product = ops.dot_general(
        a,
        b,
        contract=([a_names.index(n) for n in summed], [b_names.index(n) for n in summed]),
        batch=([a_names.index(n) for n in batch], [b_names.index(n) for n in batch]),
    )
    rest = [n for names in (a_names, b_names) for n in names if n not in shared]
    order = [*batch, *rest]
    if tuple(order) == tuple(wanted):
        return product
    return ops.transpose(product, axes=tuple(order.index(n) for n in wanted))


dot_general.samples(
    case(normal(3, 4), normal(4, 5), contract=((1,), (0,))),
    case(normal(2, 3, 4), normal(2, 5, 4), contract=((2,), (2,)), batch=((0,), (0,))),
    case(normal(3, 4), normal(2, 4, 3), contract=((0, 1), (2, 1))),
    case(normal(3), normal(4), contract=((), ())),
    case(normal(3, 0), normal(0, 2), contract=((1,), (0,))),
    case(integers(-3, 3, 2, 3), integers(-3, 3, 3, 2), contract=((1,), (0,))),
    bad(normal(2, 4), normal(3, 2), contract=((1,), (0,)), says="dimension 1 of x has 4 elements"),
    bad(normal(2, 2), normal(2, 2), contract=((0, 0), (0, 1)), says="name one twice"),
    bad(normal(2, 2), normal(2, 2), contract=((0,), (0, 1)), says="do not pair up"),
    bad(normal(2, 2), normal(2, 2), contract=((2,), (0,)), says="axis 2 is out of range"),
)
