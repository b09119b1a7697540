"""Generated matrix products against float64 NumPy: sizes, transposes, memory, orders of sums."""

import math
import subprocess
import sys
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from native import program
from native import run as run_program
from products import guarded, products

from chainrule.compiler.dtypes import DType, float32, float64
from chainrule.compiler.native.gemm import emit_product
from chainrule.compiler.native.kernels import Product
from chainrule.compiler.native.product_schedule import Dotted, Shape, Tiled, accumulating, plan
from chainrule.compiler.native.vectors import Target, target
from chainrule.compiler.tolerances import close, summed

FORMS = list(product((False, True), repeat=2))
WIDTHS = {"avx512": Target(512, 32), "avx2": Target(256, 16), "neon": Target(128, 32)}
SIZES = (1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127)


def operands(shape: Shape, seed: int = 0) -> tuple[Any, Any]:
    """A and B as mathematics has them."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((shape.rows, shape.summed)).astype(shape.dtype.numpy)
    b = rng.standard_normal((shape.summed, shape.columns)).astype(shape.dtype.numpy)
    return a, b


def laid_out(matrix: Any, transposed: bool, gap: int) -> Any:
    """The matrix in memory, with NaN between its rows."""
    stored = matrix.T if transposed else matrix
    _, place = guarded(stored.shape, stored.dtype, gap)
    place[...] = stored
    return place


def run(multiply: Any, shape: Shape, a: Any, b: Any, gap: int = 0) -> Any:
    """The result; everything around it is checked to be as before."""
    x, y = laid_out(a, shape.a_transposed, gap), laid_out(b, shape.b_transposed, gap)
    memory, out = guarded((shape.rows, shape.columns), a.dtype, 0 if shape.columns == 1 else gap)
    multiply(x, y, out)
    result = out.copy()
    out[...] = np.nan
    assert np.isnan(memory).all(), "written outside the result"
    return result


def exact(a: Any, b: Any) -> Any:
    return a.astype(np.float64) @ b.astype(np.float64)


def shapes_of(dtype: DType, form: tuple[bool, bool], seed: int, count: int) -> list[Shape]:
    """Every size along each axis at least once, in random company."""
    draw = Random(seed)
    sizes = [tuple(draw.choice(SIZES) for _ in range(3)) for _ in range(count)]
    for axis in range(3):
        for size in draw.sample(SIZES, len(SIZES)):
            each = [draw.choice(SIZES[:9]) for _ in range(3)]
            each[axis] = size
            sizes.append(tuple(each))
    return [Shape(*each, dtype, *form) for each in dict.fromkeys(sizes)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [float32, float64])
@pytest.mark.parametrize("gap", [0, 5])
def test_odd_sizes_agree_with_float64(dtype: DType, form: tuple[bool, bool], gap: int) -> None:
    shapes = shapes_of(dtype, form, 10 * gap + sum(form), 12)
    for shape, multiply in zip(shapes, products(shapes, target()), strict=True):
        a, b = operands(shape)
        found = run(multiply, shape, a, b, gap).astype(np.float64)
        assert close(found, exact(a, b), summed(shape.summed, dtype)), shape


@pytest.mark.parametrize("form", FORMS)
def test_large_products_agree_across_blocks(form: tuple[bool, bool]) -> None:
    sizes = [(40, 1100, 700), (1100, 9, 600), (9, 1100, 600), (3, 30, 3000), (200, 1, 900)]
    shapes = [Shape(*each, float32, *form) for each in sizes]
    for shape, multiply in zip(shapes, products(shapes, target()), strict=True):
        a, b = operands(shape)
        found = run(multiply, shape, a, b, 3).astype(np.float64)
        assert close(found, exact(a, b), summed(shape.summed, float32)), shape


@pytest.mark.parametrize("dtype", [float32, float64])
@pytest.mark.parametrize("form", FORMS)
def test_the_bits_do_not_depend_on_the_vectors(dtype: DType, form: tuple[bool, bool]) -> None:
    shapes = [*shapes_of(dtype, form, 7, 6)[::3], Shape(20, 130, 300, dtype, *form)]
    kinds = [products(shapes, each) for each in WIDTHS.values()]
    for shape, *multiplies in zip(shapes, *kinds, strict=True):
        a, b = operands(shape)
        first, *others = (run(multiply, shape, a, b) for multiply in multiplies)
        for other in others:
            assert first.tobytes() == other.tobytes(), shape


@pytest.mark.parametrize("form", FORMS)
def test_the_bits_do_not_depend_on_the_place(form: tuple[bool, bool]) -> None:
    """A tile in the middle, one at the edge and a strided one add in the same order."""
    shape = Shape(37, 70, 90, float32, *form)
    (multiply,) = products([shape], target())
    a, b = operands(shape)
    a[:], b[:] = a[:1], b[:, :1]
    result = run(multiply, shape, a, b)
    assert (result == result[0, 0]).all()
    assert run(multiply, shape, a, b, 11).tobytes() == result.tobytes()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "sizes", [(9, 21, 35), (1, 40, 50), (50, 1, 40), (3, 5, 100), (100, 3, 30)]
)
def test_nan_and_infinities_reach_their_rows_and_columns(
    form: tuple[bool, bool], sizes: tuple[int, int, int]
) -> None:
    shape = Shape(*sizes, float32, *form)
    (multiply,) = products([shape], target())
    a, b = operands(shape)
    a[-1, 3], b[4, 0] = np.nan, np.inf
    a[0, 4] = 0 if shape.rows > 1 else 1  # 0 times infinity
    with np.errstate(invalid="ignore"):
        terms = a[:, :, None].astype(np.float64) * b[None].astype(np.float64)
        expected = terms.sum(axis=1)
    found = run(multiply, shape, a, b, 2).astype(np.float64)
    assert np.isnan(found[-1]).all()
    assert close(found, expected, summed(shape.summed, float32))


def test_what_c_held_before_is_forgotten() -> None:
    shapes = [Shape(5, 40, 600, float32), Shape(4, 9, 64, float32, False, True)]
    for shape, multiply in zip(shapes, products(shapes, target()), strict=True):
        a, b = operands(shape)
        _, out = guarded((shape.rows, shape.columns), a.dtype, 0)
        first = (multiply(laid_out(a, False, 0), laid_out(b, shape.b_transposed, 0), out), out)[1]
        once = first.copy()
        multiply(laid_out(a, False, 0), laid_out(b, shape.b_transposed, 0), out)
        assert once.tobytes() == out.tobytes()


def test_sums_of_whole_numbers_are_exact() -> None:
    shapes = [Shape(33, 50, 77, float32, *form) for form in FORMS]
    rng = np.random.default_rng(3)
    a, b = (rng.integers(-9, 10, size).astype(np.float32) for size in ((33, 77), (77, 50)))
    for shape, multiply in zip(shapes, products(shapes, target()), strict=True):
        assert (run(multiply, shape, a, b) == exact(a, b)).all()


def test_products_share_their_micro_kernels() -> None:
    shapes = [Shape(n, 96, n, float32) for n in (64, 128, 512)]
    kinds = [emit_product(plan(shape, WIDTHS["avx512"])).parts for shape in shapes]
    shared = set.intersection(*map(set, kinds))
    assert any(name.startswith("tile") for name in shared)
    assert all(kinds[0][name] == kinds[2][name] for name in shared)


def test_tiles_fit_the_registers() -> None:
    draw = Random(1)
    for cpu in WIDTHS.values():
        for _ in range(300):
            sizes = [draw.choice((*SIZES, 700)) for _ in range(3)]
            form = draw.choice(FORMS)
            found = plan(Shape(*sizes, draw.choice((float32, float64)), *form), cpu)
            if isinstance(found, Tiled):
                used = found.height * found.vectors + found.vectors + 1
            else:
                wide = 512 // cpu.vector_bits
                used = wide * (found.height * found.width + found.height + 1)
                used = min(used, cpu.registers) if found.height * found.width == 1 else used
            assert used <= cpu.registers, found


def test_the_form_depends_on_the_shape_alone() -> None:
    draw = Random(2)
    kinds = set()
    for _ in range(300):
        sizes = [draw.choice((*SIZES, 700)) for _ in range(3)]
        shape = Shape(*sizes, float32, *draw.choice(FORMS))
        (kind,) = {type(plan(shape, cpu)) for cpu in WIDTHS.values()}
        kinds.add(kind)
    assert kinds == {Tiled, Dotted}


OVERRUN = """
import ctypes, mmap, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from products import products
from chainrule.compiler.dtypes import float32, float64
from chainrule.compiler.native.product_schedule import Shape, plan
from chainrule.compiler.native.vectors import target

protect = ctypes.CDLL(None).mprotect
protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
PAGE, kept = mmap.PAGESIZE, []

def at_the_end(shape, dtype, before):
    "An array whose last (or first) byte touches memory that may not be read."
    size = shape[0] * shape[1] * dtype.itemsize
    pages = -(-size // PAGE)
    memory = mmap.mmap(-1, (pages + 2) * PAGE)
    kept.append(memory)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in (0, pages + 1):
        assert protect(base + page * PAGE, PAGE, 0) == 0
    offset = PAGE if before else (pages + 1) * PAGE - size
    array = np.ndarray(shape, dtype, memory, offset)
    array[...] = 1
    return array

SIZES = [(1, 5, 7), (3, 17, 33), (9, 50, 21), (50, 3, 19), (33, 1, 20), (1, 1, 1), (8, 7, 300)]
for form in ((False, False), (False, True), (True, False), (True, True)):
    for dtype in (float32, float64):
        shapes = [Shape(*sizes, dtype, *form) for sizes in SIZES]
        for s, multiply in zip(shapes, products(shapes, target())):
            for before in (False, True):
                a = (s.summed, s.rows) if s.a_transposed else (s.rows, s.summed)
                b = (s.columns, s.summed) if s.b_transposed else (s.summed, s.columns)
                arrays = [at_the_end(m, dtype.numpy, before) for m in (a, b, (s.rows, s.columns))]
                multiply(*arrays)
                assert (arrays[2] == s.summed).all(), s
"""


@pytest.mark.skipif(sys.platform == "win32", reason="mprotect is POSIX")
def test_no_byte_outside_the_matrices_is_touched() -> None:
    """Each matrix lies against a page that the process may not read; touching it is fatal."""
    support = str(Path(__file__).parents[1] / "support")
    script = [sys.executable, "-c", OVERRUN, support]
    finished = subprocess.run(script, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr or "touched memory outside the matrices"


def test_programs_on_one_thread_call_no_library() -> None:
    x, y = (np.ones(shape, np.float32) for shape in ((3, 260, 200), (3, 200, 270)))
    built = program(lambda a, b: a @ b, x, y, threads=1)
    (record,) = (kernel for kernel in built.kernels if isinstance(kernel.kernel, Product))
    assert record.routine is None
    assert record.kernel.plan is not None
    (result,) = built([x, y])
    assert (result == 200).all()


@pytest.mark.parametrize(
    ("labels", "shapes"),
    [
        ("ij,jk->ik", [(131, 257), (257, 301)]),
        ("ij,jk->ik", [(301, 257), (257, 67)]),
        ("ji,jk->ik", [(900, 20), (900, 33)]),
        ("ji,jk->ik", [(257, 131), (257, 301)]),
        ("ij,kj->ik", [(4, 512), (784, 512)]),
        ("ij,kj->ki", [(131, 257), (301, 257)]),
        ("bij,bjk->bik", [(7, 65, 40), (7, 40, 65)]),
        ("aibj,ajbk->abik", [(3, 65, 4, 40), (3, 40, 4, 65)]),
    ],
)
def test_pieces_on_several_threads_have_the_same_bits(
    labels: str, shapes: list[tuple[int, ...]]
) -> None:
    rng = np.random.default_rng(5)
    x, y = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    results = []
    for threads in (1, 2, 5):
        made = program(lambda a, b: np.einsum(labels, a, b), x, y, threads=threads)
        (kernel,) = (k.kernel for k in made.kernels if isinstance(k.kernel, Product))
        assert threads != 2 or kernel.pieces is not None or shapes[1][-1] == 33
        results.append(made([x, y])[0])
    wanted = np.einsum(labels, x.astype(np.float64), y.astype(np.float64))
    np.testing.assert_allclose(results[0], wanted, rtol=1e-4, atol=1e-4)
    assert all(each.tobytes() == results[0].tobytes() for each in results)


@pytest.mark.parametrize(
    "labels", ["bij,bjk->bik", "ijb,kjb->bki", "ij,kj->ki", "ij,j->i", "i,ij->j"]
)
def test_contractions_in_programs_agree_with_float64(labels: str) -> None:
    size = {"b": 3, "i": 33, "j": 21, "k": 18}
    rng = np.random.default_rng(4)
    operands = labels.partition("->")[0].split(",")
    x, y = (rng.standard_normal([size[n] for n in names]).astype("f4") for names in operands)
    found = run_program(lambda a, b: np.einsum(labels, a, b), x, y, threads=1)
    expected = np.einsum(labels, x.astype("f8"), y.astype("f8"))
    length = math.prod(size[n] for n in size if n in "".join(operands)) // expected.size
    assert close(found.astype("f8"), expected, summed(length, float32))


def test_plans_of_one_shape_are_functions_with_names_of_their_own() -> None:
    """A program may multiply by two plans: one adds to what its result holds, block by block."""
    plans = []
    for transposed in (False, True):
        shape = Shape(40, 3, 40, float64, transposed)
        for each in WIDTHS.values():
            plans += [plan(shape, each), accumulating(shape, each)]
    made = [emit_product(each) for each in plans]
    assert len({each.name for each in made}) == len({each.text for each in made})
