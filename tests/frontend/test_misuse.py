"""Wrong uses: the exact sentence, the user's own file and line, and the form to use.

Each function here holds one mistake, on the line marked ``# wrong``.
"""

import inspect
import math
import pickle
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import chainrule as cr
from chainrule.compiler.errors import (
    ArgumentError,
    AxisError,
    ChainruleError,
    DTypeError,
    GradientError,
    LeakedTracerError,
    OutOfBoundsError,
    PluginError,
    ShapeError,
    TracerBoolError,
    TracerError,
    UnsupportedError,
)
from chainrule.compiler.plugin import elementwise, ordinary
from chainrule.compiler.registry import registry

X = np.ones((2, 4), np.float32)
TABLE = np.ones((5, 3))
TRACED = "while the function is being traced"
CHOOSE = (
    "Use np.where(condition, a, b) to choose per element, or static_argnames for a Python value"
)


class Wrong(NamedTuple):
    """A mistake and what must be said of it."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    error: type[Exception]
    sentence: str
    operands: tuple[str, ...]
    hint: str
    holder: Callable[..., Any]


WRONG: list[Wrong] = []


def wrong(error, sentence, *operands, args=(X,), hint="", at=None):
    """Register the decorated function; `at` is the function with the marked line, if another."""

    def register(function):
        WRONG.append(Wrong(function, args, error, sentence, operands, hint, at or function))
        return function

    return register


def marked_line(function):
    """``file.py:line, in name:  code`` of the line marked as wrong."""
    lines, first = inspect.getsourcelines(function)
    (offset,) = (i for i, line in enumerate(lines) if "# wrong" in line)
    code = lines[offset].strip()
    return f"test_misuse.py:{first + offset}, in {function.__name__}:  {code}"


# Choices by Python.


@wrong(
    TracerBoolError,
    f"this `if` asks for the value of `x > 0` {TRACED}",
    hint=CHOOSE,
)
def if_of_a_tracer(x):
    if x > 0:  # wrong
        return x
    return -x


@wrong(
    TracerBoolError,
    f"this `if` asks for the value of `rate > 1` {TRACED}",
    args=(2.0,),
    hint="Use np.where(condition, a, b) to choose per element, or "
    'static_argnames=("rate",) for a Python value',
)
def if_of_a_traced_number(rate):
    return rate if rate > 1 else 1.0  # wrong


@wrong(
    TracerBoolError,
    f"this `while` asks for the value of `count < 3` {TRACED}",
    args=(0,),
    hint='Use static_argnames=("count",) for a Python number to count with',
)
def while_of_a_tracer(count):
    while count < 3:  # wrong
        count = count + 1
    return count


@wrong(
    TracerBoolError,
    f"this `and` asks for the value of `x > 0` {TRACED}",
    hint="Use & between boolean arrays, each comparison in parentheses",
)
def and_of_tracers(x):
    if x > 0 and x < 1:  # wrong
        return x
    return -x


@wrong(
    TracerBoolError,
    f"this `or` asks for the value of `x > 0` {TRACED}",
    hint="Use | between boolean arrays, each comparison in parentheses",
)
def or_of_tracers(x):
    if x > 0 or x < 1:  # wrong
        return x
    return -x


@wrong(
    TracerBoolError,
    f"this `not` asks for the value of the traced array x of type float32[2, 4] {TRACED}",
    hint="Use ~ for a boolean array, or np.logical_not",
)
def not_of_a_tracer(x):
    return not x  # wrong


@wrong(
    TracerBoolError,
    f"the comparison chain `0 < x < 1` asks for a truth value {TRACED}",
    hint="Use (a < x) & (x < b): one comparison for each pair, joined by &",
)
def chain_of_comparisons(x):
    return np.where(0 < x < 1, x, 0)  # wrong


@wrong(
    TracerBoolError,
    f"`max(x, -x)` asks for the value of the traced array of type bool[2, 4] {TRACED}",
    hint="Use np.maximum(x, y) per element, or np.max(x) over an axis",
)
def pythons_max(x):
    return max(x, -x)  # wrong


@wrong(
    TracerBoolError,
    f"`bool(x.any())` asks for the value of the traced array of type bool[] {TRACED}",
    hint=CHOOSE,
)
def bool_of_a_tracer(x):
    return bool(x.any())  # wrong


@wrong(
    TracerBoolError,
    f"this `assert` asks for the value of `(x > 0).all()` {TRACED}",
    hint="Assert on the shape or dtype, or check the result outside the traced function",
)
def assertion(x):
    assert (x > 0).all()  # wrong
    return x


@wrong(
    TracerBoolError,
    f"this `in` asks for the values of the traced array x of type float32[2, 4] {TRACED}",
    hint="Use np.any(x == v)",
)
def membership(x):
    return 3.0 in x  # wrong


@wrong(
    TracerBoolError,
    f"this `if` asks for the value of `(row > 0).all()` {TRACED}",
    hint=CHOOSE,
)
def filter_of_rows(x):
    rows = []
    for row in x:
        if (row > 0).all():  # wrong
            rows.append(row)
    return rows


# Numbers.


@wrong(
    TracerError,
    f"float() asks for the value of the traced array of type float32[] {TRACED}",
    hint="Keep computing with the array (x.astype(dtype) converts it), or use static_argnames for "
    "a Python value",
)
def float_of_a_tracer(x):
    return float(x.sum())  # wrong


@wrong(
    TracerError,
    f"int() asks for the value of the traced array n of type int64[] {TRACED}",
    args=(3,),
    hint="Keep computing with the array (x.astype(dtype) converts it), or use "
    'static_argnames=("n",) for a Python value',
)
def int_of_a_tracer(n):
    return int(n)  # wrong


@wrong(
    TracerError,
    f"item() asks for the value of the traced array of type float32[] {TRACED}",
    hint="Keep computing with the array (x.astype(dtype) converts it), or use static_argnames for "
    "a Python value",
)
def item_of_a_tracer(x):
    return x.mean().item()  # wrong


@wrong(
    TracerError,
    f"math.sqrt() asks for the value of the traced array n of type float64[] {TRACED}",
    args=(2.0,),
    hint="Use np.sqrt",
)
def function_of_the_math_module(n):
    return math.sqrt(n)  # wrong


@wrong(
    TracerError,
    f"the format '.3f' asks for the value of the traced array of type float32[] {TRACED}",
    hint="Return it and print it outside the traced function",
)
def formatted(x):
    return f"{x.sum():.3f}"  # wrong


@wrong(
    TracerError,
    f"`range(n)` asks for the traced array n of type int64[] as a Python integer {TRACED}",
    args=(3,),
    hint='Use static_argnames=("n",) for a Python value, or an extent from x.shape',
)
def range_of_a_tracer(n):
    return [i for i in range(n)]  # noqa: C416  # wrong


@wrong(
    TracerError,
    f"`np.zeros(n)` asks for the traced array n of type int64[] as a Python integer {TRACED}",
    args=(3,),
    hint='Use static_argnames=("n",) for a Python value, or an extent from x.shape',
)
def traced_shape(n):
    return np.zeros(n)  # wrong


@wrong(
    TracerError,
    f"`[1, 2, 3][i]` indexes a Python sequence with the traced array i of type int64[] {TRACED}",
    args=(1,),
    hint="Stack the sequence into one array and use np.take(stacked, i, axis=0)",
)
def list_index(i):
    return [1, 2, 3][i]  # wrong


@wrong(
    TracerError,
    "sum: `axis` is the traced array axis of type int64[], wanted a Python value",
    args=(X, 1),
    hint='Use static_argnames=("axis",), or an extent from x.shape',
)
def traced_axis(x, axis):
    return np.sum(x, axis=axis)  # wrong


# Arrays.


@wrong(
    TracerError,
    f"`np.asarray(x)` asks for the traced array x of type float32[2, 4] as a NumPy array {TRACED}",
    hint="Use the traced array as it is, x.astype(dtype) to convert it, or np.stack([x, y]) to "
    "make one array of several",
)
def asarray_of_a_tracer(x):
    return np.asarray(x)  # wrong


@wrong(
    TracerError,
    f"`np.array([x, x])` asks for the traced array x of type float32[2, 4] as a NumPy array "
    f"{TRACED}",
    hint="Use np.stack([x, y]) to make one array of several, or the traced array as it is",
)
def array_of_tracers(x):
    return np.array([x, x])  # wrong


@wrong(
    TracerError,
    f"`TABLE[i]` indexes a NumPy array with the traced array i of type int64[] {TRACED}",
    args=(1,),
    hint="Use np.take(TABLE, indices, axis=0)",
)
def captured_table(i):
    return TABLE[i]  # wrong


@wrong(
    TracerError,
    f"`buffer[0] = ...` writes the traced array of type float32[4] into a NumPy array {TRACED}",
    hint="Collect the parts in a list and join them with np.stack or np.concatenate",
)
def buffer_of_numpy(x):
    buffer = np.zeros((2, 4))
    buffer[0] = x[0]  # wrong
    return buffer


@wrong(
    TracerError,
    f"`np.random.normal(x)` asks for the traced array x of type float32[2, 4] as a NumPy array "
    f"{TRACED}",
    hint="Draw random numbers outside the traced function and pass them as an argument",
)
def random_numbers(x):
    return np.random.normal(x)  # noqa: NPY002  # wrong


@wrong(
    TracerError,
    "`x[0] = ...` writes into the traced array x of type float32[2, 4], and traced arrays never "
    "change",
    hint="Use x = x.at[0].set(values), or .add, .multiply, .min and .max",
)
def item_assignment(x):
    x[0] = 1.0  # wrong
    return x


@wrong(
    TracerError,
    "`x[0, 1:] = ...` writes into the traced array x of type float32[2, 4], and traced arrays "
    "never change",
    hint="Use x = x.at[0, 1:].set(values), or .add, .multiply, .min and .max",
)
def item_update(x):
    x[0, 1:] += 1.0  # wrong
    return x


@wrong(
    TracerError,
    "`del` takes elements out of the traced array x of type float32[2, 4], and traced arrays "
    "never change",
    hint="Use np.concatenate of the slices to keep",
)
def item_deletion(x):
    del x[0]  # wrong
    return x


@wrong(
    TracerError,
    "np.add would write a traced value into a NumPy array (`out=`, or += and the like)",
    hint="Use the result: a = a + x instead of a += x",
)
def in_place_addition(x):
    total = np.zeros((2, 4))
    total += x  # wrong
    return total


@wrong(
    UnsupportedError,
    "np.sum takes no `out` on traced values",
    hint="Use the result: arrays are not written in place while traced",
)
def out_argument(x):
    return np.sum(x, axis=0, out=np.zeros(4))  # wrong


@wrong(
    UnsupportedError,
    "np.sum takes no `where` on traced values",
    hint="Choose first: np.where(mask, x, neutral), with 0 for a sum and 1 for a product",
)
def where_argument(x):
    return np.sum(x, where=x > 0)  # wrong


@wrong(
    ArgumentError,
    "concatenate: got a list of traced values, wanted one array",
    "array   float32[2, 4]   x",
    "array   float32[2, 4]   x",
    hint="Join them with np.stack([...]) first",
)
def nested_lists(x):
    return np.concatenate([x, [x]])  # wrong


# Sizes that depend on data.


@wrong(
    UnsupportedError,
    "np.nonzero gives an array whose size depends on the values",
    hint="Use np.where(mask, x, 0) to keep the shape and blank out the rest",
)
def nonzero(x):
    return np.nonzero(x)  # wrong


@wrong(
    UnsupportedError,
    "np.where(condition) gives an array whose size depends on the values",
    hint="Use np.where(condition, x, y) to choose per element",
)
def where_of_a_condition_alone(x):
    return np.where(x > 0)  # wrong


@wrong(
    UnsupportedError,
    "np.unique gives an array whose size depends on the values",
    hint="Call it on NumPy arrays before they enter the traced function",
)
def unique(x):
    return np.unique(x)  # wrong


@wrong(
    UnsupportedError,
    "getitem: a traced mask selects a number of elements that depends on data",
    "x   float32[2, 4]   x",
    hint="Use np.where(mask, x, y) to choose per element",
)
def boolean_mask(x):
    return x[x > 0]  # wrong


# What NumPy has and the table has not.


@wrong(
    UnsupportedError,
    "np.sinc does not take traced values",
    hint="The nearest supported function is np.sin",
)
def unknown_function(x):
    return np.sinc(x)  # wrong


@wrong(
    UnsupportedError,
    "np.linalg.inv does not take traced values",
    hint="np.linalg.norm and np.matmul are supported",
)
def linear_algebra(x):
    return np.linalg.inv(x)  # wrong


@wrong(
    UnsupportedError,
    "np.cumsum does not take traced values",
    hint="Use np.tril(np.ones((n, n), x.dtype)) @ x",
)
def cumulative_sum(x):
    return np.cumsum(x, axis=0)  # wrong


@wrong(
    UnsupportedError,
    "np.subtract.reduce does not take traced values",
    hint="Those of np.add, np.multiply, np.maximum, np.minimum, np.logical_and, np.logical_or do",
)
def unknown_reduction(x):
    return np.subtract.reduce(x)  # wrong


@wrong(
    UnsupportedError,
    "pad: mode 'edge' is not supported",
    "array   float32[2, 4]   x",
    hint='Use mode="constant", or np.take with index arrays',
)
def padding_mode(x):
    return np.pad(x, 1, mode="edge")  # wrong


@wrong(
    UnsupportedError,
    "linalg.norm: ord 2 of a matrix needs singular values",
    "array   float32[2, 4]   x",
    hint='Use ord="fro", 1, -1, np.inf or -np.inf',
)
def spectral_norm(x):
    return np.linalg.norm(x, 2)  # wrong


# Shapes, axes, dtypes.


def head(x, weight):
    return x @ weight  # wrong


def network(x, layers):
    return np.tanh(head(x, layers[0]["weight"]))


@wrong(
    ShapeError,
    "matmul: the left side has 4 columns, the right side 3 rows",
    "left   float32[2, 4]   x",
    "right   float64[3, 2]   layers[0]['weight']",
    args=(X, [{"weight": np.ones((3, 2))}]),
    at=head,
)
def matmul_three_calls_deep(x, layers):
    return network(x, layers).sum()


@wrong(
    ShapeError,
    "add: the shapes (2, 4) and (3,) do not broadcast together",
    "x   float32[2, 4]   x",
    "y   float32[3]   bias",
    args=(X, np.ones(3, np.float32)),
)
def shapes_that_do_not_broadcast(x, bias):
    return x + bias  # wrong


@wrong(
    AxisError,
    "sum: axis 2 is out of range for an array of 2 dimensions",
    "x   float32[2, 4]   x",
)
def bad_axis(x):
    return np.sum(x, axis=2)  # wrong


@wrong(
    ShapeError,
    "reshape: 8 elements of shape (2, 4) do not fit the shape (3, 3)",
    "x   float32[2, 4]   x",
)
def impossible_reshape(x):
    return x.reshape(3, 3)  # wrong


@wrong(
    ShapeError,
    "split: axis 1 of 4 elements has no 3 equal parts",
    "array   float32[2, 4]   x",
    hint="Use np.array_split for parts that differ by one",
)
def unequal_split(x):
    return np.split(x, 3, axis=1)  # wrong


@wrong(
    AxisError,
    "transpose: the axes (0, 0) are no order of 2 dimensions",
    "array   float32[2, 4]   x",
)
def transposition_of_one_axis(x):
    return x.transpose(0, 0)  # wrong


@wrong(
    DTypeError,
    "cross_entropy: the labels are float32, wanted integers: one class per example",
    "logits   float32[2, 4]   x",
    "labels   float32[2]   labels",
    args=(X, np.ones(2, np.float32)),
)
def labels_of_a_float_dtype(x, labels):
    return cr.losses.cross_entropy(x, labels)  # wrong


@wrong(
    DTypeError,
    "getitem: the indices are float32, wanted integers",
    "x   float32[2, 4]   x",
    args=(X, np.ones(2, np.float32)),
)
def indices_of_a_float_dtype(x, i):
    return x[i]  # wrong


@wrong(
    OutOfBoundsError,
    "getitem: index 5 is out of bounds for axis 0 with 2 elements",
    "x   float32[2, 4]   x",
)
def index_out_of_bounds(x):
    return x[5]  # wrong


@wrong(
    DTypeError,
    "bitwise_and: got float32, wanted bool, integers, unsigned integers",
    "x   float32[2, 4]   x",
    "y   int64[]~",
)
def bits_of_floats(x):
    return x & 1  # wrong


@wrong(
    DTypeError,
    "add: the Python integer 300 does not fit uint8",
    "x   uint8[2]   x",
    "y   int64[]~",
    args=(np.ones(2, np.uint8),),
)
def integer_too_large(x):
    return x + 300  # wrong


@wrong(
    GradientError,
    "grad wants a function that returns a float scalar, <lambda> returns float32[2, 4]",
    hint="Sum or average it, or use cr.vjp with a cotangent of its shape",
)
def gradient_of_an_array(x):
    return cr.grad(lambda y: y * 2)(x)  # wrong


# Values outside their trace.


@wrong(
    LeakedTracerError,
    "pickle asks for the value of the traced array x of type float32[2, 4], which exists in its "
    "trace alone",
    hint="Return it from the traced function and pickle the result",
)
def pickled(x):
    return pickle.dumps(x)  # wrong


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.function.__name__)
def test_the_sentence_quotes_the_users_line(case):
    with pytest.raises(ChainruleError) as caught:
        cr.trace(case.function)(*case.arguments)
    assert caught.type is case.error
    place = marked_line(case.holder)
    said = [case.sentence, *case.operands, place, *([case.hint] if case.hint else [])]
    assert str(caught.value) == "\n    ".join(said)


OVER = "a traced value of type float32[2, 4] was used after its trace ended"
RETURN_IT = (
    "Return it from the traced function instead of keeping it in a global, an attribute or a "
    "closure"
)


@pytest.fixture
def leaked():
    """A value whose trace has ended, and the line that made it."""
    kept = []

    def keep(x):
        kept.append(x * 2)  # wrong
        return x

    cr.trace(keep)(X)
    return kept[0], f"made at  {marked_line(keep)}"


LEAKS = {
    "add": lambda x: x + 1,
    "tanh": lambda x: np.tanh(x),
    "sum": lambda x: x.sum(axis=0),
    "concatenate": lambda x: np.concatenate([x, x]),
    "slice": lambda x: x[0],
    "matmul": lambda x: np.ones((3, 2)) @ x,
    "equal": lambda x: x == 1,
    "stop_gradient": lambda x: cr.stop_gradient(x),
    "": lambda x: bool(x),
    "mul": lambda x: cr.trace(lambda y: x * y)(1.0),
    "maximum": lambda x: cr.compile(lambda y: np.maximum(x, y))(1.0),
}
UNNAMED = [
    lambda x: float(x),
    lambda x: cr.compile(lambda y: y)(x),
    lambda x: cr.grad(lambda y: y.sum())(x),
    lambda x: cr.trace(lambda y: x)(1.0),
    lambda x: np.asarray(x),
]


@pytest.mark.parametrize(
    ("op", "use"),
    [*LEAKS.items(), *(("", use) for use in UNNAMED)],
)
def test_a_leaked_tracer_is_refused_on_every_path(leaked, op, use):
    value, made = leaked
    with pytest.raises(LeakedTracerError) as caught:
        use(value)
    lines = str(caught.value).split("\n    ")
    assert lines[0] == (f"{op}: {OVER}" if op else OVER)
    assert lines[1] == made
    assert "test_misuse.py" in lines[-2]
    assert lines[-1] == RETURN_IT


def test_a_tracer_in_another_thread():
    caught = []

    def work(x):
        try:
            x + 1  # wrong
        except LeakedTracerError as error:
            caught.append(error)

    def f(x):
        thread = threading.Thread(target=work, args=(x,))
        thread.start()
        thread.join()
        return x

    cr.trace(f)(X)
    assert str(caught[0]) == "\n    ".join(
        [
            "add: a traced value of type float32[2, 4] was used in another thread than its trace's",
            marked_line(work),
            "Call the traced function from that thread, or return the value and pass it on",
        ]
    )


def test_a_failed_trace_leaves_its_values_dead():
    kept = []

    def fail(x):
        kept.append(x)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cr.trace(fail)(X)
    with pytest.raises(LeakedTracerError, match="used after its trace ended"):
        kept[0] + 1


def test_a_scalar_written_into_a_buffer_is_told_by_the_cause():
    """NumPy puts its own ValueError in front of what __float__ raised."""

    def f(x):
        buffer = np.zeros(3)
        buffer[0] = x[0, 0]  # wrong
        return buffer

    with pytest.raises(ValueError, match="setting an array element") as caught:
        cr.trace(f)(X)
    assert isinstance(caught.value.__cause__, TracerError)
    assert marked_line(f) in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sort", "Call it on NumPy arrays before they enter the traced function"),
        ("exp", "Use np.exp(x)"),
        ("nonzero", "Use np.where(mask, x, 0) to keep the shape and blank out the rest"),
        ("reshap", "Did you mean .reshape?"),
    ],
)
def test_an_unknown_attribute(name, hint):
    def f(x):
        return getattr(x, name)  # wrong

    with pytest.raises(AttributeError) as caught:
        cr.trace(f)(X)
    owner = "arrays" if name == "exp" else "traced arrays"
    said = [f"{owner} have no attribute .{name}", marked_line(f), hint]
    assert str(caught.value) == "\n    ".join(said)
    assert not cr.trace(lambda x: np.float32(hasattr(x, name)))(X).inputs[0].type.weak


def test_an_index_found_out_of_bounds_by_a_program():
    compiled = cr.compile(lambda x, i: np.take(x, i, axis=0), backend="reference")
    with pytest.raises(OutOfBoundsError, match="index 7 is out of bounds for axis 0 with 2"):
        compiled(X, np.array([0, 7]))


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
