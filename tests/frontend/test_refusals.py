"""What cannot be traced or does not fit: the exact sentence, the line, the form to use."""

import numpy as np
import pytest
from mistakes import Mistakes, marked_line, name_of

import chainrule as cr
from chainrule import (
    AxisError,
    ChainruleError,
    DTypeError,
    GradientError,
    OutOfBoundsError,
    PluginError,
    ShapeError,
    UnsupportedError,
)
from chainrule.compiler.plugin import elementwise, ordinary
from chainrule.compiler.registry import registry

MISTAKES = Mistakes()
X = np.ones((2, 4), np.float32)


# Sizes that depend on data.


@MISTAKES.wrong(
    UnsupportedError,
    "np.nonzero gives an array whose size depends on the values",
    hint="Use np.where(mask, x, 0) to keep the shape and blank out the rest",
    args=(X,),
)
def nonzero(x):
    return np.nonzero(x)  # wrong


@MISTAKES.wrong(
    UnsupportedError,
    "np.where(condition) gives an array whose size depends on the values",
    hint="Use np.where(condition, x, y) to choose per element",
    args=(X,),
)
def where_of_a_condition_alone(x):
    return np.where(x > 0)  # wrong


@MISTAKES.wrong(
    UnsupportedError,
    "np.unique gives an array whose size depends on the values",
    hint="Call it on NumPy arrays before they enter the traced function",
    args=(X,),
)
def unique(x):
    return np.unique(x)  # wrong


@MISTAKES.wrong(
    UnsupportedError,
    "getitem: a traced mask selects a number of elements that depends on data",
    "x   float32[2, 4]   x",
    hint="Use np.where(mask, x, y) to choose per element",
    args=(X,),
)
def boolean_mask(x):
    return x[x > 0]  # wrong


# What NumPy has and the table has not.


@MISTAKES.wrong(
    UnsupportedError,
    "np.sinc does not take traced values",
    hint="The nearest supported function is np.sin",
    args=(X,),
)
def unknown_function(x):
    return np.sinc(x)  # wrong


@MISTAKES.wrong(
    UnsupportedError,
    "np.linalg.inv does not take traced values",
    hint="np.linalg.norm and np.matmul are supported",
    args=(X,),
)
def linear_algebra(x):
    return np.linalg.inv(x)  # wrong


@MISTAKES.wrong(
    UnsupportedError,
    "np.cumsum does not take traced values",
    hint="Use np.tril(np.ones((n, n), x.dtype)) @ x",
    args=(X,),
)
def cumulative_sum(x):
    return np.cumsum(x, axis=0)  # wrong


@MISTAKES.wrong(
    UnsupportedError,
    "np.subtract.reduce does not take traced values",
    hint="Those of np.add, np.multiply, np.maximum, np.minimum, np.logical_and, np.logical_or do",
    args=(X,),
)
def unknown_reduction(x):
    return np.subtract.reduce(x)  # wrong


@MISTAKES.wrong(
    UnsupportedError,
    "pad: mode 'edge' is not supported",
    "array   float32[2, 4]   x",
    hint='Use mode="constant", or np.take with index arrays',
    args=(X,),
)
def padding_mode(x):
    return np.pad(x, 1, mode="edge")  # wrong


@MISTAKES.wrong(
    UnsupportedError,
    "linalg.norm: ord 2 of a matrix needs singular values",
    "array   float32[2, 4]   x",
    hint='Use ord="fro", 1, -1, np.inf or -np.inf',
    args=(X,),
)
def spectral_norm(x):
    return np.linalg.norm(x, 2)  # wrong


# Shapes, axes, dtypes.


def head(x, weight):
    return x @ weight  # wrong


def network(x, layers):
    return np.tanh(head(x, layers[0]["weight"]))


@MISTAKES.wrong(
    ShapeError,
    "matmul: the left side has 4 columns, the right side 3 rows",
    "left   float32[2, 4]   x",
    "right   float64[3, 2]   layers[0]['weight']",
    args=(X, [{"weight": np.ones((3, 2))}]),
    at=head,
)
def matmul_three_calls_deep(x, layers):
    return network(x, layers).sum()


@MISTAKES.wrong(
    ShapeError,
    "add: the shapes (2, 4) and (3,) do not broadcast together",
    "x   float32[2, 4]   x",
    "y   float32[3]   bias",
    args=(X, np.ones(3, np.float32)),
)
def shapes_that_do_not_broadcast(x, bias):
    return x + bias  # wrong


@MISTAKES.wrong(
    AxisError,
    "sum: axis 2 is out of range for an array of 2 dimensions",
    "x   float32[2, 4]   x",
    args=(X,),
)
def bad_axis(x):
    return np.sum(x, axis=2)  # wrong


@MISTAKES.wrong(
    ShapeError,
    "reshape: 8 elements of shape (2, 4) do not fit the shape (3, 3)",
    "x   float32[2, 4]   x",
    args=(X,),
)
def impossible_reshape(x):
    return x.reshape(3, 3)  # wrong


@MISTAKES.wrong(
    ShapeError,
    "split: axis 1 of 4 elements has no 3 equal parts",
    "array   float32[2, 4]   x",
    hint="Use np.array_split for parts that differ by one",
    args=(X,),
)
def unequal_split(x):
    return np.split(x, 3, axis=1)  # wrong


@MISTAKES.wrong(
    AxisError,
    "transpose: the axes (0, 0) are no order of 2 dimensions",
    "array   float32[2, 4]   x",
    args=(X,),
)
def transposition_of_one_axis(x):
    return x.transpose(0, 0)  # wrong


@MISTAKES.wrong(
    DTypeError,
    "cross_entropy: the labels are float32, wanted integers: one class per example",
    "logits   float32[2, 4]   x",
    "labels   float32[2]   labels",
    args=(X, np.ones(2, np.float32)),
)
def labels_of_a_float_dtype(x, labels):
    return cr.losses.cross_entropy(x, labels)  # wrong


@MISTAKES.wrong(
    DTypeError,
    "getitem: the indices are float32, wanted integers",
    "x   float32[2, 4]   x",
    args=(X, np.ones(2, np.float32)),
)
def indices_of_a_float_dtype(x, i):
    return x[i]  # wrong


@MISTAKES.wrong(
    OutOfBoundsError,
    "getitem: index 5 is out of bounds for axis 0 with 2 elements",
    "x   float32[2, 4]   x",
    args=(X,),
)
def index_out_of_bounds(x):
    return x[5]  # wrong


@MISTAKES.wrong(
    DTypeError,
    "bitwise_and: got float32, wanted bool, integers, unsigned integers",
    "x   float32[2, 4]   x",
    "y   int64[]~",
    args=(X,),
)
def bits_of_floats(x):
    return x & 1  # wrong


@MISTAKES.wrong(
    DTypeError,
    "add: the Python integer 300 does not fit uint8",
    "x   uint8[2]   x",
    "y   int64[]~",
    args=(np.ones(2, np.uint8),),
)
def integer_too_large(x):
    return x + 300  # wrong


@MISTAKES.wrong(
    GradientError,
    "grad wants a function that returns a float scalar, <lambda> returns float32[2, 4]",
    hint="Sum or average it, or use cr.vjp with a cotangent of its shape",
    args=(X,),
)
def gradient_of_an_array(x):
    return cr.grad(lambda y: y * 2)(x)  # wrong


@pytest.mark.parametrize("mistake", MISTAKES, ids=name_of)
def test_the_message_quotes_the_users_line(mistake):
    with pytest.raises(ChainruleError) as caught:
        cr.trace(mistake.function)(*mistake.arguments)
    assert caught.type is mistake.error
    assert str(caught.value) == mistake.message


def test_an_index_found_out_of_bounds_by_a_program():
    compiled = cr.compile(lambda x, i: np.take(x, i, axis=0), backend="reference")
    with pytest.raises(OutOfBoundsError, match="index 7 is out of bounds for axis 0 with 2"):
        compiled(X, np.array([0, 7]))


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_an_index_out_of_bounds_is_quoted_as_given_with_the_traced_line(backend):
    def picked(x, i):
        return x[i]

    compiled = cr.compile(picked, backend=backend)
    with pytest.raises(OutOfBoundsError, match="index -3 is out of bounds for axis 0") as caught:
        compiled(X, np.array([0, -3]))
    assert "in picked:  return x[i]" in str(caught.value)


# Plugins.


@pytest.fixture
def _unregistered():
    before = set(registry.names())
    yield
    assert set(registry.names()) == before


@pytest.mark.usefixtures("_unregistered")
def test_a_plugin_without_a_gradient_rule():
    @elementwise(formula="x + x", reference=lambda x: x + x)  # wrong
    def twice(x):
        return x + x

    with pytest.raises(PluginError) as caught:
        twice.samples(ordinary())
    sentence = "no gradient rule: attach vjp or jvp, or say differentiable=()"
    assert str(caught.value) == f"plugin twice: {sentence}"
    assert caught.value.__notes__ == [f"    {marked_line(twice.function)}"]


@pytest.mark.usefixtures("_unregistered")
def test_a_body_that_widens_to_float64():
    @elementwise(formula="x / 2", reference=lambda x: x / 2, differentiable=())  # wrong
    def half(x):
        return x * np.float64(0.5)

    with pytest.raises(PluginError) as caught:
        half.samples(ordinary())
    assert str(caught.value) == (
        "plugin half: the body widens float32 to float64: write 0.5 as a Python number, which "
        "takes the operand's dtype"
    )
    assert caught.value.__notes__ == [f"    {marked_line(half.function)}"]
