"""Nine kernels written by hand: what the kernel language has to be able to say.

Each function builds one for given sizes; `NINE` holds them at the sizes of the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt as root

from chainrule import ops
from chainrule.compiler.dtypes import float16, float32, int64
from chainrule.compiler.kernel.builder import Builder, View
from chainrule.compiler.scalar import Scalar, cast, sqrt

TILE = 4


def chain(n: int) -> Builder:
    """``y = tanh(x / 2 + 0.1) * sigmoid(x) + exp(-x * x)``."""
    k = Builder()
    x, y = k.array("x", float32, n), k.array("y", float32, n)
    with k.loop(n) as i:
        a = x[i]
        left = k.call(ops.tanh, a * 0.5 + 0.1) * k.call(ops.sigmoid, a)
        y[i] = left + k.call(ops.exp, -(a * a))
    return k


def softmax(n: int, m: int) -> Builder:
    """Softmax of each row, which is kept between its three uses."""
    k = Builder()
    x, y = k.array("x", float32, n, m), k.array("y", float32, n, m)
    with (
        k.loop(n) as i,
        k.local(float32, name="greatest") as greatest,
        k.local(float32, name="total") as total,
        k.local(float32, m, name="row") as row,
    ):
        k.start(greatest[()], ops.max)
        with k.loop(m) as j:
            k.combine(greatest[()], ops.max, x[i, j])
        k.start(total[()], ops.sum)
        with k.loop(m) as j:
            row[j] = k.call(ops.exp, x[i, j] - greatest[()])
            k.combine(total[()], ops.sum, row[j])
        with k.loop(m) as j:
            y[i, j] = row[j] / total[()]
    return k


def layer_norm_backward(n: int, m: int) -> Builder:
    """Cotangents of a layer norm's input, scale and shift: row and column sums in one nest."""
    k = Builder()
    x, dy = k.array("x", float32, n, m), k.array("dy", float32, n, m)
    scale = k.array("scale", float32, m)
    mean, rsqrt = k.array("mean", float32, n), k.array("rsqrt", float32, n)
    dx = k.array("dx", float32, n, m)
    dscale, dshift = k.array("dscale", float32, m), k.array("dshift", float32, m)

    def normal(i: Scalar, j: Scalar) -> Scalar:
        return (x[i, j] - mean[i]) * rsqrt[i]

    with k.loop(m) as j:
        k.start(dscale[j], ops.sum)
        k.start(dshift[j], ops.sum)
    with (
        k.loop(n) as i,
        k.local(float32, name="plain") as plain,
        k.local(float32, name="along") as along,
    ):
        k.start(plain[()], ops.sum)
        k.start(along[()], ops.sum)
        with k.loop(m) as j:
            k.combine(dscale[j], ops.sum, dy[i, j] * normal(i, j))
            k.combine(dshift[j], ops.sum, dy[i, j])
            k.combine(plain[()], ops.sum, dy[i, j] * scale[j])
            k.combine(along[()], ops.sum, dy[i, j] * scale[j] * normal(i, j))
        with k.loop(m) as j:
            inner = dy[i, j] * scale[j] - (plain[()] + normal(i, j) * along[()]) * (1 / m)
            dx[i, j] = rsqrt[i] * inner
    return k


def product(n: int, m: int, depth: int) -> Builder:
    """``y = tanh(relu(x) @ w + b)`` from float16 `x`, and the cotangents before tanh and of `b`."""
    k = Builder()
    x, w = k.array("x", float16, n, depth), k.array("w", float32, depth, m)
    b, dy = k.array("b", float32, m), k.array("dy", float32, n, m)
    y, dz, db = (
        k.array("y", float32, n, m),
        k.array("dz", float32, n, m),
        k.array("db", float32, m),
    )
    with k.loop(m) as j:
        k.start(db[j], ops.sum)
    with (
        k.loop(-(-n // TILE)) as it,
        k.loop(-(-m // TILE)) as jt,
        k.local(float32, TILE, TILE, name="tile") as tile,
    ):
        with k.loop(TILE) as a, k.loop(TILE) as c:
            k.start(tile[a, c], ops.sum)
        with k.loop(depth) as d, k.loop(TILE) as a, k.loop(TILE) as c:
            i, j = it * TILE + a, jt * TILE + c
            with k.when((i < n) & (j < m)):
                left = k.call(ops.relu, cast(x[i, d], float32))
                k.combine(tile[a, c], ops.sum, left * w[d, j])
        with k.loop(TILE) as a, k.loop(TILE) as c:
            i, j = it * TILE + a, jt * TILE + c
            with k.when((i < n) & (j < m)):
                y[i, j] = k.call(ops.tanh, tile[a, c] + b[j])
                dz[i, j] = dy[i, j] * (1.0 - k.call(ops.square, y[i, j]))
                k.combine(db[j], ops.sum, dz[i, j])
    return k


def convolution(batch: int, channels: int, size: int, filters: int) -> Builder:
    """A 5 x 5 convolution with bias, relu and 2 x 2 max pooling."""
    k = Builder()
    half = (size - 4) // 2
    x = k.array("x", float32, batch, channels, size, size)
    w, bias = k.array("w", float32, filters, channels, 5, 5), k.array("bias", float32, filters)
    y = k.array("y", float32, batch, filters, half, half)
    with (
        k.loop(batch) as n,
        k.loop(filters) as f,
        k.loop(half) as r,
        k.loop(half) as s,
        k.local(float32, name="best") as best,
    ):
        k.start(best[()], ops.max)
        with k.loop(2) as a, k.loop(2) as b, k.local(float32, name="total") as total:
            k.start(total[()], ops.sum)
            with k.loop(channels) as c, k.loop(5) as u, k.loop(5) as v:
                pixel = x[n, c, 2 * r + a + u, 2 * s + b + v]
                k.combine(total[()], ops.sum, pixel * w[f, c, u, v])
            k.combine(best[()], ops.max, k.call(ops.relu, total[()] + bias[f]))
        y[n, f, r, s] = best[()]
    return k


def attention(queries: int, keys: int, width: int) -> Builder:
    """Attention over tiles of keys: maximum, sum and output are carried and rescaled."""
    k = Builder()
    q, key = k.array("q", float32, queries, width), k.array("k", float32, keys, width)
    v, y = k.array("v", float32, keys, width), k.array("y", float32, queries, width)
    with (
        k.loop(queries) as i,
        k.local(float32, name="greatest") as greatest,
        k.local(float32, name="total") as total,
        k.local(float32, width, name="out") as out,
    ):
        k.start(greatest[()], ops.max)
        k.start(total[()], ops.sum)
        with k.loop(width) as d:
            k.start(out[d], ops.sum)
        with (
            k.loop(-(-keys // TILE), ordered=True) as jt,
            k.local(float32, TILE, name="scores") as scores,
            k.local(float32, name="newest") as newest,
        ):
            newest[()] = greatest[()]
            with k.loop(TILE) as c, k.when(jt * TILE + c < keys):
                k.start(scores[c], ops.sum)
                with k.loop(width) as d:
                    k.combine(scores[c], ops.sum, q[i, d] * key[jt * TILE + c, d])
                scores[c] = scores[c] * (1 / root(width))
                k.combine(newest[()], ops.max, scores[c])
            with k.local(float32, name="shrink") as shrink:
                shrink[()] = k.call(ops.exp, greatest[()] - newest[()])
                greatest[()] = newest[()]
                total[()] = total[()] * shrink[()]
                with k.loop(width) as d:
                    out[d] = out[d] * shrink[()]
            with k.loop(TILE) as c, k.when(jt * TILE + c < keys):
                scores[c] = k.call(ops.exp, scores[c] - greatest[()])
                k.combine(total[()], ops.sum, scores[c])
                with k.loop(width) as d:
                    k.combine(out[d], ops.sum, scores[c] * v[jt * TILE + c, d])
        with k.loop(width) as d:
            y[i, d] = out[d] / total[()]
    return k


def lstm(steps: int, batch: int, width: int, hidden: int) -> Builder:
    """An LSTM over time: `h` and `c` are carried by an ordered loop."""
    k = Builder()
    x = k.array("x", float32, steps, batch, width)
    w, u = k.array("w", float32, 4, hidden, width), k.array("u", float32, 4, hidden, hidden)
    b, y = k.array("b", float32, 4, hidden), k.array("y", float32, steps, batch, hidden)
    with (
        k.local(float32, batch, hidden, name="h") as h,
        k.local(float32, batch, hidden, name="c") as c,
    ):
        with k.loop(batch) as n, k.loop(hidden) as j:
            h[n, j] = 0.0
            c[n, j] = 0.0
        with k.loop(steps, ordered=True) as t:
            with k.loop(batch) as n, k.loop(hidden) as j, k.local(float32, 4, name="gate") as gate:
                with k.loop(4) as g:
                    gate[g] = b[g, j]
                    with k.loop(width) as d:
                        k.combine(gate[g], ops.sum, w[g, j, d] * x[t, n, d])
                    with k.loop(hidden) as d:
                        k.combine(gate[g], ops.sum, u[g, j, d] * h[n, d])
                kept = k.call(ops.sigmoid, gate[1]) * c[n, j]
                c[n, j] = kept + k.call(ops.sigmoid, gate[0]) * k.call(ops.tanh, gate[2])
                y[t, n, j] = k.call(ops.sigmoid, gate[3]) * k.call(ops.tanh, c[n, j])
            with k.loop(batch) as n, k.loop(hidden) as j:
                h[n, j] = y[t, n, j]
    return k


def skip_gram(pairs: int, words: int, width: int) -> Builder:
    """Cotangents of two tables of rows: gathered, multiplied, and scattered with repeats."""
    k = Builder()
    centre, context = k.array("centre", int64, pairs), k.array("context", int64, pairs)
    label = k.array("label", float32, pairs)
    u, v = k.array("u", float32, words, width), k.array("v", float32, words, width)
    du, dv = k.array("du", float32, words, width), k.array("dv", float32, words, width)
    with k.loop(words) as r, k.loop(width) as d:
        k.start(du[r, d], ops.sum)
        k.start(dv[r, d], ops.sum)
    with k.loop(pairs, ordered=True) as p, k.local(float32, name="slope") as slope:
        k.start(slope[()], ops.sum)
        with k.loop(width) as d:
            k.combine(slope[()], ops.sum, u[centre[p], d] * v[context[p], d])
        slope[()] = k.call(ops.sigmoid, slope[()]) - label[p]
        with k.loop(width) as d:
            k.combine(du[centre[p], d], ops.sum, slope[()] * v[context[p], d])
            k.combine(dv[context[p], d], ops.sum, slope[()] * u[centre[p], d])
    return k


def adam(shapes: Sequence[tuple[int, ...]]) -> Builder:
    """One step of Adam for several tensors, in place."""
    k = Builder()
    rates = [k.array(name, float32) for name in ("rate", "first_bias", "second_bias")]
    for number, shape in enumerate(shapes):
        arrays = [k.array(f"{name}{number}", float32, *shape) for name in ("w", "g", "m", "v")]
        _over(k, shape, lambda *where, arrays=arrays: _adam_element(rates, arrays, where))
    return k


def _over(k: Builder, shape: Sequence[int], visit: Callable[..., None], *where: Scalar) -> None:
    """Loops over a shape."""
    if not shape:
        visit(*where)
        return
    with k.loop(shape[0]) as i:
        _over(k, shape[1:], visit, *where, i)


def _adam_element(rates: Sequence[View], arrays: Sequence[View], where: tuple[Scalar, ...]) -> None:
    rate, first_bias, second_bias = (each[()] for each in rates)
    w, g, m, v = arrays
    m[where] = 0.9 * m[where] + 0.1 * g[where]
    v[where] = 0.999 * v[where] + 0.001 * (g[where] * g[where])
    step = rate * (m[where] / first_bias) / (sqrt(v[where] / second_bias) + 1e-8)
    w[where] = w[where] - step


NINE: dict[str, Callable[[], Builder]] = {
    "chain": lambda: chain(1000),
    "softmax": lambda: softmax(64, 100),
    "layer_norm_backward": lambda: layer_norm_backward(32, 128),
    "product": lambda: product(30, 50, 64),
    "convolution": lambda: convolution(8, 3, 28, 6),
    "attention": lambda: attention(64, 90, 16),
    "lstm": lambda: lstm(20, 8, 16, 32),
    "skip_gram": lambda: skip_gram(128, 1000, 50),
    "adam": lambda: adam([(64, 32), (32,), ()]),
}
