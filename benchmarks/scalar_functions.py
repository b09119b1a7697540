"""Each transcendental function, compiled, beside NumPy's loop over the same array, on one thread.

NumPy writes into an array that it is given; the compiled program makes its own. The two take
turns, and the ratio is that of the best times (above 1: the compiled program is faster). The row
``negative`` does no arithmetic worth the name: it shows what memory alone costs each side.

    python benchmarks/scalar_functions.py [--size 1000000] [--rounds 25] [--only exp tanh]
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr

PLAIN = (
    *("negative", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan"),
    *("sinh", "cosh", "tanh", "cbrt", "arctan", "arcsin", "arccos", "sqrt"),
)
PAIRS = ("power", "arctan2", "hypot", "logaddexp")

# What a NumPy user writes where NumPy has no function of that name.
WRITTEN: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(x, 0),
    "rsqrt": lambda x: 1 / np.sqrt(x),
}


def contestants(name: str) -> tuple[Callable[..., Any], Callable[..., Any], int]:
    """The compiled function, NumPy's (with ``out=`` where it takes it), and their arity."""
    if name in WRITTEN:
        op = getattr(cr.ops, name)
        return cr.compile(lambda x: op(x)), WRITTEN[name], 1
    function = getattr(np, name)
    if name in PAIRS:
        return cr.compile(lambda x, y: function(x, y)), function, 2
    return cr.compile(lambda x: function(x)), function, 1


def race(name: str, dtype: str, size: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of each round of both contestants, after their results were compared."""
    ours, numpy, arity = contestants(name)
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0.05, 0.95, size).astype(dtype) for _ in range(arity)]
    out = np.empty_like(arrays[0])
    given = {} if name in WRITTEN else {"out": out}
    np.testing.assert_allclose(ours(*arrays), numpy(*arrays), rtol=20 * np.finfo(dtype).eps)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for took, call in ((times[0], ours), (times[1], lambda *a: numpy(*a, **given))):
            start = time.perf_counter()
            call(*arrays)
            took.append(time.perf_counter() - start)
    return times


def row(name: str, dtype: str, size: int, rounds: int) -> str:
    """One line of the table: nanoseconds an element."""
    ours, numpy = race(name, dtype, size, rounds)
    scale = 1e9 / size
    figures = [min(ours), statistics.median(ours), min(numpy), statistics.median(numpy)]
    cells = "".join(f"{scale * seconds:9.3f}" for seconds in figures)
    return f"{name:10} {dtype:8}{cells}{min(numpy) / min(ours):8.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--only", nargs="+", default=[*PLAIN, *PAIRS, *WRITTEN])
    options = parser.parse_args()
    print(f"{platform.machine()}, NumPy {np.__version__}, {options.size} elements, ns an element")
    print("function   dtype        ours   median    numpy   median   ratio")
    for name in options.only:
        for dtype in ("float32", "float64"):
            print(row(name, dtype, options.size, options.rounds))


if __name__ == "__main__":
    main()
