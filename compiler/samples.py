"""Samples: the calls that an op's conformance is tried on, drawn from a seeded generator.

A `Draw` makes one input in a given working dtype; a `Sample` is a whole call, a `BadSample` one
that must be refused with a stated sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Draw = Callable[["np.random.Generator", "np.dtype[Any]"], Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One call to try.

    Attributes
    ----------
    draws : tuple of Draw, or a Draw
        One per input; a single `Draw` that serves every input of an op of any arity.
    attributes : mapping
        Static attributes.
    smooth : bool
        False where derivatives do not exist or are not finite (kinks, NaN, infinities).
    """

    draws: tuple[Draw, ...] | Draw
    attributes: Mapping[str, Any]
    smooth: bool = True

    def calling(self, **attributes: Any) -> Sample:
        """The same inputs with these static attributes."""
        return Sample(self.draws, attributes, self.smooth)

    def arrays(self, arity: int, seed: int, dtype: Any) -> list[Any]:
        """The inputs in the working dtype, the same for the same seed."""
        rng = np.random.default_rng(seed)
        draws = self.draws if isinstance(self.draws, tuple) else (self.draws,) * arity
        return [draw(rng, np.dtype(dtype)) for draw in draws]


@dataclass(frozen=True, slots=True)
class BadSample:
    """A call that must be refused, and the sentence that the error must contain."""

    sample: Sample
    says: str


def case(*draws: Draw, smooth: bool = True, **attributes: Any) -> Sample:
    """A call with these inputs and attributes."""
    return Sample(draws, attributes, smooth)


def bad(*draws: Draw, says: str, **attributes: Any) -> BadSample:
    """A call that must end in an error whose sentence contains `says`."""
    return BadSample(Sample(draws, attributes), says)


def normal(*shape: int, scale: float = 1.0) -> Draw:
    """Normal numbers of the working dtype."""
    return lambda rng, dtype: (scale * rng.standard_normal(shape)).astype(dtype)


def uniform(low: float, high: float, *shape: int) -> Draw:
    """Uniform numbers of the working dtype in [low, high)."""
    return lambda rng, dtype: rng.uniform(low, high, shape).astype(dtype)


def distinct(*shape: int) -> Draw:
    """A shuffled, evenly spaced set in [-2, 2]: no ties, no number near another."""

    def draw(rng: np.random.Generator, dtype: np.dtype[Any]) -> Any:
        count = int(np.prod(shape))
        return rng.permutation(np.linspace(-2.0, 2.0, count)).reshape(shape).astype(dtype)

    return draw


def integers(low: int, high: int, *shape: int, dtype: str = "int64") -> Draw:
    """Integers in [low, high) of a fixed dtype."""
    return lambda rng, _: rng.integers(low, high, shape).astype(dtype)


def booleans(*shape: int) -> Draw:
    """Fair booleans."""
    return lambda rng, _: rng.integers(0, 2, shape).astype(bool)


def given(value: Any, dtype: str | None = None) -> Draw:
    """These very numbers, in the working dtype unless one is named."""
    return lambda _, working: np.array(value, dtype=dtype or working)


def ordinary(low: float = -3.0, high: float = 3.0) -> list[Sample]:
    """Everyday inputs for an elementwise op: vector, matrix, scalar, one element, none."""
    return [
        Sample(uniform(low, high, *shape), {})
        for shape in ((7,), (3, 4), (), (1,), (0,), (2, 0, 3))
    ]


def ranges(*bounds: tuple[float, float]) -> list[Sample]:
    """Everyday inputs as of `ordinary`, each input within its own bounds, and broadcast ones."""
    shapes = [(shape,) * len(bounds) for shape in ((7,), (3, 4), (), (1,), (0,))]
    shapes.append(tuple((4, 1) if i % 2 == 0 else (3,) for i in range(len(bounds))))
    return [
        Sample(tuple(uniform(*b, *s) for b, s in zip(bounds, each, strict=True)), {})
        for each in shapes
    ]


def around(*points: float) -> Sample:
    """The points themselves and their neighbours, where a kink or a branch of the body lies."""

    def draw(rng: np.random.Generator, dtype: np.dtype[Any]) -> Any:
        near = [
            np.nextafter(dtype.type(p), dtype.type(side)) for p in points for side in (-9e9, 9e9)
        ]
        return np.array([*points, *(-p for p in points), *near], dtype=dtype)

    return Sample(draw, {}, smooth=False)


def specials() -> Sample:
    """NaN, infinities, signed zeros, subnormals and the largest numbers."""

    def draw(rng: np.random.Generator, dtype: np.dtype[Any]) -> Any:
        info = np.finfo(dtype)
        values = [np.nan, np.inf, -np.inf, 0.0, -0.0, info.smallest_subnormal, -info.tiny, info.max]
        return np.array([*values, info.min], dtype=dtype)

    return Sample(draw, {}, smooth=False)


def special_pairs() -> Sample:
    """Each of the special numbers, 1 and -2.5 with each of them, for ops of two inputs."""

    def draw(rng: np.random.Generator, dtype: np.dtype[Any]) -> Any:
        (special,) = specials().arrays(1, 0, dtype)
        return np.append(special, np.array([1.0, -2.5], dtype))

    return Sample((lambda rng, dtype: draw(rng, dtype)[:, None], draw), {}, smooth=False)
