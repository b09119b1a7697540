"""Traced values outside their trace: after it, in another thread, in a pickle."""

import pickle
import threading

import numpy as np
import pytest
from mistakes import marked_line

import chainrule as cr
from chainrule import LeakedTracerError

X = np.ones((2, 4), np.float32)


def test_pickle():
    def f(x):
        return pickle.dumps(x)  # wrong

    with pytest.raises(LeakedTracerError) as caught:
        cr.trace(f)(X)
    assert str(caught.value) == "\n    ".join(
        [
            "pickle asks for the value of the traced array x of type float32[2, 4], which exists "
            "in its trace alone",
            marked_line(f),
            "Return it from the traced function and pickle the result",
        ]
    )


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
    assert "test_leaks.py" in lines[-2]
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
