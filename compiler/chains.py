"""Chains of affine maps in a graph: which products follow one another with nothing between.

A product here contracts one dimension of each side, without batch dimensions. A chain is a path of
factors, each linked to the next by a contracted dimension; the factors inside are matrices, the
two at the ends may have any number of dimensions (a batch). Biases may be added at one end, the
anchor: to prefixes ``F_0 ... F_j + b`` or, where the data stand on the right, to suffixes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from .chain_order import Chain, Order, mirrored, renumbered
from .dtypes import float32, float64
from .graph import Graph, Unit
from .roles import Role
from .structural import CONSTANT
from .types import ArrayType

Anchor = Literal["left", "right"]

# Dynamic programming is cubic in the length: longer chains are taken in pieces.
LONGEST = 24
MOST_BIASES = 4  # sums after one another that are looked through for a product


class Factor(NamedTuple):
    """One array of a chain, and its dimensions linked to the factors before and after it."""

    unit: Unit
    left: int | None
    right: int | None

    @property
    def free(self) -> int:
        """The number of elements along the dimensions that are not linked."""
        shape = self.unit.shape
        return math.prod(n for axis, n in enumerate(shape) if axis not in (self.left, self.right))


class Bias(NamedTuple):
    """What is added to each row: the part of a sum that does not vary along the anchor's end.

    Attributes
    ----------
    unit : Unit
        The bias before it was broadcast.
    shape : tuple of int
        The extents along which it may vary.
    own : tuple of int
        Its own extents there: these, or 1.
    """

    unit: Unit
    shape: tuple[int, ...]
    own: tuple[int, ...]


@dataclass
class AffineChain:
    """A chain as found in a graph.

    Attributes
    ----------
    root : Unit
        The unit that gives the chain's value.
    anchor : str
        The end at which biases are added.
    factors : list of Factor
        From left to right.
    biases : dict of int to list of Bias
        By the last factor of the prefix, or the first of the suffix, that they are added to.
    order : Order
        The order in which the graph multiplies them.
    products : int
        How many products it has: one fewer than factors.
    inner : list of Unit
        The units that the chain is made of, without its factors and biases.
    ends : dict of Unit to str
        Units at which the chain ends, and why it does not go on there.
    """

    root: Unit
    anchor: Anchor
    factors: list[Factor] = field(default_factory=list)
    biases: dict[int, list[Bias]] = field(default_factory=dict)
    order: Order = 0
    products: int = 0
    inner: list[Unit] = field(default_factory=list)
    ends: dict[Unit, str] = field(default_factory=dict)

    @cached_property
    def costs(self) -> Chain:
        """Extents and constants, the anchor first."""
        links = [f.unit.shape[f.left] for f in self.factors if f.left is not None]
        extents = (self.factors[0].free, *links, self.factors[-1].free)
        constant = tuple(f.unit.op is CONSTANT for f in self.factors)
        biases = {j: all(b.unit.op is CONSTANT for b in at) for j, at in self.biases.items()}
        chain = Chain(extents, constant, biases)
        return chain if self.anchor == "left" else chain.mirrored()

    def turned(self, order: Order) -> Order:
        """An order of the factors from left to right as one with the anchor first, and back."""
        if self.anchor == "left":
            return order
        return renumbered(mirrored(order), len(self.factors) - 1)


class Finder:
    """Finds the chains of a graph.

    Attributes
    ----------
    ends : dict of Unit to str
        What ended the chains looked at so far, and why.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.outputs = set(graph.outputs)
        self.ends: dict[Unit, str] = {}

    def chains(self) -> Iterator[AffineChain]:
        """Every chain of three factors and more, the last in the graph first."""
        inside: set[Unit] = set()
        for unit in reversed(self.graph.units):
            if unit in inside or not (is_product(unit) or is_sum(unit)):
                continue
            found = self._longest(unit)
            inside.update(found.inner)
            self.ends.update(found.ends)
            if len(found.factors) > 2:
                yield found

    def _longest(self, root: Unit) -> AffineChain:
        candidates = [AffineChain(root, "left"), AffineChain(root, "right")]
        for chain in candidates:
            chain.order = self._expand(chain, root, None, None)
        return max(candidates, key=lambda chain: len(chain.factors) + len(chain.biases))

    def _expand(self, chain: AffineChain, unit: Unit, left: int | None, right: int | None) -> Order:
        """Append the factors of `unit`, linked at these dimensions, and return their order."""
        peeled = self._peel(chain, unit, left, right, MOST_BIASES)
        parts = _parts(peeled[0], left, right) if peeled else None
        if unit is not chain.root and not self._is_read_once(unit):
            if parts is not None:
                chain.ends[unit] = "more than the next map reads what stands between"
            parts = None
        elif parts is None and unit is not chain.root and _follows_product(unit):
            chain.ends[unit] = f"{unit.op.name} stands between two affine maps"
        if peeled is None or parts is None or chain.products == LONGEST - 1:
            chain.factors.append(Factor(unit, left, right))
            return len(chain.factors) - 1
        product, biases, sums = peeled
        chain.products += 1
        chain.inner += [unit, product, *sums]
        first = len(chain.factors)
        order = (self._expand(chain, *parts[0]), self._expand(chain, *parts[1]))
        if biases:
            chain.biases[len(chain.factors) - 1 if chain.anchor == "left" else first] = biases
        return order

    def _peel(
        self, chain: AffineChain, unit: Unit, left: int | None, right: int | None, depth: int
    ) -> tuple[Unit, list[Bias], list[Unit]] | None:
        """The product below sums with biases at the anchor, the biases and the sums."""
        if is_product(unit):
            return unit, [], []
        at_anchor = (left if chain.anchor == "left" else right) is None
        if not (depth and at_anchor and is_sum(unit)):
            return None
        for main, other in (unit.inputs, reversed(unit.inputs)):
            found = None
            if self._is_read_once(main):
                found = self._peel(chain, main, left, right, depth - 1)
            if found is not None:
                product, biases, sums = found
                bias = _bias(other, _varying(chain.anchor, product, left, right))
                if bias is not None:
                    return product, [*biases, bias], [*sums, unit]
        return None

    def _is_read_once(self, unit: Unit) -> bool:
        return len(self.graph.users[unit]) == 1 and unit not in self.outputs


def is_product(unit: Unit) -> bool:
    """True for a contraction of one pair of dimensions without batch, of floats."""
    return (
        unit.op.role is Role.CONTRACT
        and unit.array_type.dtype in (float32, float64)
        and len(unit.attributes["contract"][0]) == 1
        and not unit.attributes["batch"][0]
    )


def is_sum(unit: Unit) -> bool:
    """True for an elementwise sum of floats."""
    return unit.op.role is Role.ADD and unit.array_type.dtype in (float32, float64)


def _follows_product(unit: Unit) -> bool:
    """True when an input is a product, or a sum with one: an affine map as users write it."""
    if not isinstance(unit.type, ArrayType) or not unit.type.dtype.is_float:
        return False
    for operand in unit.inputs:
        if is_product_type(operand) or (
            operand.op.role is Role.ADD and any(map(is_product_type, operand.inputs))
        ):
            return True
    return False


def is_product_type(unit: Unit) -> bool:
    """`is_product` for units of any type."""
    return isinstance(unit.type, ArrayType) and is_product(unit)


def _parts(product: Unit, left: int | None, right: int | None) -> tuple[Factor, Factor] | None:
    """The sides of a product from left to right, each linked; None when they form no path."""
    links = tuple(pair[0] for pair in product.attributes["contract"])
    owners = _owners(product)
    before = None if left is None else owners[left]
    after = None if right is None else owners[right]
    if before is not None and after is not None and before[0] == after[0]:
        return None
    if before is not None:
        side = before[0]
    else:
        side = 0 if after is None else 1 - after[0]
    first = Factor(product.inputs[side], before[1] if before else None, links[side])
    second = Factor(product.inputs[1 - side], links[1 - side], after[1] if after else None)
    inner = [f.unit for f in (first, second) if f.left is not None and f.right is not None]
    return (first, second) if all(len(unit.shape) == 2 for unit in inner) else None


def _owners(product: Unit) -> list[tuple[int, int]]:
    """For each dimension of a product, which side it comes from and which dimension there."""
    links = tuple(pair[0] for pair in product.attributes["contract"])
    return [
        (side, axis)
        for side, operand in enumerate(product.inputs)
        for axis in range(len(operand.shape))
        if axis != links[side]
    ]


def _varying(anchor: Anchor, product: Unit, left: int | None, right: int | None) -> tuple[int, ...]:
    """The dimensions of a product along which a bias may vary: those not of the anchor's end."""
    link = right if anchor == "left" else left
    if link is not None:
        return (link,)
    side = 1 if anchor == "left" else 0
    return tuple(axis for axis, (owner, _) in enumerate(_owners(product)) if owner == side)


def _bias(unit: Unit, axes: tuple[int, ...]) -> Bias | None:
    """What a unit adds along `axes`, when it does not vary along the other ones."""
    source = unit.inputs[0] if unit.op.role is Role.BROADCAST else unit
    missing = len(unit.shape) - len(source.shape)
    own = (1,) * missing + source.shape
    if any(extent != 1 for axis, extent in enumerate(own) if axis not in axes):
        return None
    return Bias(source, tuple(unit.shape[a] for a in axes), tuple(own[a] for a in axes))
