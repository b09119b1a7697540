"""NumPy's functions on traced arrays: NumPy's own values, shapes and dtypes."""

import copy
import itertools
import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.errors import PromotionWarning
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.tolerances import close, composed
from chainrule.frontend.numpy.table import TABLE

RNG = np.random.default_rng(0)


def traced(function, *arguments):
    """What the traced function computes, as a list of arrays."""
    graph = cr.trace(function)(*arguments)
    return evaluate(graph, [np.asarray(a) for a in arguments])


def agree(actual, expected):
    expected = expected if isinstance(expected, (tuple, list)) else [expected]
    assert len(actual) == len(expected)
    for found, wanted in zip(actual, expected, strict=True):
        verdict = close(found, wanted, composed(np.asarray(wanted).dtype))
        assert verdict, str(verdict)


def check(function, *arguments):
    """`function(np, ...)` traced, by NumPy's protocols and by `cr.numpy`, against NumPy itself."""
    with np.errstate(all="ignore"):
        expected = function(np, *arguments)
        agree(traced(lambda *xs: function(np, *xs), *arguments), expected)
        agree(traced(lambda *xs: function(cr.numpy, *xs), *arguments), expected)


def real(*shape, dtype=np.float64, low=-2.0, high=2.0):
    return RNG.uniform(low, high, shape).astype(dtype)


X, Y = real(3, 4), real(3, 4)
POSITIVE = real(3, 4, low=0.1)
UNIT = real(3, 4, low=-0.9, high=0.9)
WHOLE = RNG.integers(-5, 6, (3, 4))
SMALL = RNG.integers(0, 5, (3, 4))
MASK, OTHER = X > 0, Y > 0
STRANGE = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5])


def each(names, arguments):
    return dict.fromkeys(names.split(), arguments)


UNARY = {
    **each("negative positive absolute abs sign square exp exp2 expm1", X),
    **each("sin cos tan arctan atan sinh cosh tanh degrees radians", X),
    **each("floor ceil trunc rint cbrt fabs deg2rad rad2deg conjugate", X),
    **each("sqrt log log2 log10 log1p reciprocal", POSITIVE),
    **each("arcsin asin arccos acos", UNIT),
    **each("isnan isinf isfinite signbit", STRANGE),
    **each("logical_not invert bitwise_not", MASK),
}
BINARY = {
    **each("add subtract multiply divide true_divide", (X, Y)),
    **each("maximum minimum arctan2 atan2 hypot logaddexp fmax fmin copysign", (X, Y)),
    **each("floor_divide remainder mod", (X, POSITIVE)),
    **each("power pow float_power", (POSITIVE, Y)),
    **each("equal not_equal less less_equal greater greater_equal", (X, Y)),
    **each("logical_and logical_or logical_xor", (MASK, OTHER)),
    **each("bitwise_and bitwise_or bitwise_xor", (WHOLE, SMALL)),
    **each("left_shift right_shift bitwise_left_shift bitwise_right_shift", (WHOLE, SMALL)),
}

CASES = {
    "clip": [
        lambda xp, x: xp.clip(x, -0.5, 1.0),
        lambda xp, x: xp.clip(x, None, 0.5),
        lambda xp, x: xp.clip(x, 0.5, None),
        lambda xp, x: x.clip(-1, 1),
    ],
    "where": [
        lambda xp, x: xp.where(x > 0, x, 0),
        lambda xp, x: xp.where(x > 0, 1.0, 0.0),
        lambda xp, x: xp.where([[True], [False], [True]], x, -x),
        lambda xp, x: xp.where(xp.rint(x), x, 2),
    ],
    "round": [lambda xp, x: xp.round(x), lambda xp, x: x.round(1), lambda xp, x: xp.round(x, -1)],
    "around": [lambda xp, x: xp.around(x, 2)],
    "real": [lambda xp, x: xp.real(x), lambda xp, x: x.real],
    "nan_to_num": [
        lambda xp, x: xp.nan_to_num(xp.log(x)),
        lambda xp, x: xp.nan_to_num(1 / xp.trunc(x), nan=1.0, posinf=2.0, neginf=3.0),
    ],
    "isclose": [
        lambda xp, x: xp.isclose(x, x + 1e-9),
        lambda xp, x: xp.isclose(xp.log(x), xp.log(x), equal_nan=True),
        lambda xp, x: xp.isclose(1 / xp.trunc(x), [np.inf, 1, -np.inf, np.nan]),
    ],
    "allclose": [lambda xp, x: xp.allclose(x, x), lambda xp, x: xp.allclose(x, x + 1)],
    "sum": [
        lambda xp, x: xp.sum(x),
        lambda xp, x: xp.sum(x, axis=0),
        lambda xp, x: xp.sum(x, axis=(0, -1), keepdims=True),
        lambda xp, x: xp.sum(x, dtype=np.float32),
        lambda xp, x: x.sum(1, keepdims=True),
        lambda xp, x: xp.sum(x > 0, axis=1),
        lambda xp, x: np.add.reduce(x),
    ],
    "prod": [
        lambda xp, x: xp.prod(x, 0),
        lambda xp, x: x.prod(),
        lambda xp, x: np.multiply.reduce(x, axis=1),
    ],
    "mean": [
        lambda xp, x: xp.mean(x, axis=1),
        lambda xp, x: x.mean(keepdims=True),
        lambda xp, x: xp.mean(x, dtype="float32"),
        lambda xp, x: xp.mean(x > 0),
    ],
    "var": [
        lambda xp, x: xp.var(x, axis=0, ddof=1),
        lambda xp, x: x.var(),
        lambda xp, x: xp.var(x, correction=1),
    ],
    "std": [lambda xp, x: xp.std(x, 1), lambda xp, x: x.std(axis=0, ddof=1, keepdims=True)],
    "max": [
        lambda xp, x: xp.max(x),
        lambda xp, x: x.max(axis=1),
        lambda xp, x: np.maximum.reduce(x),
        lambda xp, x: xp.max(x, axis=(0, 1), keepdims=True),
    ],
    "min": [
        lambda xp, x: xp.min(x, 0),
        lambda xp, x: x.min(),
        lambda xp, x: np.minimum.reduce(x, keepdims=True),
    ],
    "amax": [lambda xp, x: xp.amax(x, 1)],
    "amin": [lambda xp, x: xp.amin(x, 1)],
    "ptp": [lambda xp, x: xp.ptp(x, axis=1), lambda xp, x: xp.ptp(x)],
    "argmax": [lambda xp, x: xp.argmax(x), lambda xp, x: x.argmax(axis=1, keepdims=True)],
    "argmin": [lambda xp, x: xp.argmin(x, 0), lambda xp, x: x.argmin()],
    "any": [
        lambda xp, x: xp.any(x > 1, axis=0),
        lambda xp, x: (x > 9).any(),
        lambda xp, x: np.logical_or.reduce(x > 1),
    ],
    "all": [
        lambda xp, x: xp.all(x > -1, axis=0),
        lambda xp, x: x.all(),
        lambda xp, x: np.logical_and.reduce(x > -1, axis=1),
    ],
    "count_nonzero": [lambda xp, x: xp.count_nonzero(xp.trunc(x), axis=0)],
    "average": [
        lambda xp, x: xp.average(x, axis=0),
        lambda xp, x: xp.average(x, axis=1, weights=[1.0, 2.0, 3.0, 4.0]),
        lambda xp, x: xp.average(x, weights=xp.abs(x)),
    ],
    "linalg.norm": [
        lambda xp, x: xp.linalg.norm(x),
        lambda xp, x: xp.linalg.norm(x, axis=1),
        lambda xp, x: xp.linalg.norm(x[0]),
        lambda xp, x: xp.linalg.norm(x, np.inf, axis=0),
        *(
            lambda xp, x, ord=ord: xp.linalg.norm(x[0], ord)
            for ord in (1, 2, 3, 0, np.inf, -np.inf)
        ),
        *(
            lambda xp, x, ord=ord: xp.linalg.norm(x, ord, keepdims=True)
            for ord in ("fro", 1, -1, np.inf, -np.inf)
        ),
    ],
    "reshape": [
        lambda xp, x: xp.reshape(x, (2, 6)),
        lambda xp, x: x.reshape(4, -1),
        lambda xp, x: x.reshape((12,)),
        lambda xp, x: xp.reshape(x, -1),
    ],
    "ravel": [lambda xp, x: xp.ravel(x), lambda xp, x: x.flatten(), lambda xp, x: x.ravel()],
    "expand_dims": [lambda xp, x: xp.expand_dims(x, (0, -1)), lambda xp, x: x[:, None]],
    "squeeze": [
        lambda xp, x: xp.squeeze(x[None], axis=0),
        lambda xp, x: x[:, None].squeeze(),
    ],
    "atleast_1d": [lambda xp, x: xp.atleast_1d(x[0, 0]), lambda xp, x: xp.atleast_1d(x, x[0])],
    "atleast_2d": [lambda xp, x: xp.atleast_2d(x[0]), lambda xp, x: xp.atleast_2d(x, x[0, 0])],
    "broadcast_to": [lambda xp, x: xp.broadcast_to(x, (2, 3, 4))],
    "broadcast_arrays": [lambda xp, x: xp.broadcast_arrays(x, x[0], 3.0)],
    "meshgrid": [
        lambda xp, x: xp.meshgrid(x[0], x[:, 0]),
        lambda xp, x: xp.meshgrid(x[0], x[:, 0], x[1, :2], indexing="ij"),
        lambda xp, x: xp.meshgrid(x[0], x[:, 0], sparse=True),
    ],
    "transpose": [
        lambda xp, x: xp.transpose(x),
        lambda xp, x: x.T,
        lambda xp, x: x[None].transpose(1, 2, 0),
        lambda xp, x: x[None].transpose((2, 0, 1)),
        lambda xp, x: x[0].T,
    ],
    "permute_dims": [lambda xp, x: xp.permute_dims(x, (1, 0))],
    "matrix_transpose": [
        lambda xp, x: xp.matrix_transpose(xp.stack([x, x])),
        lambda xp, x: x[None].mT,
    ],
    "swapaxes": [lambda xp, x: xp.swapaxes(x[None], 0, -1), lambda xp, x: x.swapaxes(0, 1)],
    "moveaxis": [
        lambda xp, x: xp.moveaxis(x[None], 0, -1),
        lambda xp, x: xp.moveaxis(x[None, None], (0, 3), (2, 1)),
    ],
    "flip": [lambda xp, x: xp.flip(x), lambda xp, x: xp.flip(x, axis=(1,)), lambda xp, x: x[::-1]],
    "flipud": [lambda xp, x: xp.flipud(x)],
    "fliplr": [lambda xp, x: xp.fliplr(x)],
    "roll": [
        lambda xp, x: xp.roll(x, 5),
        lambda xp, x: xp.roll(x, -1, axis=1),
        lambda xp, x: xp.roll(x, (1, 2), axis=(0, 1)),
    ],
    "pad": [
        lambda xp, x: xp.pad(x, 1),
        lambda xp, x: xp.pad(x, ((0, 2), (1, 0)), constant_values=7.5),
        lambda xp, x: xp.pad(x, (1, 2), mode="constant"),
        lambda xp, x: xp.pad(x, {1: (2, 0)}),
    ],
    "repeat": [
        lambda xp, x: xp.repeat(x, 2),
        lambda xp, x: x.repeat(3, axis=1),
        lambda xp, x: xp.repeat(x, [1, 0, 2], axis=0),
    ],
    "tile": [lambda xp, x: xp.tile(x, 2), lambda xp, x: xp.tile(x, (2, 1, 3))],
    "astype": [
        lambda xp, x: xp.astype(x, np.float32),
        lambda xp, x: x.astype("int32"),
        lambda xp, x: x.astype(bool),
        lambda xp, x: x.astype(x.dtype),
    ],
    "concatenate": [
        lambda xp, x: xp.concatenate([x, x[:1]]),
        lambda xp, x: xp.concatenate((x, np.ones((3, 2))), axis=1),
        lambda xp, x: xp.concatenate([x, x], axis=None),
        lambda xp, x: xp.concatenate([x, [[1, 2, 3, 4]]], dtype=np.float32),
        lambda xp, x: xp.concatenate(x),
    ],
    "concat": [lambda xp, x: xp.concat([x, x])],
    "stack": [
        lambda xp, x: xp.stack([x, -x]),
        lambda xp, x: xp.stack((x, x), axis=-1),
        lambda xp, x: xp.stack([x[0, 0], 1.0]),
    ],
    "hstack": [lambda xp, x: xp.hstack([x, x]), lambda xp, x: xp.hstack([x[0], 1.0])],
    "vstack": [lambda xp, x: xp.vstack([x, x[0]])],
    "column_stack": [lambda xp, x: xp.column_stack([x, x[:, 0]])],
    "append": [lambda xp, x: xp.append(x, 1.0), lambda xp, x: xp.append(x, x, axis=0)],
    "split": [
        lambda xp, x: xp.split(x, 2, axis=1),
        lambda xp, x: xp.split(x, [1, 2]),
        lambda xp, x: xp.split(x, [2, 1, 9], axis=1),
    ],
    "array_split": [lambda xp, x: xp.array_split(x, 3, axis=1)],
    "hsplit": [lambda xp, x: xp.hsplit(x, 2)],
    "vsplit": [lambda xp, x: xp.vsplit(x, 3)],
    "take": [
        lambda xp, x: xp.take(x, [0, 2], axis=0),
        lambda xp, x: x.take(np.array([[1], [-1]]), axis=1),
        lambda xp, x: xp.take(x, [0, 11]),
        lambda xp, x: xp.take(x, [-7, 99], axis=0, mode="clip"),
        lambda xp, x: xp.take(x, [-7, 99], axis=1, mode="wrap"),
    ],
    "take_along_axis": [
        lambda xp, x: xp.take_along_axis(x, xp.argmax(x, axis=1, keepdims=True), axis=1),
        lambda xp, x: xp.take_along_axis(x, np.array([0, 5]), axis=None),
    ],
    "diagonal": [
        lambda xp, x: xp.diagonal(x),
        lambda xp, x: x.diagonal(1),
        lambda xp, x: xp.diagonal(xp.stack([x, x]), -1, 1, 2),
    ],
    "trace": [lambda xp, x: xp.trace(x), lambda xp, x: x.trace(-1)],
    "diag": [
        lambda xp, x: xp.diag(x, 1),
        lambda xp, x: xp.diag(x[0]),
        lambda xp, x: xp.diag(x[0], 2),
        lambda xp, x: xp.diag(x[0], -1),
    ],
    "tril": [lambda xp, x: xp.tril(x), lambda xp, x: xp.tril(x, -1)],
    "triu": [lambda xp, x: xp.triu(x), lambda xp, x: xp.triu(x, 1)],
    "diff": [lambda xp, x: xp.diff(x), lambda xp, x: xp.diff(x, 2, axis=0)],
    "select": [lambda xp, x: xp.select([x > 1, x > 0], [x, -x], 5.0)],
    "matmul": [
        lambda xp, x: xp.matmul(x, x.T),
        lambda xp, x: x @ x[0],
        lambda xp, x: np.ones((2, 3)) @ x,
        lambda xp, x: [1.0, 2.0, 3.0] @ x,
    ],
    "dot": [
        lambda xp, x: xp.dot(x, x.T),
        lambda xp, x: x.dot(x[0]),
        lambda xp, x: xp.dot(x, 2.0),
        lambda xp, x: xp.dot(x, xp.stack([x.T, x.T])),
    ],
    "inner": [lambda xp, x: xp.inner(x, x), lambda xp, x: xp.inner(x[0], x)],
    "vdot": [lambda xp, x: xp.vdot(x, x)],
    "outer": [lambda xp, x: xp.outer(x, x[0])],
    "tensordot": [
        lambda xp, x: xp.tensordot(x, x),
        lambda xp, x: xp.tensordot(x, x, axes=([1], [-1])),
        lambda xp, x: xp.tensordot(x, x, axes=0),
        lambda xp, x: xp.tensordot(x, x, axes=(1, 1)),
    ],
    "kron": [lambda xp, x: xp.kron(x, x[:2]), lambda xp, x: xp.kron(x[0], x)],
    "linalg.multi_dot": [lambda xp, x: xp.linalg.multi_dot([x, x.T, x])],
    "einsum": [
        lambda xp, x: xp.einsum("ij,kj->ik", x, x),
        lambda xp, x: xp.einsum("ij->j", x),
        lambda xp, x: xp.einsum("ii", x[:, :3]),
        lambda xp, x: xp.einsum("...j,j", x, x[0]),
        lambda xp, x: xp.einsum("ij,kj,kl", x, x, x, optimize=True),
    ],
    "zeros_like": [
        lambda xp, x: xp.zeros_like(x) + x,
        lambda xp, x: xp.zeros_like(x, dtype=np.int32, shape=(2,)),
    ],
    "ones_like": [lambda xp, x: xp.ones_like(x)],
    "empty_like": [lambda xp, x: xp.empty_like(x) * 0],
    "full_like": [
        lambda xp, x: xp.full_like(x, 3),
        lambda xp, x: xp.full_like(x, x[0, 0], dtype=np.float32),
        lambda xp, x: xp.full_like(x, x[0]),
    ],
    "full": [lambda xp, x: cr.numpy.full((2, 2), x[0, 0]), lambda xp, x: xp.full(2, 1.0) * x[0, 0]],
}
STATIC = {"shape", "ndim", "size"}


def test_every_function_of_the_table_is_tried():
    tried = {*UNARY, *BINARY, *CASES, *STATIC}
    assert set(TABLE) - tried == set()
    assert tried - set(TABLE) == set()


@pytest.mark.parametrize("name", sorted(UNARY))
def test_unary(name):
    x = UNARY[name]
    check(lambda xp, x: getattr(xp, name)(x), x)
    if x.dtype == np.float64:
        check(lambda xp, x: getattr(xp, name)(x), x.astype(np.float32))


@pytest.mark.parametrize("name", sorted(BINARY))
def test_binary(name):
    x, y = BINARY[name]
    check(lambda xp, x, y: getattr(xp, name)(x, y), x, y)
    check(lambda xp, x: getattr(xp, name)(x, y[0]), x)
    check(lambda xp, y: getattr(xp, name)(x[:, :1], y), y)
    if x.dtype == np.float64:
        check(lambda xp, x, y: getattr(xp, name)(x, y), x.astype(np.float32), y)


@pytest.mark.parametrize(
    ("name", "case"), [(n, i) for n in sorted(CASES) for i in range(len(CASES[n]))]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_function(name, case, dtype):
    check(CASES[name][case], X.astype(dtype))


def test_facts_are_python_values():
    def f(x):
        assert np.shape(x) == x.shape == (3, 4)
        assert np.ndim(x) == x.ndim == 2
        assert np.size(x) == x.size == 12
        assert np.size(x, 1) == 4
        assert len(x) == 3
        assert (x.itemsize, x.nbytes) == (4, 48)
        return x

    cr.trace(f)(X.astype(np.float32))


def test_dtype_is_numpys():
    def f(x):
        assert isinstance(x.dtype, np.dtype)
        assert x.dtype == np.float32
        assert np.issubdtype(x.dtype, np.floating)
        assert np.zeros(3, x.dtype).dtype == np.float32
        assert np.finfo(x.dtype).eps == np.finfo(np.float32).eps
        return x

    cr.trace(f)(np.ones(2, np.float32))


REFUSED = {("power", np.bool_, np.bool_)}  # bool ** bool is int8 in NumPy, of no use here
DTYPES = [np.bool_, np.int8, np.int32, np.int64, np.uint8, np.uint64, np.float32, np.float64]


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        case
        for case in itertools.product(
            ("add", "multiply", "divide", "maximum", "less", "power"), DTYPES, DTYPES
        )
        if case not in REFUSED
    ],
)
def test_promotion_is_numpys(name, left, right):
    x, y = np.array([1, 3, 2]).astype(left), np.array([2, 1, 1]).astype(right)
    if name == "divide" and {left, right} <= {np.bool_, np.int8, np.uint8}:
        x, y = x.astype(np.int32), y.astype(np.int32)  # NumPy's float16 is a storage type here
    check(lambda xp, x, y: getattr(xp, name)(x, y), x, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.uint8])
@pytest.mark.parametrize("scalar", [2, 2.5, True])
@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "greater"])
def test_python_scalars_are_weak(dtype, scalar, name):
    x = np.array([1, 2, 3], dtype)
    check(lambda xp, x: getattr(xp, name)(x, scalar), x)
    check(lambda xp, x: getattr(xp, name)(scalar, x), x)


def test_numpys_functions_make_arrays_of_python_numbers():
    """A traced Python number is weak to operators; np.exp(2.0) is float64 and not weak."""
    weights = np.ones(3, np.float32)
    plain = lambda rate, w: (w * rate, w * np.exp(rate), w * (rate + 1))  # noqa: E731
    outputs = [t.dtype.numpy for t in cr.trace(plain)(0.5, weights).output_types]
    assert outputs == [a.dtype for a in plain(0.5, weights)]
    assert outputs == [np.float32, np.float64, np.float32]


@pytest.mark.parametrize(
    "widened",
    [
        lambda x: x / np.sqrt(64),
        lambda x: np.float64(2) * x,
        lambda x: np.maximum(x, np.float64(0)),
    ],
)
def test_a_widening_numpy_scalar_promotes_and_warns(widened):
    x = np.ones(3, np.float32)
    with pytest.warns(PromotionWarning, match="float64 widens float32 to float64") as caught:
        graph = cr.trace(widened)(x)
    assert graph.output_types[0].dtype.numpy == widened(x).dtype == np.float64
    assert "test_numpy_protocol.py" in str(caught[0].message)


def test_a_scalar_of_the_arrays_own_dtype_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(lambda xp, x: np.float32(2) * x / np.float32(3), X.astype(np.float32))


@pytest.mark.parametrize(
    "function",
    [
        lambda xp, x: x + np.ones(4),
        lambda xp, x: np.ones(4) - x,
        lambda xp, x: np.float64(3) / x,
        lambda xp, x: 2 ** xp.trunc(x),
        lambda xp, x: x**2 - x // 2 + x % 2,
        lambda xp, x: [1, 2, 3, 4] * x,
        lambda xp, x: x - [1, 2, 3, 4],
        lambda xp, x: divmod(x, 2),
        lambda xp, x: divmod(3, x),
        lambda xp, x: abs(-x) + +x,
        lambda xp, x: 1 - (x > 0) + (1.0 - (x < 1)),
        lambda xp, x: (x > 0) & ~(x > 1) | (x < -1) ^ (x == 0),
        lambda xp, x: (x >= 0) * (x <= 1) * (x != 0),
        lambda xp, x: sum(row for row in x),
        lambda xp, x: [row[::2] for row in x][1],
        lambda xp, x: x[1:, ::-1][:, [0, 2]],
        lambda xp, x: x[np.array([0, 2]), 1],
        lambda xp, x: x[np.eye(3, 4, dtype=bool)],
        lambda xp, x: x[..., -1],
        lambda xp, x: x.copy() + copy.copy(x) + copy.deepcopy(x),
    ],
)
def test_operators_and_indexing(function):
    check(function, X)


def test_shifts():
    i = np.array([5, -3, 8])
    check(lambda xp, x: (x << 2) + (x >> 1) + (1 << abs(x)) + (np.array([99, -9, 7]) >> x), i)


def test_traced_indices():
    check(lambda xp, x, i: x[i] + xp.take(x, i, axis=0), X, np.array([0, -1, 2]))
    check(lambda xp, x, i: np.arange(9.0)[:4] * x[i], X, np.int64(1))


def test_updates():
    def expected(x):
        x = x.copy()
        x[1, :2] = 5.0
        x[[0, 2]] += 1.0
        return x

    found = traced(lambda x: x.at[1, :2].set(5.0).at[[0, 2]].add(1.0), X)
    agree(found, expected(X))


@pytest.mark.parametrize("name", sorted({*UNARY, *BINARY}))
def test_without_traced_values_the_functions_are_numpys(name):
    arguments = BINARY[name] if name in BINARY else (UNARY[name],)
    mine, theirs = getattr(cr.numpy, name, None), getattr(np, name)
    if mine is None:
        pytest.fail(f"cr.numpy has no {name}")
    found = mine(*arguments)
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(found, theirs(*arguments))


def test_a_loss_runs_on_arrays_and_traces_alike():
    def loss(x, w):
        hidden = np.tanh(x @ w + 1.0)
        return -np.log(np.exp(hidden).sum(axis=1)).mean()

    w = real(4, 2)
    assert isinstance(loss(X, w), np.floating)
    agree(traced(loss, X, w), loss(X, w))


def test_constants_are_computed_by_numpy_while_tracing():
    graph = cr.trace(lambda x: x + np.arange(4.0) * np.pi + cr.numpy.sin(np.ones(4)))(X)
    assert [unit.op.name for unit in graph.units if not unit.op.structural].count("sin") == 0
