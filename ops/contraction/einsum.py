"""Sums of products by Einstein subscripts."""

import itertools
import math

import numpy as np

from ... import ops
from ...compiler.plugin import ArgumentError, bad, case, composite, integers, normal
from ..movement.permuted import permuted
from .subscripts import label_extents, read_subscripts


def _reference(*operands, subscripts):
    return np.einsum(subscripts, *operands)


@composite(
    formula=r"z_{o} = \sum_{l \notin o} \prod_k (x_k)_{l_k}",
    reference=_reference,
)
def einsum(*operands, subscripts):
    """NumPy's ``einsum``: labels on axes, sums over those that the result does not have.

    A label twice on one operand takes its diagonal, an ellipsis broadcasts. Several operands are
    multiplied pair by pair, always the pair that costs least next.
    """
    names, result = read_subscripts(subscripts, [x.ndim for x in operands])
    extents = label_extents(names, [x.shape for x in operands])
    terms = [_stripped(*_diagonal(x, n), extents) for x, n in zip(operands, names, strict=True)]
    while len(terms) > 1:
        i, j = _cheapest(terms, result, extents)
        rest = [term for k, term in enumerate(terms) if k not in (i, j)]
        kept = {*result, *(n for _, names in rest for n in names)}
        terms = [*rest, _product(terms[i], terms[j], kept)]
    ((x, names),) = terms
    x, names = _summed(x, names, set(result))
    return permuted(x, [names.index(n) for n in result])


@einsum.normalise
def einsum_subscripts(*operands, subscripts):
    if not isinstance(subscripts, str):
        raise ArgumentError(f"the subscripts are {subscripts!r}, wanted a string")
    names, _ = read_subscripts(subscripts, [x.ndim for x in operands])
    label_extents(names, [x.shape for x in operands])
    return {"subscripts": subscripts.replace(" ", "")}


def _diagonal(x, names):
    """The operand with each label once."""
    names = list(names)
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            x = ops.diagonal(x, axis1=first, axis2=second)
            names = [n for a, n in enumerate(names) if a not in (first, second)] + [name]
    return x, names


def _stripped(x, names, extents):
    """The operand without axes of extent 1 whose label is longer elsewhere: they broadcast."""
    kept = [a for a, n in enumerate(names) if x.shape[a] == extents[n]]
    if len(kept) == len(names):
        return x, names
    return ops.reshape(x, shape=tuple(x.shape[a] for a in kept)), [names[a] for a in kept]


def _cheapest(terms, result, extents):
    """The pair whose product takes the fewest multiplications, the first of equal ones."""

    def cost(pair):
        names = {n for i in pair for n in terms[i][1]}
        return math.prod(extents[n] for n in names)

    return min(itertools.combinations(range(len(terms)), 2), key=cost)


def _summed(x, names, kept):
    """The operand summed over the labels that nothing else needs."""
    axes = tuple(a for a, n in enumerate(names) if n not in kept)
    if not axes:
        return x, names
    return ops.sum(x, axis=axes), [n for n in names if n in kept]


def _product(left, right, kept):
    """The product of two operands, summed over shared labels that nothing else needs."""
    x, x_names = _summed(*left, kept | set(right[1]))
    y, y_names = _summed(*right, kept | set(left[1]))
    shared = [n for n in x_names if n in y_names]
    paired = [n for n in shared if n in kept]
    summed = [n for n in shared if n not in kept]
    product = ops.dot_general(
        x,
        y,
        contract=([x_names.index(n) for n in summed], [y_names.index(n) for n in summed]),
        batch=([x_names.index(n) for n in paired], [y_names.index(n) for n in paired]),
    )
    own = [n for n in (*x_names, *y_names) if n not in shared]
    return product, [*paired, *own]


einsum.samples(
    case(normal(3, 4), normal(4, 5), subscripts="ij,jk->ik"),
    case(normal(2, 3, 4), normal(2, 4, 5), subscripts="bij,bjk"),
    case(normal(3, 4), subscripts="ij->ji"),
    case(normal(3, 4), subscripts="ij->"),
    case(normal(3, 3), subscripts="ii"),
    case(normal(3, 3, 2), subscripts="iij->ij"),
    case(normal(3), normal(4), subscripts="i,j->ji"),
    case(normal(2, 3), normal(3, 4), normal(4, 2), subscripts="ab,bc,ca->"),
    case(normal(2, 1, 3, 4), normal(5, 4, 2), subscripts="...ij,...jk"),
    case(normal(2, 3), normal(3), subscripts="...i,i->..."),
    case(normal(2, 3, 4), subscripts="i...->...i"),
    case(normal(3, 1), normal(4, 2), subscripts="ij,jk->ik"),
    case(normal(3, 0), normal(0, 2), subscripts="ij,jk->ik"),
    case(integers(-3, 3, 2, 3), integers(-3, 3, 3), subscripts="ij,j->i"),
    bad(normal(2, 3), normal(4, 2), subscripts="ij,jk", says="the label 'j' has 3 elements here"),
    bad(normal(1, 3), subscripts="ii->i", says="the label 'i' has 1 elements here, 3 there"),
    bad(normal(2, 3), subscripts="ij,jk", says="'ij,jk' names 2 arrays, got 1"),
    bad(normal(2, 3), subscripts="ijk", says="'ijk' in 'ijk' does not fit an array of 2"),
    bad(normal(2, 3), subscripts="ij->ik", says="repeats or invents a letter"),
    bad(normal(2, 3), subscripts="i1", says="'1' in 'i1' is no letter"),
)
