"""Building a chain of affine maps in a chosen order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .builder import Builder
from .chain_order import Order, ends
from .chains import AffineChain, Bias, Factor
from .constants import value_of
from .dtypes import DType
from .graph import Unit
from .registry import registry
from .roles import Role
from .value import Value


@dataclass(frozen=True, slots=True)
class Array:
    """A value, or a constant that is still exact.

    Attributes
    ----------
    value : Value or None
        Part of the graph.
    exact : array of float64 or None
        A constant that is not rounded to the chain's dtype yet.
    """

    value: Value | None
    exact: Any = None

    @property
    def ndim(self) -> int:
        return int(self.exact.ndim) if self.value is None else self.value.ndim


@dataclass(frozen=True, slots=True)
class Span:
    """The product of some factors, with its dimensions linked to the factors around."""

    array: Array
    left: int | None
    right: int | None


def build_chain(
    builder: Builder, chain: AffineChain, order: Order, new: Mapping[Unit, Unit]
) -> Unit:
    """The unit that gives the chain's value in this order of its factors from left to right.

    Parameters
    ----------
    new : mapping of Unit to Unit
        What has become of the factors and biases.
    """
    span = _Construction(builder, chain, new).span(order)
    result = span.value
    assert result is not None
    assert result.unit.type == chain.root.type
    return result.unit


class _Construction:
    def __init__(self, builder: Builder, chain: AffineChain, new: Mapping[Unit, Unit]) -> None:
        self.builder = builder
        self.chain = chain
        self.new = new
        self.dtype: DType = chain.root.array_type.dtype

    def span(self, order: Order) -> Array:
        """The whole chain."""
        return self._span(order).array

    def _span(self, order: Order) -> Span:
        if isinstance(order, int):
            factor = self.chain.factors[order]
            return Span(self._given(factor.unit), factor.left, factor.right)
        left, right = self._span(order[0]), self._span(order[1])
        assert left.right is not None
        assert right.left is not None
        product = self._product(left.array, right.array, left.right, right.left)
        first = None if left.left is None else left.left - (left.left > left.right)
        last = None
        if right.right is not None:
            last = left.array.ndim - 1 + right.right - (right.right > right.left)
        bias = self._bias_within(order)
        if bias is not None:
            product = self._plus(product, self._aligned(bias, product.ndim))
        return Span(product, first, last)

    def _bias_within(self, order: tuple[Order, Order]) -> Array | None:
        """What the biases inside the side away from the anchor add up to, carried to its end."""
        (first, split), (_, last) = ends(order[0]), ends(order[1])
        if self.chain.anchor == "left":
            away = range(split + 1, last + 1) if first == 0 else range(0)
        else:
            whole = last == len(self.chain.factors) - 1
            away = range(split, first - 1, -1) if whole else range(0)
        total: Array | None = None
        for number in away:
            if total is not None:
                total = self._carried(total, self.chain.factors[number])
            for bias in self.chain.biases.get(number, ()):
                part = self._vector(bias)
                total = part if total is None else self._plus(total, part)
        return total

    def _carried(self, bias: Array, factor: Factor) -> Array:
        """A bias before a factor as one behind it."""
        matrix = self._given(factor.unit)
        if self.chain.anchor == "left":
            assert factor.left is not None
            return self._product(bias, matrix, 0, factor.left)
        assert factor.right is not None
        return self._product(matrix, bias, factor.right, 0)

    def _aligned(self, bias: Array, ndim: int) -> Array:
        """The bias with dimensions of one element after it where the anchor is on the right."""
        if self.chain.anchor == "left" or bias.ndim == ndim:
            return bias
        value = self._value(bias)
        shape = value.shape + (1,) * (ndim - value.ndim)
        return Array(registry.role(Role.RESHAPE)(value, shape=shape))

    # Arrays.

    def _given(self, unit: Unit) -> Array:
        constant = value_of(unit)
        exact = None if constant is None else constant.astype(np.float64)
        return Array(self.builder.value(self.new[unit]), exact)

    def _vector(self, bias: Bias) -> Array:
        constant = value_of(bias.unit)
        if constant is not None:
            exact = np.broadcast_to(constant.reshape(bias.own), bias.shape).astype(np.float64)
            return Array(None, exact)
        value = self.builder.value(self.new[bias.unit])
        if value.shape != bias.own:
            value = registry.role(Role.RESHAPE)(value, shape=bias.own)
        if bias.own != bias.shape:
            value = registry.role(Role.BROADCAST)(value, shape=bias.shape)
        return Array(value)

    def _value(self, array: Array) -> Value:
        """The array in the graph; an exact constant is rounded here, once."""
        if array.value is not None:
            return array.value
        return self.builder.constant(array.exact.astype(self.dtype.numpy))

    def _product(self, x: Array, y: Array, axis: int, other: int) -> Array:
        if x.exact is not None and y.exact is not None:
            return Array(None, np.tensordot(x.exact, y.exact, ((axis,), (other,))))
        contract = ((axis,), (other,))
        op = registry.role(Role.CONTRACT)
        return Array(op(self._value(x), self._value(y), contract=contract, batch=((), ())))

    def _plus(self, x: Array, y: Array) -> Array:
        if x.exact is not None and y.exact is not None:
            return Array(None, x.exact + y.exact)
        return Array(registry.role(Role.ADD)(self._value(x), self._value(y)))
