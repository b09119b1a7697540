"""Transposes into contractions, whose dimension numbers say the same; products without sums."""

from ... import ops
from ...compiler.plugin import Rule, rewrites, variables
from ..movement.permuted import permuted

x, y, p, c, b, o, i, j = variables("x y p c b o i j")


def _kept(ndim, *taken):
    """The dimensions that are neither contracted nor batch."""
    return [axis for axis in range(ndim) if not any(axis in axes for axes in taken)]


def _in_order(axes, contract, batch):
    """True when the permutation leaves the kept dimensions in their order."""
    kept = [axes[axis] for axis in _kept(len(axes), contract, batch)]
    return kept == sorted(kept)


def _moved(pairs, side, axes):
    """Dimension pairs with those of one side named as before the transpose."""
    moved = list(pairs)
    moved[side] = tuple(axes[axis] for axis in pairs[side])
    return tuple(moved)


def _exchanged(x, y, p, c, b):
    """The product of y and x when `p` does no more than exchange their blocks of dimensions."""
    batch = len(b[0])
    of_x = len(_kept(x.ndim, c[0], b[0]))
    of_y = len(_kept(y.ndim, c[1], b[1]))
    blocks = (range(batch), range(batch + of_x, batch + of_x + of_y), range(batch, batch + of_x))
    if p != tuple(axis for block in blocks for axis in block):
        return None
    return ops.dot_general(y, x, contract=(c[1], c[0]), batch=(b[1], b[0]))


def _spread(x, y, b):
    """The elementwise product of two arrays with their batch dimensions in front, added to 0."""
    of_x, of_y = _kept(x.ndim, b[0]), _kept(y.ndim, b[1])
    x, y = permuted(x, (*b[0], *of_x)), permuted(y, (*b[1], *of_y))
    shared = y.shape[: len(b[1])]
    stretched = (*shared, *(1 for _ in of_x), *y.shape[len(shared) :])
    product = ops.reshape(x, shape=x.shape + (1,) * len(of_y)) * ops.reshape(y, shape=stretched)
    return product + 0


def _is_trace(x, y, c, o, i, j):
    """True for the main diagonal of a square product of two matrices."""
    plain = x.ndim == y.ndim == 2 and len(c[0]) == 1 and o == 0 and {i, j} == {0, 1}
    return plain and x.shape[1 - c[0][0]] == y.shape[1 - c[1][0]]


def _traced(x, y, c):
    """The sum of ``x * y^T``: the products on the diagonal, and no others."""
    x, y = (permuted(each, (1 - own[0], own[0])) for each, own in ((x, c[0]), (y, c[1])))
    return ops.sum(x * y, axis=(0, 1))


rewrites.add(
    Rule(
        ops.sum(
            ops.diagonal(
                ops.dot_general(x, y, contract=c, batch=((), ())), offset=o, axis1=i, axis2=j
            ),
            axis=(0,),
            keepdims=False,
        ),
        _traced,
        "the same products, added in another order; those off the diagonal are never made",
        when=_is_trace,
        name="trace of a product -> sum of products",
        theory="P18 mat-01",
    ),
    Rule(
        ops.dot_general(x, y, contract=((), ()), batch=b),
        _spread,
        "each element is one product; added to 0 as sums are, it is never -0.0",
        when=lambda b: len(b[0]) > 0,  # else it may be a link in a chain of matrices
        name="product without a sum -> mul, add",
    ),
    Rule(
        ops.dot_general(ops.transpose(x, axes=p), y, contract=c, batch=b),
        lambda x, y, p, c, b: ops.dot_general(
            x, y, contract=_moved(c, 0, p), batch=_moved(b, 0, p)
        ),
        "the same products in the same order",
        when=lambda p, c, b: _in_order(p, c[0], b[0]),
        name="transpose into the left of a product",
    ),
    Rule(
        ops.dot_general(x, ops.transpose(y, axes=p), contract=c, batch=b),
        lambda x, y, p, c, b: ops.dot_general(
            x, y, contract=_moved(c, 1, p), batch=_moved(b, 1, p)
        ),
        "the same products in the same order",
        when=lambda p, c, b: _in_order(p, c[1], b[1]),
        name="transpose into the right of a product",
    ),
    Rule(
        ops.transpose(ops.dot_general(x, y, contract=c, batch=b), axes=p),
        _exchanged,
        "the same products, each with its factors exchanged, in the same order",
        name="transpose of a product",
    ),
)
