"""Matrix products of many shapes: what a user of NumPy writes, beside OpenBLAS under NumPy."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..runner.workload import Limit, Sizes, Step, Workload

SQUARES = (1, 2, 3, 5, 8, 13, 16, 17, 31, 32, 33, 48, 64, 65, 97, 100, 127, 128, 192, 256, 257)
LARGE = (384, 509, 512, 768, 1021, 1024, 2048)
TURNED = (7, 37, 64, 128, 256, 509, 1024)
FORMS = ("nn", "nt", "tn", "tt")
DRAWN = 40


def shapes() -> Iterator[tuple[str, int, int, int, str, str]]:
    """Family, rows, columns, length of the sum, which operands lie transposed, dtype."""
    for n in SQUARES + LARGE:
        yield "square", n, n, n, "nn", "float32"
    for n in TURNED:
        for form in FORMS[1:]:
            yield "turned", n, n, n, form, "float32"
        yield "double", n, n, n, FORMS[n % 4], "float64"
    for rows in (1, 2, 4, 5):
        for columns, depth in ((64, 64), (10, 256), (512, 784), (1000, 33)):
            for form in ("nn", "nt"):
                yield "thin", rows, columns, depth, form, "float32"
    for columns in (1, 2, 5, 10, 31):
        for form in ("nn", "nt", "tn"):
            yield "tall", 1000, columns, 100, form, "float32"
    for depth in (1, 2, 5, 17):
        yield "flat", 300, 200, depth, FORMS[depth % 4], "float32"
    for columns in (17, 64):
        yield "deep", 24, columns, 5000, "tn", "float32"
    yield from _drawn()


def _drawn() -> Iterator[tuple[str, int, int, int, str, str]]:
    draw = random.Random(0)  # the same shapes in every run
    for _ in range(DRAWN):
        rows, columns, depth = (round(2 ** draw.uniform(0, 11)) for _ in range(3))
        # Long sums of large results would take as long as all the rest.
        depth = max(1, min(depth, 2**28 // (rows * columns)))
        dtype = draw.choice(("float32", "float32", "float64"))
        yield "drawn", rows, columns, depth, draw.choice(FORMS), dtype


def cases() -> dict[str, Sizes]:
    """By a name that tells all of it."""
    return {
        f"{family} {dtype} {form} {rows}x{columns}x{depth}": {
            "rows": rows,
            "columns": columns,
            "depth": depth,
            "form": form,
            "dtype": dtype,
        }
        for family, rows, columns, depth, form, dtype in shapes()
    }


products = Workload(
    "products",
    "matrix products: square, transposed, thin, tall, drawn at random",
    cases=cases(),
    tolerance=1e-5,
    seconds=0.1,
)


@products.inputs
def inputs(
    rng: np.random.Generator, rows: int, columns: int, depth: int, form: str, dtype: str
) -> tuple[Any, ...]:
    """Two matrices as they lie in memory, and which of them are meant transposed."""
    one = (depth, rows) if form[0] == "t" else (rows, depth)
    other = (columns, depth) if form[1] == "t" else (depth, columns)
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in (one, other))
    return a, b, form


@products.limit
def limit(rows: int, columns: int, depth: int, form: str, dtype: str) -> Limit:
    """The ceiling is a rate in float32; one in float64 is half of it."""
    return Limit(flop=2 * rows * columns * depth * (2 if dtype == "float64" else 1))


@products.contestant("chainrule")
def by_chainrule(one: Any, other: Any, form: str) -> Step:
    """A product of the arguments, transposed in the program."""
    import chainrule as cr

    @cr.compile
    def product(one: Any, other: Any) -> Any:
        return (one.T if form[0] == "t" else one) @ (other.T if form[1] == "t" else other)

    return lambda: product(one, other)


@products.contestant("numpy")
def by_numpy(one: Any, other: Any, form: str) -> Step:
    """Into an array that is used again, by OpenBLAS."""
    a = one.T if form[0] == "t" else one
    b = other.T if form[1] == "t" else other
    out = np.empty((a.shape[0], b.shape[1]), a.dtype)
    return lambda: np.matmul(a, b, out=out)
