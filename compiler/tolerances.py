"""How closely two computations of one thing must agree: the project's one table of bounds.

===================================  ==============================================================
what is compared                     bound
===================================  ==============================================================
movement, integers, comparison,      `BITS`: every bit (any NaN is every NaN)
random bits
choices (max, where)                 `NUMBERS`: the same numbers (0.0 is -0.0)
elementwise against the exact value  `ulps(op.ulp)`; `subnormal_ulps(op.ulp)` where it is
                                     subnormal; `BITS` where it is zero, infinite or NaN
elementwise against NumPy            `against_numpy(op.ulp)`: NumPy's own error on top
sums and contractions                `summed(length, dtype)`: norm-wise, grows as the root of length
composites against a reference       `composed(dtype)`: norm-wise
fused against unfused                `fused(dtype)`: norm-wise
gradient against differences         `DIFFERENCES`: 1e-6 of the projection, float64
identities, forward against reverse  `IDENTITY`: 1e-12, float64
===================================  ==============================================================

Norm-wise means the 2-norm of the difference over the 2-norm of what was expected (or of a given
scale, where cancellation makes the result small beside its terms). NaN and infinities must stand
in the same places whatever the bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

# Steps of the dtype's precision, so that one number serves float32 and float64.
COMPOSED_EPS = 32.0
FUSED_EPS = 16.8  # 2e-6 in float32
SUMMED_EPS = 4.0

# The documented bound of NumPy's vectorised functions, which references are made of.
NUMPY_ULP = 4.0


@dataclass(frozen=True, slots=True)
class Bound:
    """How far apart two arrays may be.

    Attributes
    ----------
    measure : str
        ``bits``, ``ulp`` (largest distance of two elements in units in the last place) or ``norm``.
    limit : float
        The largest distance allowed.
    """

    measure: Literal["bits", "ulp", "norm"]
    limit: float = 0.0

    def __str__(self) -> str:
        if self.measure == "bits":
            return "bit for bit"
        return f"{self.limit:.3g} {'ulp' if self.measure == 'ulp' else 'of the norm'}"


BITS = Bound("bits")
NUMBERS = Bound("ulp", 0.0)
DIFFERENCES = Bound("norm", 1e-6)
IDENTITY = Bound("norm", 1e-12)


def ulps(count: float) -> Bound:
    """At most `count` units in the last place from the exact value, element by element."""
    return Bound("ulp", count)


def subnormal_ulps(count: float) -> Bound:
    """The bound `count` for results below the normal range, where scaling rounds once more."""
    return Bound("ulp", count + 0.5)


def against_numpy(count: float) -> Bound:
    """A body of error `count` ulp against NumPy in the same dtype, which errs too."""
    return Bound("ulp", count + NUMPY_ULP)


def summed(length: int, dtype: Any) -> Bound:
    """Two sums of `length` terms in different orders; rounding errors add like a random walk."""
    return Bound("norm", SUMMED_EPS * math.sqrt(max(length, 1)) * _eps(dtype))


def composed(dtype: Any) -> Bound:
    """A composite op against its reference: a handful of roundings."""
    return Bound("norm", COMPOSED_EPS * _eps(dtype))


def fused(dtype: Any) -> Bound:
    """One program compiled in two ways: contraction into fma, another order of sums."""
    return Bound("norm", FUSED_EPS * _eps(dtype))


def _eps(dtype: Any) -> float:
    numpy = np.dtype(getattr(dtype, "numpy", dtype))
    return float(np.finfo(numpy).eps) if numpy.kind in "fc" else 0.0


@dataclass(frozen=True, slots=True)
class Closeness:
    """The outcome of `close`; true when the bound holds.

    Attributes
    ----------
    holds : bool
        Whether the bound was kept.
    error : float
        The distance in the bound's measure; infinite where shapes, dtypes, NaN or infinities
        differ.
    text : str
        What was found, as the end of a sentence: ``differs by 3 ulp at [2] ...``.
    """

    holds: bool
    error: float
    text: str

    def __bool__(self) -> bool:
        return self.holds

    def __str__(self) -> str:
        return self.text


def close(actual: Any, expected: Any, bound: Bound, scale: Any = None) -> Closeness:
    """Compare two arrays of one shape and dtype within `bound`.

    Parameters
    ----------
    actual, expected : array_like
        `expected` may be wider than `actual` under an ulp bound: it is the exact value then, and
        counts in steps of the dtype of `actual`.
    bound : Bound
        A row of the table above.
    scale : array_like, optional
        For norm-wise bounds: what the error is relative to, instead of `expected`.

    Examples
    --------
    >>> import numpy as np
    >>> print(close(np.float32(1.0000002), np.float32(1), ulps(1)))
    differs by 2 ulp at [], 1.0000002 against 1.0 (allowed 1 ulp)
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    wider = bound.measure == "ulp" and expected.dtype.itemsize > actual.dtype.itemsize
    if actual.shape != expected.shape or (actual.dtype != expected.dtype and not wider):
        return Closeness(False, math.inf, f"is {_type(actual)}, wanted {_type(expected)}")
    if actual.dtype.kind not in "fc" or bound.measure == "bits":
        return _judge(_unequal_bits(actual, expected), actual, expected, BITS)
    with np.errstate(all="ignore"):
        nearest = expected.astype(actual.dtype)
        finite = np.isfinite(actual) & np.isfinite(nearest)
        strange = ~finite & ~((actual == nearest) | (np.isnan(actual) & np.isnan(nearest)))
        if strange.any():
            return _judge(np.where(strange, math.inf, 0.0), actual, expected, bound)
        wide = np.result_type(expected.dtype, np.float64)
        far = np.abs(np.where(finite, actual, 0).astype(wide) - np.where(finite, expected, 0))
        if bound.measure == "ulp":
            step = np.spacing(np.abs(np.where(finite, nearest, 1)))
            return _judge(far / step.astype(np.float64), actual, expected, bound)
    return _judge_norm(far, np.where(finite, expected, 0) if scale is None else scale, bound)


def _unequal_bits(actual: Any, expected: Any) -> Any:
    same = actual == expected
    if actual.dtype.kind in "fc":
        signs = np.signbit(actual.real) == np.signbit(expected.real)
        same = (same & signs) | (np.isnan(actual) & np.isnan(expected))
    return np.where(same, 0.0, math.inf)


def _judge(errors: Any, actual: Any, expected: Any, bound: Bound) -> Closeness:
    error = float(errors.max(initial=0.0))
    if error <= bound.limit:
        return Closeness(True, error, f"agrees ({bound})")
    place = np.unravel_index(int(errors.argmax()), errors.shape)
    how = f"differs by {error:.3g} ulp" if math.isfinite(error) else "differs"
    listed = ", ".join(map(str, place))
    pair = f"{actual[place]!s} against {expected[place]!s}"
    return Closeness(False, error, f"{how} at [{listed}], {pair} (allowed {bound})")


def _judge_norm(far: Any, scale: Any, bound: Bound) -> Closeness:
    distance, size = float(np.linalg.norm(far)), float(np.linalg.norm(np.abs(scale)))
    error = distance / size if size else (0.0 if distance == 0 else math.inf)
    if error <= bound.limit:
        return Closeness(True, error, f"agrees ({bound})")
    return Closeness(
        False, error, f"differs by {error:.3g} of its norm {size:.3g} (allowed {bound.limit:.3g})"
    )


def _type(array: Any) -> str:
    return f"{array.dtype}{list(array.shape)}"
