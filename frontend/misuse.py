"""The errors for questions that a traced array cannot answer: each names the form to use.

A traced array has a shape and a dtype and no numbers yet. The sentences quote the user's own
expression where its source is at hand.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any

from ..compiler.builder import current, leaked
from ..compiler.errors import LeakedTracerError, TracerBoolError, TracerError, UnsupportedError
from ..compiler.value import Value
from .asking import Question, question
from .naming import called, static_form
from .numpy.hints import HINTS
from .numpy.table import TABLE

TRACED = "while the function is being traced"


class UnknownAttributeError(UnsupportedError, AttributeError):
    """An attribute of NumPy's arrays that traced arrays do not have."""


def unless_leaked(error_for: Callable[..., Exception]) -> Callable[..., Exception]:
    """Say of a value that has left its trace that it has: no other form would help."""

    @functools.wraps(error_for)
    def checked(value: Value, *details: Any) -> Exception:
        return leaked(value) if current() is None else error_for(value, *details)

    return checked


# Truth.


@unless_leaked
def asked_for_truth(value: Value) -> Exception:
    """``if x > 0``, ``x and y``, ``bool(x)``."""
    asked = question()
    if asked.construct == "comparison chain":
        return TracerBoolError(
            f"the comparison chain `{asked.source}` asks for a truth value {TRACED}",
            "Use (a < x) & (x < b): one comparison for each pair, joined by &",
        )
    if asked.construct == "`in`":
        return asked_for_membership(value)
    what = called(value)
    who = f"this {asked.construct}" if asked.construct else _caller(asked)
    if asked.construct and not asked.whole:
        what = f"`{asked.source}`"
    return TracerBoolError(f"{who} asks for the value of {what} {TRACED}", _choice(asked, value))


def _choice(asked: Question, value: Value) -> str:
    """What to write instead of a choice by Python."""
    joined = {"`and`": "&", "`or`": "|"}
    if asked.construct in joined:
        sign = joined[asked.construct]
        return f"Use {sign} between boolean arrays, each comparison in parentheses"
    if asked.construct == "`not`":
        return "Use ~ for a boolean array, or np.logical_not"
    if asked.construct == "`assert`":
        return "Assert on the shape or dtype, or check the result outside the traced function"
    if asked.construct == "`while`":
        return f"Use {static_form(value)} for a Python number to count with"
    builtin = _BUILTINS.get(asked.function)
    return builtin or (
        "Use np.where(condition, a, b) to choose per element, or "
        f"{static_form(value)} for a Python value"
    )


_BUILTINS = {
    "max": "Use np.maximum(x, y) per element, or np.max(x) over an axis",
    "min": "Use np.minimum(x, y) per element, or np.min(x) over an axis",
    "any": "Use np.any(x)",
    "all": "Use np.all(x)",
    "sorted": "Sort the NumPy array before it enters the traced function",
}


@unless_leaked
def asked_for_membership(value: Value) -> Exception:
    """``v in x``."""
    return TracerBoolError(
        f"this `in` asks for the values of {called(value)} {TRACED}", "Use np.any(x == v)"
    )


# Numbers.


@unless_leaked
def asked_for_a_number(value: Value, asker: str) -> Exception:
    """``float(x)``, ``int(x)``, ``x.item()``."""
    function = question().function
    own = function.removeprefix("math.")
    if own in TABLE and function in (f"math.{own}", "round"):
        return TracerError(
            f"{function}() asks for the value of {called(value)} {TRACED}", f"Use np.{own}"
        )
    return TracerError(
        f"{asker} asks for the value of {called(value)} {TRACED}",
        "Keep computing with the array (x.astype(dtype) converts it), or use "
        f"{static_form(value)} for a Python value",
    )


@unless_leaked
def formatted(value: Value, form: str) -> Exception:
    """``f"{x:.3f}"``."""
    return TracerError(
        f"the format {form!r} asks for the value of {called(value)} {TRACED}",
        "Return it and print it outside the traced function",
    )


@unless_leaked
def asked_for_an_index(value: Value) -> Exception:
    """``range(n)``, ``some_list[i]``, ``np.zeros(n)``."""
    asked = question()
    if isinstance(asked.node, ast.Subscript):
        return TracerError(
            f"`{asked.source}` indexes a Python sequence with {called(value)} {TRACED}",
            "Stack the sequence into one array and use np.take(stacked, i, axis=0)",
        )
    return TracerError(
        f"{_caller(asked)} asks for {called(value)} as a Python integer {TRACED}",
        f"Use {static_form(value)} for a Python value, or an extent from x.shape",
    )


# Arrays.


@unless_leaked
def asked_for_an_array(value: Value) -> Exception:
    """``np.asarray(x)``, ``np.array([x, y])``, ``table[x]``, ``buffer[0] = x``."""
    asked = question()
    node = asked.node
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return TracerError(
            f"`{asked.source} = ...` writes {called(value)} into a NumPy array {TRACED}",
            "Collect the parts in a list and join them with np.stack or np.concatenate",
        )
    if isinstance(node, ast.Subscript):
        return TracerError(
            f"`{asked.source}` indexes a NumPy array with {called(value)} {TRACED}",
            f"Use np.take({asked.indexed[0]}, indices, axis=0)",
        )
    return TracerError(
        f"{_caller(asked)} asks for {called(value)} as a NumPy array {TRACED}",
        _CONVERSIONS.get(asked.function.rpartition(".")[2])
        or (_RANDOM if "rng" in asked.function or "random" in asked.function else _ANY_CONVERSION),
    )


_ANY_CONVERSION = (
    "Use the traced array as it is, x.astype(dtype) to convert it, or np.stack([x, y]) to make one "
    "array of several"
)
_RANDOM = "Draw random numbers outside the traced function and pass them as an argument"
_CONVERSIONS = {
    "array": "Use np.stack([x, y]) to make one array of several, or the traced array as it is",
    "full": "Use np.broadcast_to(x, shape)",
    "arange": "Use a Python number for the length, and np.arange(length) * step",
}


@unless_leaked
def assigned_to(value: Value) -> Exception:
    """``x[i] = v``, and ``x[i] += v``."""
    name, key = question().indexed
    return TracerError(
        f"`{name}[{key}] = ...` writes into {called(value)}, and traced arrays never change",
        f"Use {name} = {name}.at[{key}].set(values), or .add, .multiply, .min and .max",
    )


@unless_leaked
def deleted_from(value: Value) -> Exception:
    """``del x[i]``."""
    return TracerError(
        f"`del` takes elements out of {called(value)}, and traced arrays never change",
        "Use np.concatenate of the slices to keep",
    )


@unless_leaked
def no_iterator(value: Value) -> Exception:
    """``x.flat``."""
    return TracerError(
        f"`.flat` asks for single elements of {called(value)} {TRACED}",
        "Use x.ravel() to read them and x.at[i].set(v) to replace one",
    )


def pickled(value: Value) -> Exception:
    """``pickle.dumps(x)``."""
    return LeakedTracerError(
        f"pickle asks for the value of {called(value)}, which exists in its trace alone",
        "Return it from the traced function and pickle the result",
    )


def unknown_attribute(value: Value, name: str) -> AttributeError:
    """``x.sort()``; a plain AttributeError for Python's and NumPy's own enquiries."""
    if name.startswith("_"):
        return AttributeError(f"a traced array has no attribute {name!r}")
    if name in TABLE:
        return UnknownAttributeError(f"arrays have no attribute .{name}", f"Use np.{name}(x)")
    import difflib  # for an error only

    near = difflib.get_close_matches(name, dir(type(value)), n=1, cutoff=0.7)
    hint = HINTS[name][1] if name in HINTS else f"Did you mean .{near[0]}?" if near else ""
    return UnknownAttributeError(f"traced arrays have no attribute .{name}", hint)


def _caller(asked: Question) -> str:
    return f"`{asked.source}`" if isinstance(asked.node, ast.Call) else "Python"
