"""What asks a traced array for its numbers: the exact sentence, the line, the form to use."""

import math

import numpy as np
import pytest
from mistakes import Mistakes, marked_line, name_of

import chainrule as cr
from chainrule import ArgumentError, ChainruleError, TracerBoolError, TracerError, UnsupportedError

MISTAKES = Mistakes()
X = np.ones((2, 4), np.float32)
TABLE = np.ones((5, 3))
TRACED = "while the function is being traced"
CHOOSE = (
    "Use np.where(condition, a, b) to choose per element, or static_argnames for a Python value"
)


# Choices by Python.


@MISTAKES.wrong(
    TracerBoolError,
    f"this `if` asks for the value of `x > 0` {TRACED}",
    hint=CHOOSE,
    args=(X,),
)
def if_of_a_tracer(x):
    if x > 0:  # wrong
        return x
    return -x


@MISTAKES.wrong(
    TracerBoolError,
    f"this `if` asks for the value of `rate > 1` {TRACED}",
    args=(2.0,),
    hint="Use np.where(condition, a, b) to choose per element, or "
    'static_argnames=("rate",) for a Python value',
)
def if_of_a_traced_number(rate):
    return rate if rate > 1 else 1.0  # wrong


@MISTAKES.wrong(
    TracerBoolError,
    f"this `while` asks for the value of `count < 3` {TRACED}",
    args=(0,),
    hint='Use static_argnames=("count",) for a Python number to count with',
)
def while_of_a_tracer(count):
    while count < 3:  # wrong
        count = count + 1
    return count


@MISTAKES.wrong(
    TracerBoolError,
    f"this `and` asks for the value of `x > 0` {TRACED}",
    hint="Use & between boolean arrays, each comparison in parentheses",
    args=(X,),
)
def and_of_tracers(x):
    if x > 0 and x < 1:  # wrong
        return x
    return -x


@MISTAKES.wrong(
    TracerBoolError,
    f"this `or` asks for the value of `x > 0` {TRACED}",
    hint="Use | between boolean arrays, each comparison in parentheses",
    args=(X,),
)
def or_of_tracers(x):
    if x > 0 or x < 1:  # wrong
        return x
    return -x


@MISTAKES.wrong(
    TracerBoolError,
    f"this `not` asks for the value of the traced array x of type float32[2, 4] {TRACED}",
    hint="Use ~ for a boolean array, or np.logical_not",
    args=(X,),
)
def not_of_a_tracer(x):
    return not x  # wrong


@MISTAKES.wrong(
    TracerBoolError,
    f"the comparison chain `0 < x < 1` asks for a truth value {TRACED}",
    hint="Use (a < x) & (x < b): one comparison for each pair, joined by &",
    args=(X,),
)
def chain_of_comparisons(x):
    return np.where(0 < x < 1, x, 0)  # wrong


@MISTAKES.wrong(
    TracerBoolError,
    f"`max(x, -x)` asks for the value of the traced array of type bool[2, 4] {TRACED}",
    hint="Use np.maximum(x, y) per element, or np.max(x) over an axis",
    args=(X,),
)
def pythons_max(x):
    return max(x, -x)  # wrong


@MISTAKES.wrong(
    TracerBoolError,
    f"`bool(x.any())` asks for the value of the traced array of type bool[] {TRACED}",
    hint=CHOOSE,
    args=(X,),
)
def bool_of_a_tracer(x):
    return bool(x.any())  # wrong


@MISTAKES.wrong(
    TracerBoolError,
    f"this `assert` asks for the value of `(x > 0).all()` {TRACED}",
    hint="Assert on the shape or dtype, or check the result outside the traced function",
    args=(X,),
)
def assertion(x):
    assert (x > 0).all()  # wrong
    return x


@MISTAKES.wrong(
    TracerBoolError,
    f"this `in` asks for the values of the traced array x of type float32[2, 4] {TRACED}",
    hint="Use np.any(x == v)",
    args=(X,),
)
def membership(x):
    return 3.0 in x  # wrong


@MISTAKES.wrong(
    TracerBoolError,
    f"this `if` asks for the value of `(row > 0).all()` {TRACED}",
    hint=CHOOSE,
    args=(X,),
)
def filter_of_rows(x):
    rows = []
    for row in x:
        if (row > 0).all():  # wrong
            rows.append(row)
    return rows


# Numbers.


@MISTAKES.wrong(
    TracerError,
    f"float() asks for the value of the traced array of type float32[] {TRACED}",
    hint="Keep computing with the array (x.astype(dtype) converts it), or use static_argnames for "
    "a Python value",
    args=(X,),
)
def float_of_a_tracer(x):
    return float(x.sum())  # wrong


@MISTAKES.wrong(
    TracerError,
    f"int() asks for the value of the traced array n of type int64[] {TRACED}",
    args=(3,),
    hint="Keep computing with the array (x.astype(dtype) converts it), or use "
    'static_argnames=("n",) for a Python value',
)
def int_of_a_tracer(n):
    return int(n)  # wrong


@MISTAKES.wrong(
    TracerError,
    f"item() asks for the value of the traced array of type float32[] {TRACED}",
    hint="Keep computing with the array (x.astype(dtype) converts it), or use static_argnames for "
    "a Python value",
    args=(X,),
)
def item_of_a_tracer(x):
    return x.mean().item()  # wrong


@MISTAKES.wrong(
    TracerError,
    f"math.sqrt() asks for the value of the traced array n of type float64[] {TRACED}",
    args=(2.0,),
    hint="Use np.sqrt",
)
def function_of_the_math_module(n):
    return math.sqrt(n)  # wrong


@MISTAKES.wrong(
    TracerError,
    f"the format '.3f' asks for the value of the traced array of type float32[] {TRACED}",
    hint="Return it and print it outside the traced function",
    args=(X,),
)
def formatted(x):
    return f"{x.sum():.3f}"  # wrong


@MISTAKES.wrong(
    TracerError,
    f"`range(n)` asks for the traced array n of type int64[] as a Python integer {TRACED}",
    args=(3,),
    hint='Use static_argnames=("n",) for a Python value, or an extent from x.shape',
)
def range_of_a_tracer(n):
    return [i for i in range(n)]  # noqa: C416  # wrong


@MISTAKES.wrong(
    TracerError,
    f"`np.zeros(n)` asks for the traced array n of type int64[] as a Python integer {TRACED}",
    args=(3,),
    hint='Use static_argnames=("n",) for a Python value, or an extent from x.shape',
)
def traced_shape(n):
    return np.zeros(n)  # wrong


@MISTAKES.wrong(
    TracerError,
    f"`[1, 2, 3][i]` indexes a Python sequence with the traced array i of type int64[] {TRACED}",
    args=(1,),
    hint="Stack the sequence into one array and use np.take(stacked, i, axis=0)",
)
def list_index(i):
    return [1, 2, 3][i]  # wrong


@MISTAKES.wrong(
    TracerError,
    "sum: `axis` is the traced array axis of type int64[], wanted a Python value",
    args=(X, 1),
    hint='Use static_argnames=("axis",), or an extent from x.shape',
)
def traced_axis(x, axis):
    return np.sum(x, axis=axis)  # wrong


# Arrays.


@MISTAKES.wrong(
    TracerError,
    f"`np.asarray(x)` asks for the traced array x of type float32[2, 4] as a NumPy array {TRACED}",
    hint="Use the traced array as it is, x.astype(dtype) to convert it, or np.stack([x, y]) to "
    "make one array of several",
    args=(X,),
)
def asarray_of_a_tracer(x):
    return np.asarray(x)  # wrong


@MISTAKES.wrong(
    TracerError,
    f"`np.array([x, x])` asks for the traced array x of type float32[2, 4] as a NumPy array "
    f"{TRACED}",
    hint="Use np.stack([x, y]) to make one array of several, or the traced array as it is",
    args=(X,),
)
def array_of_tracers(x):
    return np.array([x, x])  # wrong


@MISTAKES.wrong(
    TracerError,
    f"`TABLE[i]` indexes a NumPy array with the traced array i of type int64[] {TRACED}",
    args=(1,),
    hint="Use np.take(TABLE, indices, axis=0)",
)
def captured_table(i):
    return TABLE[i]  # wrong


@MISTAKES.wrong(
    TracerError,
    f"`buffer[0] = ...` writes the traced array of type float32[4] into a NumPy array {TRACED}",
    hint="Collect the parts in a list and join them with np.stack or np.concatenate",
    args=(X,),
)
def buffer_of_numpy(x):
    buffer = np.zeros((2, 4))
    buffer[0] = x[0]  # wrong
    return buffer


@MISTAKES.wrong(
    TracerError,
    f"`np.random.normal(x)` asks for the traced array x of type float32[2, 4] as a NumPy array "
    f"{TRACED}",
    hint="Draw random numbers outside the traced function and pass them as an argument",
    args=(X,),
)
def random_numbers(x):
    return np.random.normal(x)  # noqa: NPY002  # wrong


@MISTAKES.wrong(
    TracerError,
    "`x[0] = ...` writes into the traced array x of type float32[2, 4], and traced arrays never "
    "change",
    hint="Use x = x.at[0].set(values), or .add, .multiply, .min and .max",
    args=(X,),
)
def item_assignment(x):
    x[0] = 1.0  # wrong
    return x


@MISTAKES.wrong(
    TracerError,
    "`x[0, 1:] = ...` writes into the traced array x of type float32[2, 4], and traced arrays "
    "never change",
    hint="Use x = x.at[0, 1:].set(values), or .add, .multiply, .min and .max",
    args=(X,),
)
def item_update(x):
    x[0, 1:] += 1.0  # wrong
    return x


@MISTAKES.wrong(
    TracerError,
    "`del` takes elements out of the traced array x of type float32[2, 4], and traced arrays "
    "never change",
    hint="Use np.concatenate of the slices to keep",
    args=(X,),
)
def item_deletion(x):
    del x[0]  # wrong
    return x


@MISTAKES.wrong(
    TracerError,
    "np.add would write a traced value into a NumPy array (`out=`, or += and the like)",
    hint="Use the result: a = a + x instead of a += x",
    args=(X,),
)
def in_place_addition(x):
    total = np.zeros((2, 4))
    total += x  # wrong
    return total


@MISTAKES.wrong(
    UnsupportedError,
    "np.sum takes no `out` on traced values",
    hint="Use the result: arrays are not written in place while traced",
    args=(X,),
)
def out_argument(x):
    return np.sum(x, axis=0, out=np.zeros(4))  # wrong


@MISTAKES.wrong(
    UnsupportedError,
    "np.sum takes no `where` on traced values",
    hint="Choose first: np.where(mask, x, neutral), with 0 for a sum and 1 for a product",
    args=(X,),
)
def where_argument(x):
    return np.sum(x, where=x > 0)  # wrong


@MISTAKES.wrong(
    ArgumentError,
    "concatenate: got a list of traced values, wanted one array",
    "array   float32[2, 4]   x",
    "array   float32[2, 4]   x",
    hint="Join them with np.stack([...]) first",
    args=(X,),
)
def nested_lists(x):
    return np.concatenate([x, [x]])  # wrong


@pytest.mark.parametrize("mistake", MISTAKES, ids=name_of)
def test_the_message_quotes_the_users_line(mistake):
    with pytest.raises(ChainruleError) as caught:
        cr.trace(mistake.function)(*mistake.arguments)
    assert caught.type is mistake.error
    assert str(caught.value) == mistake.message


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
