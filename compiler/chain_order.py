"""The cheapest order of a chain of matrix products, with biases on the way (theory row lin-04).

A chain is ``F_0 F_1 ... F_n``, where ``F_0`` may have many rows (the batch). A bias after factor j
is added to each row of ``F_0 ... F_j``; where that product is never formed it is carried on through
the factors that follow: ``b = sum_l b_l F_{l+1} ... F_j``.

An order is a factor's number, or a pair of orders. Costs are floating-point operations of one call:
a product of constants is computed once, while compiling, and costs nothing in a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Order: TypeAlias = "int | tuple[Order, Order]"


@dataclass(frozen=True, slots=True)
class Chain:
    """Extents of a chain of products.

    Attributes
    ----------
    extents : tuple of int
        Factor j has ``extents[j]`` rows and ``extents[j + 1]`` columns.
    constant : tuple of bool
        Which factors are known while compiling.
    biases : dict of int to bool
        After which factors a bias is added, and whether it is constant.
    """

    extents: tuple[int, ...]
    constant: tuple[bool, ...]
    biases: dict[int, bool]

    def mirrored(self) -> Chain:
        """The transposed chain: the last factor first."""
        last = len(self.constant) - 1
        biases = {last - j: constant for j, constant in self.biases.items()}
        return Chain(self.extents[::-1], self.constant[::-1], biases)

    def product(self, first: int, split: int, last: int) -> int:
        """Operations of (first ... split) times (split + 1 ... last), constants or not."""
        return 2 * self.extents[first] * self.extents[split + 1] * self.extents[last + 1]

    def is_constant(self, first: int, last: int) -> bool:
        """True when the product of these factors is known while compiling."""
        return all(self.constant[first : last + 1])

    def carried(self, split: int, last: int) -> int:
        """Operations that carry the biases after factors split + 1 ... last - 1 to factor last."""
        total, known, constant = 0, False, True
        for j in range(split + 1, last + 1):
            if known and not (constant and self.constant[j]):
                total += 2 * self.extents[j] * self.extents[j + 1]
                constant = False
            if j in self.biases:
                constant = constant and self.biases[j]
                known = True
        return total


def mirrored(order: Order) -> Order:
    """The order for the transposed chain, before its factors are renumbered."""
    return order if isinstance(order, int) else (mirrored(order[1]), mirrored(order[0]))


def renumbered(order: Order, last: int) -> Order:
    """The order with factor j called last - j."""
    if isinstance(order, int):
        return last - order
    return renumbered(order[0], last), renumbered(order[1], last)


def ends(order: Order) -> tuple[int, int]:
    """The first and the last factor of an order."""
    first = last = order
    while not isinstance(first, int):
        first = first[0]
    while not isinstance(last, int):
        last = last[1]
    return first, last


def cost(chain: Chain, order: Order) -> int:
    """Operations of one call in this order."""
    if isinstance(order, int):
        return 0
    (first, split), (_, last) = ends(order[0]), ends(order[1])
    total = cost(chain, order[0]) + cost(chain, order[1])
    if not chain.is_constant(first, last):
        total += chain.product(first, split, last)
    return total + (chain.carried(split, last) if first == 0 else 0)


def once(chain: Chain, order: Order) -> int:
    """Operations spent while compiling in this order, on products of constant factors."""
    if isinstance(order, int):
        return 0
    (first, split), (_, last) = ends(order[0]), ends(order[1])
    own = chain.product(first, split, last) if chain.is_constant(first, last) else 0
    return own + once(chain, order[0]) + once(chain, order[1])


Best: TypeAlias = "tuple[int, int, Order]"


def cheapest(chain: Chain) -> tuple[int, Order]:
    """The least operations of one call, and an order that takes them (dynamic programming).

    Among equals the one that takes the fewest operations while compiling.
    """
    count = len(chain.constant)
    best: dict[tuple[int, int], Best] = {(j, j): (0, 0, j) for j in range(count)}
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            joined = [
                _joined(chain, best[first, split], best[split + 1, last], (first, split, last))
                for split in range(first, last)
            ]
            best[first, last] = min(joined, key=lambda found: found[:2])
    total, _, order = best[0, count - 1]
    return total, order


def _joined(chain: Chain, left: Best, right: Best, place: tuple[int, int, int]) -> Best:
    first, split, last = place
    constant, own = chain.is_constant(first, last), chain.product(*place)
    total = left[0] + right[0] + (0 if constant else own)
    total += chain.carried(split, last) if first == 0 else 0
    return total, left[1] + right[1] + (own if constant else 0), (left[2], right[2])


def one_map(chain: Chain) -> tuple[int, Order]:
    """The cost and the order that make one map of all factors but the first."""
    rest = Chain(chain.extents[1:], chain.constant[1:], {})
    order: Order = (0, _shifted(cheapest(rest)[1]))
    return cost(chain, order), order


def _shifted(order: Order) -> Order:
    return order + 1 if isinstance(order, int) else (_shifted(order[0]), _shifted(order[1]))
