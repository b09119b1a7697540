"""Native programs against NumPy in float64: loops, folds, products, scatters."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from native import PARTITIONS, plain, program, run, run_both

from chainrule import ops
from chainrule.compiler.errors import OutOfBoundsError, UnsupportedError
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.native import build as build_module
from chainrule.compiler.native.build import build
from chainrule.compiler.registry import registry
from chainrule.compiler.tolerances import BITS, NUMBERS, against_numpy, close, fused, summed, ulps
from chainrule.runtime.blas import find_scipy_blas

rng = np.random.default_rng(0)

SAMPLES = [
    pytest.param(op, sample, seed, id=f"{op.name}-{seed}")
    for op in registry
    for seed, sample in enumerate(op.accepted)
]


@pytest.mark.parametrize(("op", "sample", "seed"), SAMPLES)
def test_every_sample_agrees_with_the_reference(op: Any, sample: Any, seed: int) -> None:
    arrays = [np.asarray(a) for a in sample.arrays(len(op.parameters), seed, "float32")]
    graph = plain(lambda *values: op(*values, **sample.attributes), *arrays)
    expected = evaluate(graph, arrays)
    for partition in PARTITIONS:
        for one, other in zip(build(graph, partition=partition)(arrays), expected, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


# Loops.

BROADCASTS = [((), (3, 4)), ((4,), (3, 4)), ((3, 1), (1, 4)), ((2, 1, 5), (3, 1)), ((0, 3), (1,))]


@pytest.mark.parametrize("shapes", BROADCASTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8"])
def test_chains_with_broadcasts(shapes: Any, dtype: str) -> None:
    x, y = (rng.integers(0, 5, shape).astype(dtype) for shape in shapes)

    def chain(x: Any, y: Any) -> Any:
        return (x + y) * x - y * 2, x * y > 3

    for results in run_both(chain, x, y):
        for one, other in zip(results, chain(x, y), strict=True):
            assert close(one, np.asarray(other, one.dtype), BITS)


def test_a_chain_is_one_loop_of_packed_instructions() -> None:
    x = np.ones((64, 64), "float32")
    made = program(lambda x: (x * 2 + 1) * x - x, x)
    assert [kernel.kind for kernel in made.kernels] == ["loop"]
    assembly = made.asm()
    assert any(f"{word}ps" in assembly for word in ("vmul", "vfmadd213", "mul", "fmla"))
    assert "call" not in assembly.split(f"{made.kernels[0].name}:")[1].split("ret")[0]


def test_equal_kernels_are_compiled_once() -> None:
    arrays = [rng.normal(size=(4, 5)).astype("float32") for _ in range(3)]
    made = program(lambda *xs: tuple(ops.sum(x * 3 - x, axis=1) for x in xs), *arrays)
    assert len(made.kernels) == 3
    assert len({kernel.name for kernel in made.kernels}) == 1
    for one, x in zip(made(arrays), arrays, strict=True):
        assert close(one, (x * 3 - x).sum(axis=1), fused("float32"))


MOVES: dict[str, Callable[[Any], Any]] = {
    "transpose": lambda x: ops.transpose(x, axes=(2, 0, 1)),
    "slice": lambda x: x[1:, ::-1, 3::-2],
    "pad": lambda x: ops.pad(x, low=(1, 0, 2), high=(0, 1, 1), interior=(0, 2, 1), value=7.0),
    "concatenate": lambda x: ops.concatenate(x, x[:, :1], x, axis=1),
    "stack": lambda x: ops.stack(x, x * 2, axis=1),
    "flip": lambda x: ops.flip(x, axis=(0, 2)),
    "reshape": lambda x: ops.reshape(x, shape=(5, 2, 2, 3)),
    "reshape of transpose": lambda x: ops.reshape(ops.transpose(x, axes=(2, 1, 0)), shape=(4, -1)),
    "two reshapes": lambda x: ops.reshape(ops.reshape(x * 2, shape=(4, 15)), shape=(3, 4, 5)),
    "broadcast": lambda x: ops.broadcast_to(x[:1], shape=(6, 3, 4, 5)),
    "gather": lambda x: ops.gather(x, np.array([2, 0, 2]), np.array([3, 1, 0])),
    "roll": lambda x: ops.concatenate(x[1:], x[:1], axis=0) * x + x,
}


@pytest.mark.parametrize("name", MOVES)
def test_movements_agree_bit_for_bit_with_the_reference(name: str) -> None:
    x = rng.integers(-9, 9, (3, 4, 5)).astype("float64")

    def moved(x: Any) -> Any:
        return MOVES[name](x), ops.tanh(MOVES[name](x + 1)), MOVES[name](ops.relu(x)) * 2

    expected = evaluate(plain(moved, x), [x])
    for results in run_both(moved, x):
        assert close(results[0], expected[0], BITS)
        assert close(results[1], expected[1], against_numpy(2))
        assert close(results[2], expected[2], NUMBERS)


def test_special_numbers_pass_through_loops() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1e308])
    for one in run_both(lambda x: 1 / (x + 0.0), x):
        with np.errstate(all="ignore"):
            assert close(one, 1 / (x + 0.0), BITS)


# Folds.

SHAPES: list[tuple[int, ...]] = [(), (1,), (0,), (7,), (100,), (5000,), (3, 4), (0, 3), (3, 0)]
SHAPES += [(2, 70), (70, 2), (1, 5), (2, 3, 4), (5, 1, 9), (2, 0, 3), (2, 3, 4, 5), (3, 1, 17, 2)]
CASES = [
    (shape, axes)
    for shape in SHAPES
    for count in range(len(shape) + 1)
    for axes in itertools.combinations(range(len(shape)), count)
]


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "argmax", "any", "logsumexp"])
def test_reductions_over_all_sets_of_axes(name: str) -> None:
    """One program of all cases: each axis set of each shape, alone and with a producer."""
    cases = [
        (shape, axes)
        for shape, axes in CASES
        if name in ("sum", "prod", "any", "logsumexp") or all(shape[a] for a in axes)
    ]
    arrays = [rng.integers(-3, 4, shape).astype("float32") / 2 for shape, _ in cases]
    op = getattr(ops, name)

    def reduced(*xs: Any) -> Any:
        given = zip(xs, cases, strict=True)
        return tuple(op(x * 2, axis=axes, keepdims=False) for x, (_, axes) in given)

    wide = [np.asarray(a * 2, "float64") for a in arrays]
    results = run_both(reduced, *arrays)
    for number, (_, axes) in enumerate(cases):
        expected = op.evaluate([wide[number]], {"axis": axes, "keepdims": False}, None)
        for made in results:
            np.testing.assert_allclose(made[number], expected, rtol=1e-5, atol=1e-6)
        assert close(results[0][number], results[1][number], BITS)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint16", "uint64", "bool"])
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2)])
def test_reductions_of_integers_are_exact(dtype: str, axis: Any) -> None:
    x = rng.integers(0, 100, (5, 67, 3)).astype(dtype)
    for name in ("sum", "prod", "max", "min", "all"):
        for one in run_both(lambda x, name=name: getattr(ops, name)(x, axis=axis), x):
            assert close(one, np.asarray(getattr(np, name)(x, axis=axis)), BITS)


@pytest.mark.parametrize("length", [3, 64, 100, 5000])
def test_reductions_of_special_numbers(length: int) -> None:
    x = rng.normal(size=length)
    places = rng.choice(length, 3, replace=False)
    for special in (np.nan, np.inf, -np.inf):
        x[places] = (special, 0.0, -0.0)
        for name in ("max", "min", "argmax", "argmin", "sum"):
            for one in run_both(lambda x, name=name: getattr(ops, name)(x), x):
                np.testing.assert_allclose(one, getattr(np, name)(x), rtol=1e-12)


@pytest.mark.parametrize("length", [3, 5, 13, 37, 100])
def test_long_bodies_are_folded_over_rows_that_fill_no_vector(length: int) -> None:
    """What takes too many instructions for an unrolled loop goes through a rolled one."""
    x = rng.normal(size=(7, length)).astype("float32")
    expected = np.logaddexp(x, 0).sum(axis=1)
    for one in run_both(lambda x: ops.sum(ops.softplus(x), axis=1), x):
        assert close(one, expected, summed(length, "float32"))


@pytest.mark.parametrize("shape", [(10**6,), (1000, 1000), (3, 333_333)])
def test_long_float32_sums_stay_accurate(shape: tuple[int, ...]) -> None:
    """Lanes and blocks: at most 64 + 6 + n / 4096 roundings, which mostly cancel."""
    x = rng.uniform(0, 1, shape).astype("float32")
    exact = math.fsum(x.ravel().tolist())
    assert abs(float(run(lambda x: ops.sum(x), x)) - exact) <= 1e-6 * exact


def test_sums_have_the_same_bits_fused_or_not() -> None:
    """Doubling is exact, so that only the order of the sum could differ."""
    x = rng.normal(size=(13, 1029)).astype("float32")
    for axis in (None, 0, 1):
        one, other = run_both(lambda x, axis=axis: ops.sum(x * 2, axis=axis), x)
        assert close(one, other, BITS)


def test_a_row_that_cannot_be_walked_is_made_first() -> None:
    x, y = rng.normal(size=(6, 5)), rng.normal(size=(5, 6))
    made = program(lambda x, y: ops.sum(x * ops.transpose(y)), x, y)
    assert [kernel.kind for kernel in made.kernels] == ["loop", "fold"]
    assert any("folds rows in lanes" in reason for k in made.kernels for reason in k.apart)
    assert close(made([x, y])[0], np.sum(x * y.T), summed(30, "float64"))


# Products.

PATTERNS = [
    ("ij,jk->ik", (33, 17), (17, 9)),
    ("ij,kj->ik", (33, 17), (9, 17)),
    ("ji,jk->ik", (17, 33), (17, 9)),
    ("ji,kj->ik", (17, 33), (9, 17)),
    ("bij,bjk->bik", (3, 12, 17), (3, 17, 9)),
    ("ibj,jkb->bik", (12, 3, 17), (17, 9, 3)),
    ("bji,bkj->bik", (3, 17, 12), (3, 9, 17)),
    ("ab ij,abjk->abik", (2, 3, 12, 17), (2, 3, 17, 9)),
    ("bij,jk->bik", (3, 12, 17), (17, 9)),
    ("ijk,jkl->il", (12, 5, 4), (5, 4, 9)),
    ("ijk,kjl->il", (12, 5, 4), (4, 5, 9)),
    ("jik,kjl->il", (5, 12, 4), (4, 5, 9)),
    ("ij,j->i", (40, 50), (50,)),
    ("ji,j->i", (50, 40), (50,)),
    ("j,jk->k", (50,), (50, 40)),
    ("j,kj->k", (50,), (40, 50)),
    ("ij,jk->ik", (1, 50), (50, 40)),
    ("ij,jk->ik", (40, 50), (50, 1)),
    ("ij,jk->ik", (40, 1), (1, 40)),
    ("j,j->", (700,), (700,)),
    ("i,k->ik", (30,), (40,)),
    ("ij,jk->ik", (3, 2), (2, 4)),
    ("ij,jk->ik", (3, 0), (0, 4)),
    ("ij,jk->ik", (0, 3), (3, 4)),
    ("bij,bjk->bik", (0, 3, 4), (0, 4, 2)),
]


def product(pattern: str) -> Callable[[Any, Any], Any]:
    """The op for an einsum pattern whose result has the op's own order."""
    x, y, _ = pattern.replace(" ", "").replace("->", ",").split(",")
    out = pattern.rpartition("->")[2]
    summed_labels = [n for n in x if n in y and n not in out]
    shared = [n for n in out if n in x and n in y]

    def pairs(names: list[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return tuple(map(x.index, names)), tuple(map(y.index, names))

    return lambda a, b: ops.dot_general(a, b, contract=pairs(summed_labels), batch=pairs(shared))


def check_product(pattern: str, x_shape: Any, y_shape: Any, dtype: str) -> None:
    x, y = (rng.integers(-3, 4, shape).astype(dtype) for shape in (x_shape, y_shape))
    expected = np.einsum(pattern.replace(" ", ""), x.astype("float64"), y.astype("float64"))
    for one in run_both(product(pattern), x, y):
        assert close(one, expected.astype(dtype), NUMBERS)  # sums of small integers are exact


@pytest.mark.parametrize(("pattern", "x_shape", "y_shape"), PATTERNS)
def test_products(pattern: str, x_shape: Any, y_shape: Any) -> None:
    for dtype in ("float32", "float64", "int32"):
        check_product(pattern, x_shape, y_shape, dtype)


@pytest.mark.parametrize(("pattern", "x_shape", "y_shape"), PATTERNS)
@pytest.mark.parametrize("find", [find_scipy_blas, lambda: None], ids=["fortran", "none"])
def test_products_by_other_libraries(
    monkeypatch: pytest.MonkeyPatch, find: Any, pattern: str, x_shape: Any, y_shape: Any
) -> None:
    monkeypatch.setattr(build_module, "find_blas", find)
    check_product(pattern, x_shape, y_shape, "float32")


def test_products_of_booleans_are_disjunctions() -> None:
    x, y = (rng.integers(0, 2, shape).astype(bool) for shape in ((5, 6), (6, 7)))
    for one in run_both(lambda x, y: ops.dot_general(x, y, contract=((1,), (0,))), x, y):
        assert close(one, x @ y, BITS)


@pytest.mark.parametrize("pattern", ["ij,jk->ik", "ij,kj->ik", "ji,jk->ik", "bij,bjk->bik"])
def test_products_of_float16_are_summed_in_float32(pattern: str) -> None:
    extents = {"i": 5, "j": 4_000, "k": 3, "b": 2}
    x, y = (
        rng.uniform(0.5, 1, [extents[label] for label in labels]).astype(np.float16)
        for labels in pattern.split("->")[0].split(",")
    )
    exact = np.einsum(pattern, x.astype(np.float64), y.astype(np.float64))
    assert close(run(product(pattern), x, y), exact, ulps(1))


def test_a_product_does_not_read_what_lay_in_its_result() -> None:
    """gemv scales its result by zero, and zero times a left-over NaN would be NaN."""
    x, y = rng.normal(size=(40, 50)), rng.normal(size=50)
    made = program(lambda x, y: (ops.tanh(x @ y), ops.sum(x)), x, y)
    for _ in range(3):
        made([np.full_like(x, np.nan), y])
        assert close(made([x, y])[0], np.tanh(x @ y), fused("float64"))


def test_the_thread_count_is_restored() -> None:
    x = rng.normal(size=(30, 30))
    blas = build_module.find_blas()
    assert blas is not None
    before = blas.get_num_threads()
    made = program(lambda x: x @ x, x, threads=1)
    assert close(made([x])[0], x @ x, summed(30, "float64"))
    assert blas.get_num_threads() == before


# Scatters and index arrays.


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_scatters_add_up_equal_targets_in_order(dtype: str) -> None:
    x, updates = rng.normal(size=(5, 3)) * 9, rng.normal(size=(8, 3)) * 9
    x, updates = x.astype(dtype), updates.astype(dtype)
    index = rng.integers(0, 5, 8)
    expected = x.copy()
    np.add.at(expected, index, updates)
    for one in run_both(lambda x, u, i: ops.scatter_add(x, u, i), x, updates, index):
        assert close(one, expected, BITS)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
@pytest.mark.parametrize("count", [3, 100])
def test_rows_of_a_large_table_are_fetched_before_their_turn(count: int, dtype: str) -> None:
    table = rng.normal(size=(2600, 101)).astype("float32")
    index = rng.integers(0, min(len(table), np.iinfo(dtype).max), count).astype(dtype)
    made = program(lambda x, i: x[i], table, index)
    assert close(made([table, index])[0], table[index], BITS)
    assert made.llvm().count("call void @llvm.prefetch") == 7  # lines of 64 bytes in a row
    assert "prefetch" not in program(lambda x, i: x[i], table[:2500], index).llvm()


def test_rows_of_a_large_table_are_fetched_before_they_change() -> None:
    table, rows = rng.normal(size=(300, 9, 101)), rng.normal(size=(5, 4, 101))
    i, j = rng.integers(0, 300, (5, 4)), rng.integers(0, 9, (5, 4))
    made = program(lambda x, u, i, j: ops.scatter_add(x, u, i, j), table, rows, i, j)
    wanted = table.copy()
    np.add.at(wanted, (i, j), rows)
    assert close(made([table, rows, i, j])[0], wanted, BITS)
    assert made.llvm().count("call void @llvm.prefetch") == 8  # the processor sees to the rest


def _powers(x: np.ndarray) -> np.ndarray:
    return np.exp(x - x.max(axis=1, keepdims=True))


def _softmax(x: np.ndarray) -> np.ndarray:
    return _powers(x) / _powers(x).sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("function", "wanted", "rows", "asks"),
    [
        (lambda x: ops.softmax(x), _softmax, 300, True),
        (lambda x: ops.softmax(x), _softmax, 30, False),  # in the caches anyway
        (lambda x: ops.exp(x - ops.max(x, axis=1, keepdims=True)), _powers, 300, False),
    ],
    ids=["three walks", "small", "two walks"],
)
def test_lines_of_results_are_asked_for_in_the_walk_before(
    function: Any, wanted: Any, rows: int, asks: bool
) -> None:
    x = rng.normal(size=(rows, 1001)).astype("float32")
    made = program(function, x)
    assert ("@llvm.prefetch.p0(ptr %" in made.llvm()) is asks
    np.testing.assert_allclose(made([x])[0], wanted(x.astype("float64")), rtol=2e-6)


def test_an_index_outside_names_the_op_the_axis_and_the_line() -> None:
    x = rng.normal(size=(5, 3))
    made = program(lambda x, i: ops.gather(x, i) * 2, x, np.zeros(4, "int32"))
    assert [kernel.kind for kernel in made.kernels] == ["check", "loop"]
    for wrong in (5, -1, 2**31 - 1):
        index = np.array([0, 1, wrong, 2], "int32")
        sentence = f"gather: index {wrong} is out of bounds for axis 0 with 5 elements"
        with pytest.raises(OutOfBoundsError, match=sentence) as caught:
            made([x, index])
        assert "test_native.py" in str(caught.value)
    assert close(made([x, np.array([4, 0, 1, 1], "int32")])[0], x[[4, 0, 1, 1]] * 2, BITS)


def test_indices_that_are_known_to_fit_are_not_checked() -> None:
    x = rng.normal(size=(5, 3))
    made = program(lambda x: ops.gather(x, ops.iota(shape=(4,)), np.array([0, 2, 1, 0])), x)
    assert [kernel.kind for kernel in made.kernels] == ["loop"]
    assert close(made([x])[0], x[np.arange(4), [0, 2, 1, 0]], BITS)


# Arguments and calls.


def test_arguments_may_have_any_strides_and_alignment() -> None:
    base = rng.normal(size=(8, 12)).astype("float32")
    raw = bytearray(4 * 12 + 1)
    odd = np.frombuffer(raw, np.uint8)[1:].view("float32").reshape(3, 4)
    odd[...] = base[:3, :4]
    views = [base.T, base[::-1, ::-2], base[1::3, 2:7], np.broadcast_to(base[:, :1], (8, 5)), odd]
    for view in views:
        for one in run_both(lambda x: (x * 2 + ops.sum(x, axis=(0,)), x @ ops.transpose(x)), view):
            wide = view.astype("float64")
            assert close(one[0], (wide * 2 + wide.sum(axis=0)).astype("float32"), fused("float32"))
            assert close(one[1], (wide @ wide.T).astype("float32"), fused("float32"))


def test_concurrent_calls_do_not_share_memory() -> None:
    made = program(lambda x: ops.tanh(x @ x) @ x, np.ones((60, 60)))
    given = [rng.normal(size=(60, 60)) for _ in range(4)]
    results: list[Any] = [None] * 4

    def work(number: int) -> None:
        for _ in range(50):
            results[number] = made([given[number]])[0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for x, result in zip(given, results, strict=True):
        assert close(result, np.tanh(x @ x) @ x, fused("float64"))


def test_what_cannot_be_computed_is_refused_with_the_line() -> None:
    x = np.ones(3, "complex64")
    with pytest.raises(UnsupportedError, match="native programs do not compute with complex64"):
        program(lambda x: ops.dot_general(x, x, contract=((0,), (0,))), x)


# Whole programs.


def test_training_step_of_a_small_network() -> None:
    import chainrule as cr

    x, target = rng.normal(size=(6, 5)), rng.normal(size=(6, 2))
    w, b, v = rng.normal(size=(5, 4)), rng.normal(size=4), rng.normal(size=(4, 2))

    def loss(w: Any, b: Any, v: Any) -> Any:
        return ((np.tanh(x @ w + b) @ v - target) ** 2).sum()

    @cr.compile
    def step(w: Any, b: Any, v: Any) -> Any:
        value, grads = cr.value_and_grad(loss, argnums=(0, 1, 2))(w, b, v)
        return value, [p - 0.1 * g for p, g in zip((w, b, v), grads, strict=True)]

    value, after = step(w, b, v)
    h = np.tanh(x @ w + b)
    delta = 2 * (h @ v - target)
    inner = (delta @ v.T) * (1 - h**2)
    grads = [x.T @ inner, inner.sum(axis=0), h.T @ delta]
    assert close(value, np.asarray(loss(w, b, v)), fused("float64"))
    for one, p, g in zip(after, (w, b, v), grads, strict=True):
        assert close(one, p - 0.1 * g, fused("float64"))


def random_chain(count: int, arrays: list[np.ndarray]) -> Callable[..., Any]:
    choices = np.random.default_rng(7).integers(0, 2**31, (count, 3))

    def chain(*xs: Any) -> Any:
        pool = list(xs)
        for kind, i, j in choices:
            x, y = pool[i % len(pool)], pool[j % len(pool)]
            made = (x + y, x * y, x - y, ops.tanh(x), ops.maximum(x, y))[kind % 5]
            pool.append(made if kind % 3 else ops.tanh(made))
        return tuple(pool[-5:]), sum(pool[len(arrays) :], start=0.0)

    def flat(*xs: Any) -> Any:
        last, total = chain(*xs)
        return (*last, total)

    return flat


def test_a_thousand_random_units() -> None:
    arrays = [rng.uniform(-1, 1, (17, 5)) for _ in range(3)]
    graph = plain(random_chain(1000, arrays), *arrays)
    assert len(graph) > 1000
    expected = evaluate(graph, arrays)
    made = build(graph)
    assert len(made.kernels) < 100
    for one, other in zip(made(arrays), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_the_listing_shows_formulas_and_lines() -> None:
    x = np.ones((3, 4), "float32")
    made = program(lambda x: ops.sum(x * x + 1, axis=(1,)), x)
    text = made.source()
    assert "for i in range(3):" in text
    assert "test_native.py" in text
    assert made.kernels[0].name in text
    assert "fold" in made.kernels[0].summary()
