"""The kernel language: nine kernels written by hand mean what NumPy says, and read well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from nine_kernels import (
    NINE,
    adam,
    attention,
    chain,
    convolution,
    layer_norm_backward,
    lstm,
    product,
    skip_gram,
    softmax,
)

from chainrule import ops
from chainrule.compiler.dtypes import ALL, bool_, float32, float64, int64
from chainrule.compiler.errors import OutOfBoundsError, PluginError, VerificationError
from chainrule.compiler.kernel.builder import Builder, Combiner
from chainrule.compiler.kernel.grammar import outside
from chainrule.compiler.kernel.run import Plain, run
from chainrule.compiler.kernel.text import Caption, lines, listing, rendered
from chainrule.compiler.kernel.verify import verify
from chainrule.compiler.scalar import Scalar, Word, abs_, bitcast, cast, fma, rarely, select
from chainrule.compiler.scalar.numpy_meaning import evaluate_scalar
from chainrule.compiler.scalar.trace import inputs

Arrays = dict[str, np.ndarray]


def done(k: Builder, given: Arrays) -> Arrays:
    """The arrays after a verified kernel ran; those not given held nonsense before."""
    body = k.body()
    verify(body)
    found = {}
    for name, array in k.arrays.items():
        nonsense = np.full(array.shape, 77, array.dtype.numpy)
        found[name] = np.array(given[name], array.dtype.numpy) if name in given else nonsense
    run(body, {array: found[name] for name, array in k.arrays.items()})
    return found


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Random float32 numbers."""
    return rng.normal(size=shape).astype("f4")


def close(found: np.ndarray, wanted: np.ndarray) -> None:
    np.testing.assert_allclose(found, wanted, rtol=3e-5, atol=3e-6)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def wide(arrays: Arrays) -> list[np.ndarray]:
    """The arrays in float64, but for those of integers."""
    return [a.astype("f8") if a.dtype.kind == "f" else a for a in arrays.values()]


@pytest.mark.parametrize("n", [1, 7, 64])
def test_a_chain_of_elementwise_ops(rng: np.random.Generator, n: int) -> None:
    given = {"x": 3 * normal(rng, n)}
    (x,) = wide(given)
    wanted = np.tanh(x / 2 + 0.1) * sigmoid(x) + np.exp(-x * x)
    close(done(chain(n), given)["y"], wanted)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 5), (4, 8)])
def test_softmax_keeps_its_row(rng: np.random.Generator, n: int, m: int) -> None:
    given = {"x": 30 * normal(rng, n, m)}
    (x,) = wide(given)
    powers = np.exp(x - x.max(1, keepdims=True))
    close(done(softmax(n, m), given)["y"], powers / powers.sum(1, keepdims=True))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 5), (6, 4)])
def test_layer_norm_backward(rng: np.random.Generator, n: int, m: int) -> None:
    x, dy, scale = normal(rng, n, m), normal(rng, n, m), normal(rng, m)
    mean, rsqrt = x.mean(1), 1 / np.sqrt(x.var(1) + 0.1)
    given = {"x": x, "dy": dy, "scale": scale, "mean": mean, "rsqrt": rsqrt}
    found = done(layer_norm_backward(n, m), given)
    x, dy, scale, mean, rsqrt = wide(given)
    normed = (x - mean[:, None]) * rsqrt[:, None]
    plain = (dy * scale).mean(1, keepdims=True)
    along = (dy * scale * normed).mean(1, keepdims=True)
    close(found["dx"], rsqrt[:, None] * (dy * scale - plain - normed * along))
    close(found["dscale"], (dy * normed).sum(0))
    close(found["dshift"], dy.sum(0))


@pytest.mark.parametrize(("n", "m", "depth"), [(1, 1, 1), (4, 8, 3), (5, 7, 6)])
def test_a_product_with_prologue_and_epilogue(
    rng: np.random.Generator, n: int, m: int, depth: int
) -> None:
    given = {
        "x": normal(rng, n, depth).astype("f2"),
        "w": normal(rng, depth, m),
        "b": normal(rng, m),
        "dy": normal(rng, n, m),
    }
    found = done(product(n, m, depth), given)
    x, w, b, dy = wide(given)
    y = np.tanh(np.maximum(x, 0) @ w + b)
    close(found["y"], y)
    close(found["dz"], dy * (1 - y * y))
    close(found["db"], (dy * (1 - y * y)).sum(0))


@pytest.mark.parametrize(("batch", "channels", "size", "filters"), [(1, 1, 6, 1), (2, 3, 9, 2)])
def test_convolution_with_pooling(
    rng: np.random.Generator, batch: int, channels: int, size: int, filters: int
) -> None:
    given = {
        "x": normal(rng, batch, channels, size, size),
        "w": normal(rng, filters, channels, 5, 5),
        "bias": normal(rng, filters),
    }
    found = done(convolution(batch, channels, size, filters), given)
    x, w, bias = wide(given)
    windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(2, 3))
    full = np.maximum(np.einsum("ncrsuv,fcuv->nfrs", windows, w) + bias[:, None, None], 0)
    half = (size - 4) // 2
    full = full[:, :, : 2 * half, : 2 * half].reshape(batch, filters, half, 2, half, 2)
    close(found["y"], full.max((3, 5)))


@pytest.mark.parametrize(("queries", "keys", "width"), [(1, 1, 1), (3, 4, 2), (2, 11, 5)])
def test_tiled_attention(rng: np.random.Generator, queries: int, keys: int, width: int) -> None:
    given = {"q": normal(rng, queries, width), "k": 5 * normal(rng, keys, width)}
    given["v"] = normal(rng, keys, width)
    found = done(attention(queries, keys, width), given)
    q, k, v = wide(given)
    scores = q @ k.T / np.sqrt(width)
    powers = np.exp(scores - scores.max(1, keepdims=True))
    close(found["y"], powers / powers.sum(1, keepdims=True) @ v)


@pytest.mark.parametrize(("steps", "batch", "size", "hidden"), [(1, 1, 1, 1), (4, 3, 2, 3)])
def test_an_lstm_in_a_scan(
    rng: np.random.Generator, steps: int, batch: int, size: int, hidden: int
) -> None:
    given = {
        "x": normal(rng, steps, batch, size),
        "w": normal(rng, 4, hidden, size),
        "u": normal(rng, 4, hidden, hidden),
        "b": normal(rng, 4, hidden),
    }
    found = done(lstm(steps, batch, size, hidden), given)
    x, w, u, b = wide(given)
    h = c = np.zeros((batch, hidden))
    for t in range(steps):
        i, f, g, o = (x[t] @ w[n].T + h @ u[n].T + b[n] for n in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        close(found["y"][t], h)


@pytest.mark.parametrize(("pairs", "words", "width"), [(1, 1, 1), (9, 4, 3)])
def test_gather_dot_scatter(rng: np.random.Generator, pairs: int, words: int, width: int) -> None:
    given = {
        "centre": rng.integers(0, words, pairs),
        "context": rng.integers(0, words, pairs),
        "label": rng.integers(0, 2, pairs).astype("f4"),
        "u": normal(rng, words, width),
        "v": normal(rng, words, width),
    }
    found = done(skip_gram(pairs, words, width), given)
    centre, context, label, u, v = wide(given)
    slope = sigmoid((u[centre] * v[context]).sum(1)) - label
    du, dv = np.zeros_like(u), np.zeros_like(v)
    np.add.at(du, centre, slope[:, None] * v[context])
    np.add.at(dv, context, slope[:, None] * u[centre])
    close(found["du"], du)
    close(found["dv"], dv)


@pytest.mark.parametrize("shapes", [[()], [(1,), (3, 5), (2, 1, 3), ()]])
def test_adam_over_many_tensors(rng: np.random.Generator, shapes: list[tuple[int, ...]]) -> None:
    given: Arrays = {"rate": np.array(0.01), "first_bias": np.array(0.19)}
    given["second_bias"] = np.array(0.002)
    for number, shape in enumerate(shapes):
        for name in "wgm":
            given[f"{name}{number}"] = normal(rng, *shape)
        given[f"v{number}"] = normal(rng, *shape) ** 2
    found = done(adam(shapes), given)
    for number in range(len(shapes)):
        w, g, m, v = (np.float64(given[f"{name}{number}"]) for name in "wgmv")
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        close(found[f"m{number}"], m)
        close(found[f"v{number}"], v)
        close(found[f"w{number}"], w - 0.01 * (m / 0.19) / (np.sqrt(v / 0.002) + 1e-8))


# The plain meaning.

EDGES = {
    "f": [0.0, -0.0, 1.5, -2.5, 3e30, -7e-39, np.inf, -np.inf, np.nan, 2.0**31, -1e19, 16777217.0],
    "i": [0, 1, -1, 7, 100, -100, 127, -128],
    "u": [0, 1, 7, 100, 200, 255],
    "b": [False, True],
}
BINARY = {
    "f": [Word.ADD, Word.SUBTRACT, Word.MULTIPLY, Word.DIVIDE, Word.COPYSIGN],
    "i": [Word.ADD, Word.MULTIPLY, Word.TRUNCATED_DIVIDE, Word.TRUNCATED_REMAINDER, Word.XOR],
    "u": [Word.SUBTRACT, Word.MULTIPLY, Word.SHIFT_LEFT, Word.SHIFT_RIGHT],
    "b": [Word.AND, Word.OR, Word.XOR],
}
UNARY = {
    "f": [Word.NEGATE, Word.SQRT, Word.ABS, Word.FLOOR, Word.CEIL, Word.TRUNC, Word.ROUND_EVEN],
    "i": [Word.NEGATE, Word.ABS, Word.NOT],
    "u": [Word.NEGATE, Word.NOT],
    "b": [Word.NOT],
}
COMPUTED = [dtype for dtype in ALL if dtype.kind != "c" and not dtype.storage_only]


def expressions_of(dtype: Any) -> list[Scalar]:
    """Words over two inputs of a dtype."""
    x, y = inputs([dtype, dtype])
    made = [Scalar(word, (x, y), dtype) for word in BINARY[dtype.kind]]
    made += [Scalar(word, (x,), dtype) for word in UNARY[dtype.kind]]
    compared = [x < y, x <= y, x == y, x != y]
    made += [*compared, *(select(each & ~(x == x), x, y) for each in compared)]
    made += [rarely(each, x, y) for each in compared]
    made += [cast(x, other) for other in COMPUTED if other is not dtype]
    if dtype.is_float:
        made += [fma(x, y, x), fma(x, y, -y), Scalar(Word.ISNAN, (x,), bool_)]
        made.append(
            bitcast(x, int64 if dtype is float64 else next(d for d in ALL if d.name == "int32"))
        )
    return made


@pytest.mark.parametrize("dtype", COMPUTED, ids=str)
def test_words_mean_what_the_table_says(dtype: Any) -> None:
    with np.errstate(all="ignore"):
        edges = np.array(EDGES[dtype.kind], dtype.numpy)
    a, b = (each.ravel() for each in np.meshgrid(edges, edges))
    for expression in expressions_of(dtype):
        divides = expression.word in (Word.TRUNCATED_DIVIDE, Word.TRUNCATED_REMAINDER)
        shifts = expression.word in (Word.SHIFT_LEFT, Word.SHIFT_RIGHT)
        kept = (b != 0) & (b != -1) if divides else b < dtype.bits if shifts else b == b
        kept = kept | np.isnan(b) if dtype.is_float else kept
        k = Builder()
        x, y = (k.array(name, dtype, int(kept.sum())) for name in "xy")
        z = k.array("z", expression.dtype, int(kept.sum()))
        with k.loop(int(kept.sum())) as i:
            pair = x[i], y[i]
            z[i] = replaced(expression, pair)
        found = done(k, {"x": a[kept], "y": b[kept]})["z"]
        wanted = evaluate_scalar(expression, (a[kept], b[kept]))
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted, err_msg=repr(expression))
        if wanted.dtype.kind == "f":
            signs = np.signbit(found) == np.signbit(wanted)
            assert (signs | np.isnan(wanted)).all(), expression


def replaced(expression: Scalar, pair: tuple[Scalar, ...]) -> Scalar:
    """The expression with its inputs replaced."""
    if expression.word is Word.INPUT:
        return pair[expression.detail]
    operands = tuple(replaced(operand, pair) for operand in expression.operands)
    return Scalar(expression.word, operands, expression.dtype, expression.detail)


def test_fused_products_are_rounded_once(rng: np.random.Generator) -> None:
    k = Builder()
    names = ("a", "b", "c")
    a, b, c = (k.array(name, float32, 2000) for name in names)
    y = k.array("y", float32, 2000)
    with k.loop(2000) as i:
        y[i] = fma(a[i], b[i], c[i])
    given = {name: normal(rng, 2000) for name in names}
    given["c"] = -given["a"] * given["b"] * np.float32(1 + 2**-20)
    x, z, w = inputs([float32] * 3)
    wanted = evaluate_scalar(fma(x, z, w), [given[name] for name in names])
    np.testing.assert_array_equal(done(k, given)["y"], wanted)


def test_indices_become_numbers_of_64_bits() -> None:
    k = Builder()
    y, half = k.array("y", float32, 6), k.array("half", int64, 6)
    wrapped = k.array("wrapped", int64, 6)
    with k.loop(6) as i:
        y[i] = cast(i - 3, float32) * 0.5
        half[i] = select(~(i < 3), i, -i)
        wrapped[i] = (i + 2**62) * 3
    found = done(k, {})
    np.testing.assert_array_equal(found["y"], (np.arange(6) - 3) / 2)
    np.testing.assert_array_equal(found["half"], [0, -1, -2, 3, 4, 5])
    np.testing.assert_array_equal(found["wrapped"], (np.arange(6) + 2**62) * 3)


def test_a_value_is_computed_again_after_a_write() -> None:
    """Names of shared expressions do not outlive what they were computed from."""
    k = Builder()
    s, y = k.array("s", float32), k.array("y", float32, 3)
    s[()] = 1.0
    y[0] = s[()] * 2.0 + s[()] * 2.0
    with k.loop(3, ordered=True) as t:
        y[t] = s[()] * 2.0 + 1.0 / (s[()] * 2.0)
        s[()] = s[()] + 1.0
    np.testing.assert_array_equal(done(k, {})["y"], np.float32([2.5, 4.25, 6 + np.float32(1) / 6]))


def test_states_of_several_parts_join() -> None:
    k = Builder()
    x = k.array("x", float32, 5)
    value, place = k.array("value", float32), k.array("place", int64)
    k.start((value[()], place[()]), ops.argmax)
    with k.loop(5) as i:
        k.combine((value[()], place[()]), ops.argmax, (x[i], i))
    found = done(k, {"x": np.float32([1, 4, 2, 4, 0])})
    assert (found["value"], found["place"]) == (4, 1)


def test_a_combiner_of_ones_own() -> None:
    longest = Combiner.made(
        "longest", [(0.0, float32), (0.0, float32)], lambda a, b: (a[0] + b[0], a[1] + b[1])
    )
    k = Builder()
    x, s, q = k.array("x", float32, 4), k.array("s", float32), k.array("q", float32)
    k.start((s[()], q[()]), longest)
    with k.loop(4) as i:
        k.combine((s[()], q[()]), longest, (x[i], x[i] * x[i]))
    found = done(k, {"x": np.arange(4)})
    assert (found["s"], found["q"]) == (6, 14)
    text = listing(k.body())
    assert "# longest((a0, a1), (b0, b1)) = (a0 + b0, a1 + b1), from (0.0, 0.0)\n" in text
    assert "(s, q) = longest((s, q), (x[i], x[i] * x[i]))\n" in text


@pytest.mark.parametrize("name", ["for", "x.1", "i", "int64", "kernel", "t0", "c0", "magnitude"])
def test_arrays_may_have_any_name(name: str) -> None:
    k = Builder()
    x, y = k.array(name, float32, 3), k.array("y", float32, 3)
    with k.loop(3) as i, k.local(float32, name=name) as own:
        own[()] = abs_(x[i] - 2.5)
        y[i] = own[()] + 1.0 / (own[()] + 1.0) + 1.0
    assert done(k, {name: np.float32([1.5, 2.5, 4.5])})["y"].tolist() == [
        2.5,
        2.0,
        np.float32(10 / 3),
    ]


def test_gathered_indices_are_watched() -> None:
    k = Builder()
    at, x, y = k.array("at", int64, 2), k.array("x", float32, 3), k.array("y", float32, 2)
    with k.loop(2) as i:
        y[i] = x[at[i]]
    with pytest.raises(OutOfBoundsError, match="index -1 is outside an axis of length 3"):
        done(k, {"at": np.array([0, -1])})


def test_deep_expressions_run() -> None:
    k = Builder()
    x, y = k.array("x", float64), k.array("y", float64)
    value = x[()]
    for number in range(1000):
        value = (value + float(number)) * 0.5
    y[()] = value
    wanted = 1.0
    for number in range(1000):
        wanted = (wanted + number) * 0.5
    assert done(k, {"x": np.array(1.0)})["y"] == wanted


# The builder.


def test_a_stale_value_is_refused() -> None:
    k = Builder()
    x, y = k.array("x", float32), k.array("y", float32)
    old = x[()] + 1.0
    x[()] = 2.0
    with pytest.raises(VerificationError, match="a value of x is used after the array was"):
        y[()] = old
    k = Builder()
    x, y = k.array("x", float32), k.array("y", float32)
    old = x[()]
    with k.loop(3, ordered=True):
        y[()] = old
        with pytest.raises(VerificationError, match="a value of x is used after the array was"):
            x[()] = 2.0


def test_places_and_names_are_checked() -> None:
    k = Builder()
    x = k.array("x", float32, 3)
    with pytest.raises(PluginError, match="x has 1 dimensions, and 2 indices"):
        x[0, 1]
    with pytest.raises(PluginError, match="a place is written as"):
        k.store(x[0] + 1.0, 2.0)
    with pytest.raises(PluginError, match="has an array x already"):
        k.array("x", float32)


# Listings.

SOFTMAX = """\
# max(a, b) = b + b if b != b else b if a < b else a, from -inf
def softmax(x: float32[2, 3], y: float32[2, 3]):  # writes y
    for i in range(2):
        greatest = local(float32)
        total = local(float32)
        row = local(float32, 3)
        greatest = -inf
        for j in range(3):
            greatest = max(greatest, x[i, j])
        total = 0.0
        for j in range(3):
            row[j] = exp(x[i, j] - greatest)
            total += row[j]
        for j in range(3):
            y[i, j] = row[j] / total
"""

SKIP_GRAM = """\
def skip_gram(
    centre: int64[3], u: float32[4, 2], context: int64[3], v: float32[4, 2], label: float32[3],
    du: float32[4, 2], dv: float32[4, 2]
):  # writes du, dv
    for i in range(4):
        for j in range(2):
            du[i, j] = 0.0
            dv[i, j] = 0.0
    for i in range(3):                                            # in order
        slope = local(float32)
        slope = 0.0
        for j in range(2):
            slope += u[centre[i], j] * v[context[i], j]
        slope = sigmoid(slope) - label[i]
        for j in range(2):
            du[centre[i], j] += slope * v[context[i], j]
            dv[context[i], j] += slope * u[centre[i], j]
"""


@pytest.mark.parametrize(
    ("make", "name", "text"),
    [
        (lambda: softmax(2, 3), "softmax", SOFTMAX),
        (lambda: skip_gram(3, 4, 2), "skip_gram", SKIP_GRAM),
    ],
)
def test_a_listing_reads_like_python(make: Callable[[], Builder], name: str, text: str) -> None:
    k = make()
    assert listing(k.body(), name, k.beside) == text


@pytest.mark.parametrize("name", NINE)
def test_a_listing_names_every_array(name: str) -> None:
    k = NINE[name]()
    text = listing(k.body(), name, k.beside)
    reads, writes = outside(k.body().statements)
    assert set(k.arrays.values()) == {*reads, *writes}
    for array in k.arrays.values():
        extents = f"[{', '.join(map(str, array.shape))}]" if array.shape else ""
        assert f"{array.name}: {array.dtype}{extents}" in text


def test_shared_expressions_get_names_and_users_lines() -> None:
    k = Builder()
    x, y, z = (k.array(name, float32, 4) for name in "xyz")
    with k.loop(4) as i:
        twice = x[i] * 2.0
        y[i] = twice + 1.0
        z[i] = twice - (twice - 3.0)
    body = k.body()
    shared = body.statements[0].statements[0].value.operands[0]
    assert listing(body).splitlines()[2:] == [
        "        t0 = x[i] * 2.0",
        "        y[i] = t0 + 1.0",
        "        z[i] = t0 - (t0 - 3.0)",
    ]
    told = lines(body, lambda s: Caption("double", "model.py:3") if s is shared else None)
    assert list(rendered(told))[1] == f"{'    double = x[i] * 2.0':<60}  # model.py:3"


def test_callers_may_name_arrays() -> None:
    text = listing(chain(3).body(), called=lambda array: f"{array.name}_of_{array.owner}")
    assert text.startswith("def kernel(x_of_x: float32[3], y_of_y: float32[3]):  # writes y_of_y")


def test_sources_run_as_written() -> None:
    """The source of the plain form is kept for reading."""
    k = softmax(2, 3)
    assert "greatest[0] = max(greatest[0], x[(i) * 3 + j])" in Plain(k.body()).source
