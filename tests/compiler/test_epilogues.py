"""Loop kernels that products do tile by tile: the same bits, less memory, reasons where not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest
from native import program

import chainrule as cr
from chainrule import ops
from chainrule.compiler.native.build import NativeProgram
from chainrule.compiler.native.epilogues import Epilogues

SIZES = [  # rows, columns, length of the sum
    (1, 70, 33),
    (3, 17, 200),
    (40, 9, 25),
    (37, 50, 19),
    (130, 65, 401),
    (64, 700, 900),
    (300, 33, 64),
]


def kinds(made: NativeProgram) -> list[str]:
    return [kernel.kind for kernel in made.kernels]


def reasons(made: NativeProgram) -> str:
    return "\n".join(reason for kernel in made.kernels for reason in kernel.apart)


def apart(function: Callable[..., Any], *arrays: Any, **options: Any) -> NativeProgram:
    """The program with loop kernels of their own."""
    with mock.patch.object(Epilogues, "result", lambda self: self.kernels):
        return program(function, *arrays, **options)


def both(function: Callable[..., Any], *arrays: Any, **options: Any) -> tuple[Any, Any]:
    """The results with epilogues and without."""
    made, other = (make(function, *arrays, **options) for make in (program, apart))
    assert kinds(made)[-1] == "product"
    assert kinds(other)[-1] == "loop"
    return made(list(arrays)), other(list(arrays))


def check(function: Callable[..., Any], exact: Callable[..., Any], *arrays: Any) -> None:
    """The bits of the loop kernels on one thread and on three, and the numbers of NumPy."""
    wanted = exact(*(array.astype(np.float64) for array in arrays))
    bits = set()
    for threads in (1, 3):
        one, other = both(function, *arrays, threads=threads)
        for found, alone, value in zip(one, other, wanted, strict=True):
            assert found.tobytes() == alone.tobytes()
            np.testing.assert_allclose(found, value, rtol=2e-4, atol=2e-4)
        bits.add(b"".join(array.tobytes() for array in one))
    assert len(bits) == 1


@pytest.mark.parametrize(("rows", "columns", "summed"), SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bias_activation_and_residual(
    rows: int, columns: int, summed: int, dtype: str, rng: np.random.Generator
) -> None:
    shapes = [(rows, summed), (summed, columns), (columns,), (rows, 1), (rows, columns)]
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]

    def layer(x: Any, w: Any, b: Any, scale: Any, more: Any) -> Any:
        hidden = ops.tanh(x @ w + b)
        return hidden * scale + more, 1 - hidden * hidden

    def exact(x: Any, w: Any, b: Any, scale: Any, more: Any) -> Any:
        hidden = np.tanh(x @ w + b)
        return hidden * scale + more, 1 - hidden * hidden

    check(layer, exact, *arrays)


@pytest.mark.parametrize("form", ["nt", "tn", "tt"])
@pytest.mark.parametrize(("rows", "columns", "summed"), SIZES)
def test_transposed_operands(
    form: str, rows: int, columns: int, summed: int, rng: np.random.Generator
) -> None:
    x = rng.standard_normal((summed, rows) if form[0] == "t" else (rows, summed))
    w = rng.standard_normal((columns, summed) if form[1] == "t" else (summed, columns))
    contract = (0 if form[0] == "t" else 1,), (1 if form[1] == "t" else 0,)

    def layer(x: Any, w: Any) -> Any:
        return (ops.relu(ops.dot_general(x, w, contract=contract)),)

    def exact(x: Any, w: Any) -> Any:
        return (np.maximum((x.T if form[0] == "t" else x) @ (w.T if form[1] == "t" else w), 0),)

    check(layer, exact, x, w)


@pytest.mark.parametrize("shape", [(4, 30, 20), (3, 2, 40, 12), (5, 1, 70)])
def test_batches_and_several_axes_of_rows(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    x, w = rng.standard_normal(shape), rng.standard_normal((shape[-1], 33))
    keys, bias = rng.standard_normal((*shape[:-2], shape[-1], 18)), rng.standard_normal(33)

    def shared(x: Any, w: Any, b: Any) -> Any:
        return (ops.sigmoid(x @ w + b),)

    check(shared, lambda x, w, b: (1 / (1 + np.exp(-(x @ w + b))),), x, w, bias)

    def of_each(x: Any, keys: Any) -> Any:
        return (ops.square(x @ keys) - 1,)

    check(of_each, lambda x, keys: (np.square(x @ keys) - 1,), x, keys)


def test_the_product_itself_is_a_result_too(rng: np.random.Generator) -> None:
    x, w = rng.standard_normal((70, 40)), rng.standard_normal((40, 90))

    def layer(x: Any, w: Any) -> Any:
        found = x @ w
        return found, ops.relu(found), ops.reshape(found, shape=(9, 700))

    check(layer, lambda x, w: (x @ w, np.maximum(x @ w, 0), (x @ w).reshape(9, 700)), x, w)


def test_a_reshaped_product(rng: np.random.Generator) -> None:
    x, w, more = (rng.standard_normal(s) for s in [(30, 40), (40, 50), (5, 6, 50)])

    def layer(x: Any, w: Any, more: Any) -> Any:
        return (ops.reshape(x @ w, shape=(5, 6, 50)) * more,)

    check(layer, lambda x, w, more: ((x @ w).reshape(5, 6, 50) * more,), x, w, more)


def test_the_operand_is_read_until_the_last_tile(rng: np.random.Generator) -> None:
    """A result may not take the memory of an operand that its product still reads."""
    x, w = rng.standard_normal((90, 90)), rng.standard_normal((90, 90))

    def twice(x: Any, w: Any) -> Any:
        hidden = ops.tanh(x @ w)
        return ((hidden @ w + hidden),)

    check(twice, lambda x, w: (np.tanh(x @ w) @ w + np.tanh(x @ w),), x, w)
    step = cr.compile(lambda x, w: np.tanh(x @ w) + x, donate_argnames=("x",))
    np.testing.assert_allclose(step(x.copy(), w), np.tanh(x @ w) + x, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batch", [20, 500, 1100])
def test_an_update_takes_its_gradient_tile_by_tile(
    batch: int, threads: int, rng: np.random.Generator
) -> None:
    x, d, w, v = (
        rng.standard_normal(s) for s in [(batch, 600), (batch, 300), (600, 300), (600, 300)]
    )

    def update(w: Any, v: Any, x: Any, d: Any) -> Any:
        v = 0.9 * v + x.T @ d
        return w - 0.1 * v, v

    step = cr.compile(update, donate_argnames=("w", "v"), threads=threads)
    made = step.program(w, v, x, d)
    assert [kernel.kind for kernel in made.kernels] == ["product"]
    if batch < 500:
        assert made.memory.arena_bytes < w.nbytes, "the gradient is never whole"
    wanted = w - 0.1 * (0.9 * v + x.T @ d), 0.9 * v + x.T @ d
    for found, value in zip(step(w, v, x, d), wanted, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-10, atol=1e-10)


def test_nan_infinity_and_signed_zeros(rng: np.random.Generator) -> None:
    x, w = rng.standard_normal((20, 30)), rng.standard_normal((30, 40))
    x[3], x[4, 5], w[:, 7] = -0.0, np.nan, np.inf

    def layer(x: Any, w: Any) -> Any:
        return (-(x @ w),)

    (one,), (other,) = both(layer, x, w)
    assert one.tobytes() == other.tobytes()
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(one, -(x @ w))


def test_results_of_other_dtypes(rng: np.random.Generator) -> None:
    x, w = (rng.standard_normal(s).astype("float32") for s in [(33, 20), (20, 47)])

    check(lambda x, w: (x @ w > 0,), lambda x, w: (x @ w > 0,), x, w)
    check(lambda x, w: (ops.cast(x @ w, dtype="float64") / 3,), lambda x, w: (x @ w / 3,), x, w)


def test_readers_that_need_each_others_products() -> None:
    """Each product could do either kernel, but not both of them: a circle."""
    x, w = np.full((30, 40), 2.0), np.full((40, 50), 0.5)

    def crossed(x: Any, w: Any) -> Any:
        one, other = x @ w, (x + 1) @ w
        first = ops.tanh(one) + ops.transpose(ops.transpose(other) * 2)
        return first, ops.reshape(other, shape=(1500,)) - ops.reshape(one, shape=(1500,))

    found = program(crossed, x, w)([x, w])
    np.testing.assert_allclose(found[0], np.tanh(40.0) + 2 * 60)
    np.testing.assert_allclose(found[1], np.full(1500, 20.0))


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: ops.relu(x @ np.ones((40, 1))), "the product is one column"),
        (
            lambda x: ops.flip(x @ np.ones((40, 60)), axis=1) * 2,
            "elements of the product are read elsewhere",
        ),
        (
            lambda x: (lambda p: p * ops.sum(p, axis=0))(x @ np.ones((40, 60))),
            "another kernel has to run in between",
        ),
    ],
)
def test_reasons(function: Callable[..., Any], reason: str) -> None:
    x = np.ones((30, 40))
    made = program(function, x)
    assert reason in reasons(made)


@pytest.mark.parametrize("size", [100, 400, 700])
@pytest.mark.parametrize("rows", [1, 5])
def test_a_product_does_not_take_the_memory_of_what_its_epilogue_reads(
    rows: int, size: int
) -> None:
    """Its sums need several blocks, so that they are in memory before the epilogue begins."""
    rng = np.random.default_rng(0)
    x, w, s = rng.normal(size=(rows, size)), rng.normal(size=(size, size)), rng.normal(size=size)
    made = cr.compile(lambda x, w, s: (x @ w) * np.tanh(s + x[0]))
    wanted = (x @ w) * np.tanh(s + x[0])
    np.testing.assert_allclose(made(x, w, s), wanted, rtol=1e-11, atol=1e-11)
    backwards = cr.compile(lambda x, w: np.tanh(np.tanh(x @ w) @ w.T) @ w)
    np.testing.assert_allclose(
        backwards(x, w), np.tanh(np.tanh(x @ w) @ w.T) @ w, rtol=1e-9, atol=1e-9
    )
    slope = cr.grad(lambda x: (np.tanh(np.tanh(x @ w) @ w) ** 2).sum())
    np.testing.assert_allclose(
        cr.compile(slope)(x), cr.compile(slope, backend="reference")(x), rtol=1e-8, atol=1e-10
    )
