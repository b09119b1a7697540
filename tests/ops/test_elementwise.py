"""Elementwise ops against NumPy, SciPy, mpmath, and integers of Python."""

import math

import mpmath
import numpy as np
import pytest
import scipy.special
from oracles import gradient_of, graph_of, value_of

from chainrule import ops
from chainrule.compiler.errors import LocatedError
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.kinds import Elementwise
from chainrule.compiler.registry import registry
from chainrule.compiler.scalar import Word
from chainrule.compiler.scalar.numpy_meaning import evaluate_scalar, postorder
from chainrule.compiler.tolerances import (
    BITS,
    against_numpy,
    close,
    ulps,
)

mpmath.mp.dps = 60

ELEMENTWISE = [op for op in registry if isinstance(op, Elementwise) and hasattr(ops, op.name)]
NAMES = [op.name for op in ELEMENTWISE]
every_op = pytest.mark.parametrize("op", ELEMENTWISE, ids=NAMES)
both_widths = pytest.mark.parametrize("dtype", ["float32", "float64"])

EXACT = {
    "arccos": mpmath.acos,
    "arcsin": mpmath.asin,
    "arctan": mpmath.atan,
    "arctan2": mpmath.atan2,
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "cos": mpmath.cos,
    "cosh": mpmath.cosh,
    "div": lambda x, y: x / y,
    "erf": mpmath.erf,
    "exp": mpmath.exp,
    "exp2": lambda x: mpmath.power(2, x),
    "expm1": mpmath.expm1,
    "hypot": mpmath.hypot,
    "log": mpmath.log,
    "log10": mpmath.log10,
    "log1p": mpmath.log1p,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log_sigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "power": mpmath.power,
    "reciprocal": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "sin": mpmath.sin,
    "sinh": mpmath.sinh,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "sqrt": mpmath.sqrt,
    "square": lambda x: x * x,
    "tan": mpmath.tan,
    "tanh": mpmath.tanh,
    "xlogy": lambda x, y: x * mpmath.log(y),
}
HARD = {
    "arctan2": [(1e-30, -1.0), (-3e30, 1e30), (1e-20, 1e-20)],
    "erf": [(1e-30,), (3.9,), (-0.47,), (0.84375,)],
    "exp": [(-87.3,), (88.7,), (1e-20,), (-0.3466,), (0.34657,)],
    "expm1": [(1e-20,), (-1e-10,), (-30.0,), (0.25,), (-0.3,)],
    "hypot": [(3e30, 4e30), (3e-30, 4e-30), (1.0, 1e-20)],
    "log": [(1.0000001,), (0.9999999,), (1e-38,), (3e38,)],
    "log1p": [(1e-20,), (-1e-10,), (-0.9999,), (0.4142,), (-0.2929,)],
    "log_sigmoid": [(60.0,), (-1e4,), (1e-10,), (-30.0,)],
    "logaddexp": [(1e4, 1e4), (-1e4, -1e4 + 1), (0.0, -30.0), (700.0, 701.5)],
    "power": [(1.0000001, 1e6), (0.1, 30.0), (2.0, -100.5), (10.0, 7.0)],
    "sigmoid": [(30.0,), (-30.0,), (-87.0,), (1e-10,), (1e4,)],
    "sin": [(1e-20,), (3.1415927,), (1e3,), (-100.25,)],
    "softplus": [(-87.0,), (30.0,), (-30.0,), (1e4,), (-1e-10,)],
    "tanh": [(1e-20,), (-1e-5,), (20.0,), (0.55,), (0.625,)],
    "xlogy": [(2.0, 1e-30), (-3.0, 1.0000001), (1e-20, 3.0)],
}


def traced(op, arrays, attributes=()):
    """The value by the graph, and by the traced body on the same operands."""
    graph = graph_of(lambda *values: op(*values, **dict(attributes)), *arrays)
    (unit,) = graph.outputs
    types = [operand.type for operand in unit.inputs]
    inner = graph_of(lambda *values: op(*values, **dict(attributes)), *arrays)
    operands = evaluate(type(inner)("operands", inner.inputs, inner.outputs[0].inputs), arrays)
    return evaluate(graph, arrays)[0], evaluate_scalar(op.body(types, unit.attributes), operands)


def samples_of(op, dtype):
    for seed, sample in enumerate(op.accepted):
        yield sample, sample.arrays(len(op.parameters), seed, dtype)


# Values.


@every_op
@both_widths
def test_body_and_reference_agree(op, dtype) -> None:
    bound = BITS if op.ulp <= 0.5 else against_numpy(op.ulp)
    for sample, arrays in samples_of(op, dtype):
        value, by_body = traced(op, arrays, sample.attributes)
        found = close(by_body, value, bound)
        assert found, f"{op.name} {sample.attributes}: {found}"


@every_op
def test_bad_samples_are_refused_with_their_sentence(op) -> None:
    for bad in op.refused:
        given = bad.sample.arrays(len(op.parameters), 0, "float64")
        arrays = [each for each in given if isinstance(each, np.ndarray)]

        def call(*values, given=given, attributes=bad.sample.attributes):
            left = iter(values)  # Python's numbers are what they are, arrays are inputs
            mixed = (next(left) if isinstance(each, np.ndarray) else each for each in given)
            return op(*mixed, **attributes)

        with pytest.raises(LocatedError) as caught:
            graph_of(call, *arrays)
        assert bad.says in str(caught.value)


@pytest.mark.parametrize("name", sorted(EXACT))
@both_widths
def test_values_against_many_digits(name, dtype) -> None:
    op = registry[name]
    everyday = [a for s, a in samples_of(op, dtype) if s.smooth and not s.attributes]
    columns = [np.broadcast_arrays(*arrays) for arrays in everyday]
    hard = np.array(HARD.get(name, []), dtype).reshape(-1, len(op.parameters))
    arrays = [
        np.concatenate([*(c[i].ravel() for c in columns), hard[:, i]]).astype(dtype)
        for i in range(len(op.parameters))
    ]
    points = list(zip(*(map(mpmath.mpf, map(float, a)) for a in arrays), strict=True))
    with np.errstate(over="ignore"):
        exact = np.array([float(EXACT[name](*point)) for point in points])
    value, by_body = traced(op, arrays)
    # float64's expected value is itself rounded.
    for what, found in (
        ("reference", close(value, exact, against_numpy(op.ulp))),
        ("body", close(by_body, exact, ulps(op.ulp + 0.5))),
    ):
        assert found, f"{name} by its {what}: {found}"


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("sigmoid", scipy.special.expit),
        ("log_sigmoid", scipy.special.log_expit),
        ("erf", scipy.special.erf),
        ("xlogy", scipy.special.xlogy),
        ("softplus", lambda x: np.logaddexp(0, x)),
        ("rsqrt", lambda x: 1 / np.sqrt(x)),
        ("power", np.power),
        ("floor_divide", lambda x, y: np.floor_divide(x, y)),
        ("maximum", np.maximum),
        ("minimum", np.minimum),
        ("reciprocal", np.reciprocal),
        ("round", np.round),
        ("logaddexp", np.logaddexp),
    ],
)
def test_special_numbers_as_others_have_them(name, oracle) -> None:
    op = registry[name]
    points = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -2.5, 1e300, -1e300, 5e-324, 1e3])
    grid = np.meshgrid(*[points] * len(op.parameters))
    with np.errstate(all="ignore"):
        expected = oracle(*grid)
    for value in traced(op, grid):
        found = close(value, expected, against_numpy(op.ulp))
        assert found, f"{name}: {found}"


def test_the_larger_of_equal_zeros_is_the_first() -> None:
    zero = np.array([0.0, -0.0])
    for op in (ops.maximum, ops.minimum):
        for value in traced(op, [zero, -zero]):
            assert np.signbit(value).tolist() == [False, True]


def test_sigmoid_and_softplus_far_out() -> None:
    x = np.array([-1e4, -1e3, 1e3, 1e4])
    assert value_of(ops.sigmoid, x).tolist() == [0, 0, 1, 1]
    assert value_of(ops.softplus, x).tolist() == [0, 0, 1e3, 1e4]
    assert value_of(ops.log_sigmoid, x).tolist() == [-1e4, -1e3, 0, 0]
    assert gradient_of(ops.sigmoid, x)[0].tolist() == [0, 0, 0, 0]
    assert gradient_of(ops.softplus, x)[0].tolist() == [0, 0, 1, 1]
    assert gradient_of(ops.log_sigmoid, x)[0].tolist() == [1, 1, 0, 0]
    assert gradient_of(ops.tanh, x)[0].tolist() == [0, 0, 0, 0]
    assert gradient_of(ops.logaddexp, x, -x)[0].tolist() == [0, 0, 1, 1]


def test_softplus_nears_the_rectifier_as_beta_grows() -> None:
    x = np.linspace(-2, 2, 41)
    assert value_of(lambda v: ops.softplus(v) - ops.softplus(-v), x) == pytest.approx(x)
    for beta in (1.0, 5.0, 100.0):
        gap = value_of(lambda v, b=beta: ops.softplus(v, beta=b), x) - np.maximum(x, 0)
        assert gap.max() == pytest.approx(math.log(2) / beta)
        assert gap.min() > -1e-15


# Integers.


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint64"])
def test_integer_division_has_the_signs_of_python_and_never_traps(dtype) -> None:
    info = np.iinfo(dtype)
    edge = [info.min, info.min + 1, info.max, info.max - 1]
    values = [*edge, 0, 1, 2, 3, 7, *([-1, -2, -3, -7] if info.min else [])]
    x, y = (a.ravel() for a in np.meshgrid(np.array(values, dtype), np.array(values, dtype)))
    pairs = [(int(a), int(b)) for a, b in zip(x, y, strict=True)]
    span = 1 << info.bits
    quotient = [0 if b == 0 else (a // b - info.min) % span + info.min for a, b in pairs]
    remainder = [0 if b == 0 else a % b for a, b in pairs]
    for value in traced(ops.floor_divide, [x, y]):
        assert value.tolist() == quotient
    for value in traced(ops.mod, [x, y]):
        assert value.tolist() == remainder


def test_bodies_keep_the_divisor_from_what_traps() -> None:
    """The word for division itself, seen by a processor, gets neither 0 nor -1."""
    values = np.array([-(2**63), -1, 0, 1, 5])
    x, y = map(np.ravel, np.meshgrid(values, values))
    for op in (ops.floor_divide, ops.mod):
        graph = graph_of(op, x, y)
        body = op.body([i.type for i in graph.outputs[0].inputs], {})
        divisions = [
            node
            for node in postorder(body)
            if node.word in (Word.TRUNCATED_DIVIDE, Word.TRUNCATED_REMAINDER)
        ]
        assert divisions
        for node in divisions:
            divisor = evaluate_scalar(node.operands[1], [x, y])
            assert not set(divisor.tolist()) & {0, -1}


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "uint64"])
def test_integer_powers_are_taken_modulo_the_range(dtype) -> None:
    info = np.iinfo(dtype)
    bases = [0, 1, 2, 3, 10, info.max, info.min, *([-1, -2, -3] if info.min else [])]
    exponents = [0, 1, 2, 3, 5, 31, 62, 63, 100, min(info.max, 2**62 + 1)]
    x, y = (a.ravel() for a in np.meshgrid(np.array(bases, dtype), np.array(exponents, dtype)))
    expected = [
        (pow(int(a), int(b), 1 << info.bits) - info.min) % (1 << info.bits) + info.min
        for a, b in zip(x, y, strict=True)
    ]
    for value in traced(ops.power, [x, y]):
        assert value.tolist() == expected


def test_integer_powers_below_zero_are_cut() -> None:
    x = np.array([0, 1, -1, -1, 2, -2, 7])
    y = np.array([-1, -5, -5, -4, -1, -2, -1])
    for value in traced(ops.power, [x, y]):
        assert value.tolist() == [0, 1, -1, 1, 0, 0, 0]


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "uint64"])
def test_shifts_beyond_the_number_leave_nothing(dtype) -> None:
    info = np.iinfo(dtype)
    values = [info.min, info.max, 0, 1, 77]
    places = [0, 1, info.bits - 1, info.bits, min(info.max, 200), *([-1] if info.min else [])]
    x, y = (a.ravel() for a in np.meshgrid(np.array(values, dtype), np.array(places, dtype)))
    span = 1 << info.bits
    for op, shifted in (
        (ops.left_shift, lambda a, b: a << b),
        (ops.right_shift, lambda a, b: a >> b),
    ):
        whole = [
            shifted(int(a), int(b) if b >= 0 else info.bits) for a, b in zip(x, y, strict=True)
        ]
        expected = [(v - info.min) % span + info.min for v in whole]
        for value in traced(op, [x, y]):
            assert value.tolist() == expected
