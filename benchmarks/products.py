"""Generated matrix products beside BLAS and NumPy, on one thread, in one run.

Every product is first checked against float64. Then the contestants take turns: the generated
function and the BLAS routine are called in native loops, so that no Python is timed; NumPy's
`matmul` writes into a warm output. The figure is the ratio of the best times, beside the rate of
fused multiply-adds that this CPU reaches at the same moment.

    python benchmarks/products.py [--quick] [--only float32,nn] [--rounds 9]

`--only` takes words that a line of the table must all contain, such as ``float32``, ``tn``,
``square``, ``64x64x64``.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import platform
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from chainrule.compiler.dtypes import DType, float32, float64
from chainrule.compiler.native.function import METADATA
from chainrule.compiler.native.gemm import Emitted, emit_product
from chainrule.compiler.native.product_schedule import Shape, plan
from chainrule.compiler.native.vectors import Vector, target
from chainrule.compiler.tolerances import close, summed
from chainrule.runtime.blas import Blas, blas_threads, find_blas
from chainrule.runtime.buffers import empty_aligned
from chainrule.runtime.llvm import NativeModule, compile_module

SQUARES = (1, 2, 3, 5, 8, 13, 16, 17, 31, 32, 33, 48, 64, 65, 97, 100, 127, 128, 192, 256, 257)
LARGE = (384, 509, 512, 768, 1021, 1024, 2048)
TURNED = (7, 37, 64, 128, 256, 509, 1024)
FORMS = ("nn", "nt", "tn", "tt")
SECONDS = 1e-3
"""How long one turn of a contestant lasts, or once if that is longer."""


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    family: str
    shape: Shape

    @property
    def name(self) -> str:
        """Shape (rows x columns x summed), dtype and which operands lie transposed."""
        s = self.shape
        form = "nt"[s.a_transposed] + "nt"[s.b_transposed]
        return f"{self.family:7} {s.dtype.name} {form} {s.rows}x{s.columns}x{s.summed}"


def cases(quick: bool) -> Iterator[Case]:
    """The sweep; the random part is the same in every run."""

    def case(family: str, sizes: tuple[int, int, int], dtype: DType, form: str) -> Case:
        return Case(family, Shape(*sizes, dtype, form[0] == "t", form[1] == "t"))

    for n in SQUARES if quick else SQUARES + LARGE:
        yield case("square", (n, n, n), float32, "nn")
    for n in TURNED[:-2] if quick else TURNED:
        for form in FORMS[1:]:
            yield case("turned", (n, n, n), float32, form)
        yield case("double", (n, n, n), float64, FORMS[n % 4])
    for rows in (1, 2, 3, 4, 5):
        for columns, depth in ((64, 64), (10, 256), (512, 784), (1000, 33)):
            for form in ("nn", "nt"):
                yield case("thin", (rows, columns, depth), float32, form)
    for columns in (1, 2, 3, 5, 10, 16, 31):
        for form in ("nn", "nt", "tn"):
            yield case("tall", (1000, columns, 100), float32, form)
    for depth in (1, 2, 5, 17):
        yield case("flat", (300, 200, depth), float32, FORMS[depth % 4])
    for columns in (17, 64):
        yield case("deep", (24, columns, 5000), float32, "tn")
    draw = random.Random(0)
    for _ in range(12 if quick else 60):
        while True:
            sizes = tuple(round(2 ** draw.uniform(0, 11)) for _ in range(3))
            if math.prod(sizes) < (2**23 if quick else 2**29):
                break
        dtype = draw.choice((float32, float32, float64))
        yield case("random", sizes, dtype, draw.choice(FORMS))


@dataclass
class Contest:
    """The contestants on one case: each takes a number of repetitions."""

    emitted: Emitted
    compile_ms: float
    ours: Callable[[int], None]
    blas: Callable[[int], None] | None
    numpy: Callable[[int], None]
    error: str


def prepare(case: Case, blas: Blas | None) -> Contest:
    """Compile, check, and lay out the arrays of a case."""
    shape = case.shape
    dtype, rng = shape.dtype.numpy, np.random.default_rng(1)
    a = rng.standard_normal((shape.rows, shape.summed)).astype(dtype)
    b = rng.standard_normal((shape.summed, shape.columns)).astype(dtype)
    x, y = (
        np.ascontiguousarray(m.T if turned else m)
        for m, turned in ((a, shape.a_transposed), (b, shape.b_transposed))
    )
    emitted = emit_product(plan(shape, target()))
    started = time.perf_counter()
    module = compile_module(module_of(emitted, shape, x.shape[1], y.shape[1], blas))
    compile_ms = 1e3 * (time.perf_counter() - started)
    out = empty_aligned((shape.rows, shape.columns), dtype)
    scratch = empty_aligned((max(1, emitted.scratch_bytes),), np.dtype(np.uint8))
    held = (module, x, y, out, scratch)
    ours = entry(module, "ours", held, scratch.ctypes.data)
    library = None
    if blas is not None:
        library = entry(module, "blas", held, getattr(blas, routine(shape)))
    one = x.T if shape.a_transposed else x
    other = y.T if shape.b_transposed else y

    def by_numpy(count: int) -> None:
        for _ in range(count):
            np.matmul(one, other, out=out)

    ours(1)
    found = close(
        out.astype(np.float64), a.astype(np.float64) @ b, summed(shape.summed, shape.dtype)
    )
    return Contest(emitted, compile_ms, ours, library, by_numpy, "" if found else found.text)


def entry(module: NativeModule, name: str, held: tuple, last: int) -> Callable[[int], None]:
    """A native loop as a function of the number of repetitions."""
    _, x, y, out, _ = held
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)(module.address(name))
    addresses = x.ctypes.data, y.ctypes.data, out.ctypes.data, last

    def run(count: int) -> None:
        assert held
        function(*addresses, count)

    return run


def routine(shape: Shape) -> str:
    """The BLAS routine for a shape."""
    letter = "s" if shape.dtype is float32 else "d"
    return f"{letter}{'gemv' if 1 in (shape.rows, shape.columns) else 'gemm'}"


def module_of(emitted: Emitted, shape: Shape, lda: int, ldb: int, blas: Blas | None) -> str:
    """The product, and the two native loops."""
    ours = f"""call void @{emitted.name}(ptr %a, i64 {lda}, ptr %b, i64 {ldb}, ptr %c,
      i64 {shape.columns}, ptr %last)"""
    loops = [loop("ours", ours)]
    if blas is not None:
        loops.append(loop("blas", f"call void %last({blas_arguments(shape, lda, ldb, blas)})"))
    parts = emitted.parts.values()
    return "\n".join([*parts, emitted.text, *loops, *sorted(emitted.declarations), METADATA])


def loop(name: str, call: str) -> str:
    """A function that does `call` a number of times."""
    return f"""define void @{name}(ptr %a, ptr %b, ptr %c, ptr %last, i64 %count) {{
start:
  br label %again
again:
  %n = phi i64 [ 0, %start ], [ %next, %again ]
  {call}
  %next = add i64 %n, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %again, label %end, !llvm.loop !0
end:
  ret void
}}"""


def blas_arguments(shape: Shape, lda: int, ldb: int, blas: Blas) -> str:
    """What CBLAS wants for a product: gemv for a vector, else gemm."""
    kind, size = Vector(shape.dtype, 1).scalar, f"i{blas.int_bits}"
    one, zero = f"{kind} 1.0", f"{kind} 0.0"
    if 1 not in (shape.rows, shape.columns):
        flags = [
            f"i32 {112 if turned else 111}" for turned in (shape.a_transposed, shape.b_transposed)
        ]
        sizes = [f"{size} {n}" for n in (shape.rows, shape.columns, shape.summed)]
        a, b, c = (
            f"ptr %a, {size} {lda}",
            f"ptr %b, {size} {ldb}",
            f"ptr %c, {size} {shape.columns}",
        )
        return ", ".join(["i32 101", *flags, *sizes, one, a, b, zero, c])
    if shape.columns == 1:
        matrix, leading, turned, vector, steps = "%a", lda, shape.a_transposed, "%b", ldb
        height, step = shape.rows, 1 if shape.b_transposed else steps
    else:
        matrix, leading, turned, vector, steps = "%b", ldb, not shape.b_transposed, "%a", lda
        height, step = shape.columns, steps if shape.a_transposed else 1
    down, across = (shape.summed, height) if turned else (height, shape.summed)
    flag = f"i32 {112 if turned else 111}"
    x, y = f"ptr {vector}, {size} {step}", f"ptr %c, {size} 1"
    return (
        f"i32 101, {flag}, {size} {down}, {size} {across}, {one}, ptr {matrix}, "
        f"{size} {leading}, {x}, {zero}, {y}"
    )


def ceiling(dtype: DType) -> Callable[[], float]:
    """Measures the rate of independent fused multiply-adds, in FLOP/s."""
    vector, chains, count = Vector(dtype, target().lanes(dtype)), 12, 20_000
    fma = vector.fma("%x{0}", "%w", "%w")
    zero = "[ zeroinitializer, %start ]"
    text = "\n".join(
        [
            "define void @peak(ptr %o, i64 %count) {",
            f"start:\n  %w = {vector.load('%o')}\n  br label %l",
            "l:\n  %i = phi i64 [ 0, %start ], [ %j, %l ]",
            *[f"  %x{n} = phi {vector.type} {zero}, [ %y{n}, %l ]" for n in range(chains)],
            *[f"  %y{n} = {fma.format(n)}" for n in range(chains)],
            "  %j = add i64 %i, 1\n  %m = icmp ult i64 %j, %count",
            "  br i1 %m, label %l, label %e, !llvm.loop !0\ne:",
            *[f"  store volatile {vector.type} %y{n}, ptr %o, align 1" for n in range(chains)],
            "  ret void\n}",
            *vector.declarations,
            METADATA,
        ]
    )
    module = compile_module(text)
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(module.address("peak"))
    memory = np.zeros(64)

    def rate() -> float:
        assert module
        started = time.perf_counter()
        run(memory.ctypes.data, count)
        return 2 * vector.lanes * chains * count / (time.perf_counter() - started)

    return rate


def timed(run: Callable[[int], None], count: int) -> float:
    """Seconds of one repetition."""
    started = time.perf_counter()
    run(count)
    return (time.perf_counter() - started) / count


def contest(case: Case, blas: Blas | None, rounds: int) -> tuple[Contest, dict[str, float]]:
    """Best seconds of each contestant; they take turns."""
    found = prepare(case, blas)
    runs = {"ours": found.ours, "blas": found.blas, "numpy": found.numpy}
    known = {name: run for name, run in runs.items() if run is not None}
    counts = {}
    for name, run in known.items():
        run(1)
        once = min(timed(run, 1) for _ in range(3))
        counts[name] = max(1, min(100_000, round(SECONDS / max(once, 2e-8))))
    best = dict.fromkeys(known, math.inf)
    for _ in range(rounds):
        for name, run in known.items():
            best[name] = min(best[name], timed(run, counts[name]))
    return found, best


def main() -> None:
    """Run the sweep and print the table, worst ratio marked, geometric means at the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    parser.add_argument("--only", default="", help="words that a line must contain")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    words = [word for word in options.only.split(",") if word]
    blas = find_blas()
    if blas is not None and blas.interface != "cblas":
        blas = None
    rates = {dtype: ceiling(dtype) for dtype in (float32, float64)}
    peak = {dtype: max(rate() for _ in range(50)) for dtype, rate in rates.items()}
    print(f"{platform.machine()}, {blas.name if blas else 'no CBLAS'}, one thread")
    for dtype in rates:
        print(f"fused multiply-adds: {peak[dtype] / 1e9:.0f} GFLOP/s {dtype.name}")
    print(f"{'':42}     us  GFLOP/s  of FMA  / BLAS  / NumPy  compile ms  form")
    ratios: dict[str, list[float]] = {"blas": [], "numpy": []}
    with blas_threads(1):
        for case in cases(options.quick):
            if not all(word in case.name for word in words):
                continue
            found, best = contest(case, blas, options.rounds)
            shape = case.shape
            peak[shape.dtype] = max(peak[shape.dtype], rates[shape.dtype]())
            rate = 2 * shape.rows * shape.columns * shape.summed / best["ours"]
            gain = {name: best[name] / best["ours"] for name in best if name != "ours"}
            for name, value in gain.items():
                ratios[name].append(value)
            plan = found.emitted.plan
            form = f"{type(plan).__name__} {plan.height}x{getattr(plan, 'width', '')}"
            form += " packed" if getattr(plan, "packed", False) else ""
            print(
                f"{case.name:40} {1e6 * best['ours']:10.2f} {rate / 1e9:8.1f} "
                f"{rate / peak[shape.dtype]:7.2f} {gain.get('blas', math.nan):7.2f} "
                f"{gain['numpy']:7.2f} {found.compile_ms:10.1f}   {form}"
                f"{'  SLOWER' if gain.get('blas', 1) < 0.87 else ''} {found.error}",
                flush=True,
            )
    for name, values in ratios.items():
        if values:
            mean = math.exp(sum(map(math.log, values)) / len(values))
            slower = sum(value < 1 / 1.15 for value in values)
            print(
                f"{name} / ours: geometric mean {mean:.2f}, least {min(values):.2f}, "
                f"slower by more than 15 %: {slower} of {len(values)}"
            )


if __name__ == "__main__":
    main()
