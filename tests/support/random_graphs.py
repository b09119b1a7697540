"""Random graphs over the registered ops, for comparing one graph's executions.

Values carry what comparing needs to know: a bound of their magnitude, so that rounding differences
stay small, and whether they are exact (the same bits in every execution), because only exact
values may go through a discontinuous op.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule import ops
from chainrule.compiler.builder import Builder
from chainrule.compiler.graph import Graph
from chainrule.compiler.types import type_of

MAGNITUDE = 50.0

SMOOTH = {  # op -> bound of its value for an input bounded by m
    "tanh": lambda m: 1.0,
    "sigmoid": lambda m: 1.0,
    "sin": lambda m: 1.0,
    "cos": lambda m: 1.0,
    "softplus": lambda m: m + 1,
    "erf": lambda m: 1.0,
    "square": lambda m: m * m,
}
EXACT_UNARY = ("neg", "abs", "relu")
STEPS = ("floor", "ceil", "sign", "round")
BINARY = {"add": lambda a, b: a + b, "sub": lambda a, b: a + b, "mul": lambda a, b: a * b}
EXACT_BINARY = ("maximum", "minimum")
COMPARISONS = ("less", "greater_equal", "equal", "not_equal")
REDUCTIONS = ("sum", "max", "min", "mean")


@dataclass
class Drawn:
    """A value, a bound of its magnitude, and whether every execution gives the same bits."""

    value: Any
    bound: float
    exact: bool


@dataclass
class Case:
    """A graph with inputs for it."""

    graph: Graph
    arrays: list[np.ndarray]


@st.composite
def cases(draw: Any, dtype: str = "float32", steps: int = 12, kinds: Any = None) -> Case:
    """A random graph of at most `steps` ops on random inputs, drawn from `STEP_KINDS` or others."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    builder = Builder()
    pool, arrays = [], []
    with builder.activate():
        for _ in range(draw(st.integers(1, 3))):
            shape = draw(st.lists(st.sampled_from([1, 2, 3, 5, 17]), max_size=3))
            array = rng.uniform(-2, 2, shape).astype(dtype)
            arrays.append(array)
            pool.append(Drawn(builder.value(builder.input(type_of(array))), 2.0, True))
        for _ in range(draw(st.integers(1, steps))):
            step = draw(st.sampled_from(kinds or STEP_KINDS))
            made = step(draw, pool)
            if made is not None and made.value.size <= 10_000:
                pool.append(_squashed(made))
        count = draw(st.integers(1, 3))
        outputs = [draw(st.sampled_from(pool)).value.unit for _ in range(count)]
        outputs.append(pool[-1].value.unit)
    return Case(builder.graph("random", outputs), arrays)


def _squashed(drawn: Drawn) -> Drawn:
    return drawn if drawn.bound <= MAGNITUDE else Drawn(ops.tanh(drawn.value), 1.0, False)


def _pick(draw: Any, pool: list[Drawn]) -> Drawn:
    return draw(st.sampled_from(pool))


def _smooth(draw: Any, pool: list[Drawn]) -> Drawn:
    name, x = draw(st.sampled_from(sorted(SMOOTH))), _pick(draw, pool)
    return Drawn(getattr(ops, name)(x.value), SMOOTH[name](x.bound), False)


def _exact_unary(draw: Any, pool: list[Drawn]) -> Drawn:
    name, x = draw(st.sampled_from(EXACT_UNARY)), _pick(draw, pool)
    return Drawn(getattr(ops, name)(x.value), x.bound, x.exact)


def _step(draw: Any, pool: list[Drawn]) -> Drawn | None:
    name, x = draw(st.sampled_from(STEPS)), _pick(draw, pool)
    return Drawn(getattr(ops, name)(x.value), x.bound + 1, True) if x.exact else None


def _pair(draw: Any, pool: list[Drawn]) -> tuple[Drawn, Drawn] | None:
    x, y = _pick(draw, pool), _pick(draw, pool)
    try:
        np.broadcast_shapes(x.value.shape, y.value.shape)
    except ValueError:
        return None
    return x, y


def _binary(draw: Any, pool: list[Drawn]) -> Drawn | None:
    pair = _pair(draw, pool)
    if pair is None:
        return None
    x, y = pair
    name = draw(st.sampled_from([*BINARY, *EXACT_BINARY]))
    if name in BINARY:
        return Drawn(getattr(ops, name)(x.value, y.value), BINARY[name](x.bound, y.bound), False)
    return Drawn(getattr(ops, name)(x.value, y.value), max(x.bound, y.bound), x.exact and y.exact)


def _where(draw: Any, pool: list[Drawn]) -> Drawn | None:
    pair, chosen = _pair(draw, pool), _pair(draw, pool)
    if pair is None or chosen is None or not (pair[0].exact and pair[1].exact):
        return None
    condition = getattr(ops, draw(st.sampled_from(COMPARISONS)))(pair[0].value, pair[1].value)
    x, y = chosen
    try:
        np.broadcast_shapes(condition.shape, x.value.shape, y.value.shape)
    except ValueError:
        return None
    value = ops.where(condition, x.value, y.value)
    return Drawn(value, max(x.bound, y.bound), x.exact and y.exact)


def _reduction(draw: Any, pool: list[Drawn]) -> Drawn:
    x = _pick(draw, pool)
    name = draw(st.sampled_from(REDUCTIONS))
    axes = draw(st.sets(st.sampled_from(range(x.value.ndim)))) if x.value.ndim else set()
    value = getattr(ops, name)(x.value, axis=tuple(axes), keepdims=draw(st.booleans()))
    count = math.prod(x.value.shape[a] for a in axes)
    if name in ("max", "min"):
        return Drawn(value, x.bound, x.exact)
    return Drawn(value, x.bound * (count if name == "sum" else 1), False)


def _transpose(draw: Any, pool: list[Drawn]) -> Drawn:
    x = _pick(draw, pool)
    axes = draw(st.permutations(range(x.value.ndim)))
    return Drawn(ops.transpose(x.value, axes=tuple(axes)), x.bound, x.exact)


def _reshape(draw: Any, pool: list[Drawn]) -> Drawn:
    x = _pick(draw, pool)
    rows = draw(st.sampled_from([d for d in range(1, 20) if x.value.size % d == 0]))
    return Drawn(ops.reshape(x.value, shape=(rows, -1)), x.bound, x.exact)


def _slice(draw: Any, pool: list[Drawn]) -> Drawn | None:
    x = _pick(draw, pool)
    if not x.value.ndim:
        return None
    key = tuple(
        slice(draw(st.integers(-4, 4)), None, draw(st.sampled_from([-2, -1, 1, 2])))
        for _ in range(x.value.ndim)
    )
    moved = x.value[key]
    return Drawn(moved, x.bound, x.exact) if moved.size else None


def _concatenate(draw: Any, pool: list[Drawn]) -> Drawn | None:
    x = _pick(draw, pool)
    if not x.value.ndim:
        return None
    axis = draw(st.integers(0, x.value.ndim - 1))
    flipped = ops.flip(x.value, axis=axis)
    return Drawn(ops.concatenate(x.value, flipped, axis=axis), x.bound, x.exact)


def _gather(draw: Any, pool: list[Drawn]) -> Drawn | None:
    x = _pick(draw, pool)
    if not x.value.ndim:
        return None
    extent = x.value.shape[0]
    index = np.array(draw(st.lists(st.integers(-extent, extent - 1), min_size=1, max_size=5)))
    return Drawn(x.value[index], x.bound, x.exact)


def _product(draw: Any, pool: list[Drawn]) -> Drawn | None:
    x, y = _pick(draw, pool), _pick(draw, pool)
    if not x.value.ndim or not y.value.ndim or x.value.shape[-1] != y.value.shape[-1]:
        return None
    contract = ((x.value.ndim - 1,), (y.value.ndim - 1,))
    value = ops.dot_general(x.value, y.value, contract=contract)
    return Drawn(value, x.bound * y.bound * x.value.shape[-1], False)


def _layer(draw: Any, pool: list[Drawn]) -> Drawn | None:
    """A product and what is done to its elements one by one."""
    x = _pick(draw, pool)
    if not x.value.ndim:
        return None
    rng, width = np.random.default_rng(draw(st.integers(0, 99))), draw(st.sampled_from([3, 16, 40]))
    depth, dtype = x.value.shape[-1], x.value.dtype
    weight = rng.uniform(-1, 1, (depth, width)).astype(dtype)
    value = ops.dot_general(x.value, weight, contract=((x.value.ndim - 1,), (0,)))
    shape = draw(st.sampled_from([(width,), (*value.shape[:-1], 1), value.shape]))
    value, bound = value + rng.uniform(-1, 1, shape).astype(dtype), depth * x.bound + 1
    if draw(st.booleans()):
        name = draw(st.sampled_from(sorted(SMOOTH)))
        return Drawn(getattr(ops, name)(value), SMOOTH[name](bound), False)
    return Drawn(value, bound, False)


def _centred(x: Any, axes: tuple[int, ...]) -> tuple[Any, float]:
    return x - ops.mean(x, axis=axes, keepdims=True), 2.0


def _normalised(x: Any, axes: tuple[int, ...]) -> tuple[Any, float]:
    centred, _ = _centred(x, axes)
    variance = ops.mean(ops.square(centred), axis=axes, keepdims=True)
    return centred / ops.sqrt(variance + 1), 2.0


def _shares(x: Any, axes: tuple[int, ...]) -> tuple[Any, float]:
    raised = ops.exp(x - ops.max(x, axis=axes, keepdims=True))
    return raised / ops.sum(raised, axis=axes, keepdims=True), 1.0


def _by_rows(draw: Any, pool: list[Drawn]) -> Drawn | None:
    """What reads each row several times."""
    x = _pick(draw, pool)
    if not x.value.ndim:
        return None
    first = draw(st.integers(0, x.value.ndim - 1))
    last = draw(st.integers(first, x.value.ndim - 1))
    make = draw(st.sampled_from([_centred, _normalised, _shares]))
    value, times = make(x.value, tuple(range(first, last + 1)))
    return Drawn(value, max(1.0, times * x.bound), False)


STEP_KINDS = (
    *(_smooth, _exact_unary, _step, _binary, _where, _reduction, _transpose, _reshape),
    *(_slice, _concatenate, _gather, _product, _layer, _by_rows, _by_rows),
)
LAYERS = (_layer, _layer, _layer, _smooth, _binary, _product, _reduction, _by_rows, _transpose)
"""Products, what follows them, and what may have to run in between."""
