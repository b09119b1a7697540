"""The errors for questions that a traced array cannot answer: each names the form to use.

A traced array has a shape and a dtype and no numbers yet. The sentences quote the user's own
expression where its source is at hand.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..compiler.errors import (
    LeakedTracerError,
    LocatedError,
    TracerBoolError,
    TracerError,
    UnsupportedError,
)
from ..compiler.graph import Unit
from ..compiler.structural import INPUT
from ..compiler.value import Value
from .asking import Question, question
from .numpy.table import unsupported

TRACED = "while the function is being traced"


class UnknownAttributeError(UnsupportedError, AttributeError):
    """An attribute of NumPy's arrays that traced arrays do not have."""


def asked_for_truth(value: Value) -> LocatedError:
    """``if x > 0``, ``x and y``, ``bool(x)``."""
    asked = question()
    if asked.construct == "comparison chain":
        return TracerBoolError(
            f"the comparison chain `{asked.source}` asks for a truth value {TRACED}",
            "Use (a < x) & (x < b): one comparison per pair, joined by &",
        )
    if asked.construct == "`in`":
        return asked_for_membership(value)
    who = f"this {asked.construct}" if asked.construct else "Python"
    return TracerBoolError(
        f"{who} asks for the value of {_what(asked, value)} {TRACED}", _instead_of(asked, value)
    )


def _instead_of(asked: Question, value: Value) -> str:
    logic = {"`and`": "&", "`or`": "|", "`not`": "~"}
    if asked.construct in logic:
        sign = logic[asked.construct]
        if sign == "~":
            return "Use ~ on boolean arrays, or np.logical_not"
        return f"Use {sign} between boolean arrays, each comparison in parentheses"
    if asked.construct == "`assert`":
        return "Check the result outside the traced function, or assert on its shape or dtype"
    if asked.construct == "`while`":
        return f"Count with a Python number{_static_names(value)}"
    if isinstance(asked.node, ast.Call):
        function = ast.unparse(asked.node.func)
        if function in ("max", "min", "sorted", "any", "all", "sum"):
            return f"Use np.{'sort' if function == 'sorted' else function} or an elementwise form"
    return (
        "Use np.where(condition, a, b) to choose per element, or static_argnames for a Python "
        f"value{_static_names(value)}"
    )


def asked_for_membership(value: Value) -> TracerBoolError:
    """``v in x``."""
    asked = question()
    return TracerBoolError(
        f"this `in` asks for the values of {_what(Question(), value)} {TRACED}",
        "Use np.any(x == v), or compare identities with `is`"
        if isinstance(asked.node, ast.Compare)
        else "Use np.any(x == v)",
    )


def asked_for_a_number(value: Value, asker: str) -> TracerError:
    """``float(x)``, ``int(x)``, ``x.item()``."""
    return TracerError(
        f"{asker} asks for the value of {_operand(value)} {TRACED}",
        "Keep computing with the array (x.astype(dtype) converts), or use static_argnames for a "
        f"Python value{_static_names(value)}",
    )


def asked_for_an_index(value: Value) -> TracerError:
    """``range(n)``, ``some_list[i]``, ``np.zeros(n)``."""
    asked = question()
    if isinstance(asked.node, ast.Subscript):
        return TracerError(
            f"`{asked.source}` indexes a Python sequence with {_operand(value)} {TRACED}",
            "Stack the sequence into one array and use np.take(stacked, i, axis=0)",
        )
    return TracerError(
        f"{_call(asked)} asks for {_operand(value)} as a Python integer {TRACED}",
        f"Use static_argnames for a Python value{_static_names(value)}, or an extent from x.shape",
    )


def asked_for_an_array(value: Value) -> TracerError:
    """``np.asarray(x)``, ``np.array([x, y])``, ``table[x]``, ``buffer[0] = x``."""
    asked = question()
    node = asked.node
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return TracerError(
            f"`{asked.source} = ...` writes {_operand(value)} into a NumPy array {TRACED}",
            "Collect the parts in a list and join them with np.stack or np.concatenate",
        )
    if isinstance(node, ast.Subscript):
        table = ast.unparse(node.value)
        return TracerError(
            f"`{asked.source}` indexes a NumPy array with {_operand(value)} {TRACED}",
            f"Use np.take({table}, indices, axis=0)",
        )
    return TracerError(
        f"{_call(asked)} asks for {_operand(value)} as a NumPy array {TRACED}",
        "Use np.stack([x, y]) to make one array of several, x.astype(dtype) to convert, or the "
        "traced array as it is",
    )


def assigned_to(value: Value) -> TracerError:
    """``x[i] = v``, and ``x[i] += v``."""
    asked = question()
    if isinstance(asked.node, ast.Subscript):
        name, key = ast.unparse(asked.node.value), ast.unparse(asked.node.slice)
    else:
        name, key = "x", "i"
    return TracerError(
        f"`{name}[{key}] = ...` writes into {_operand(value)}, and traced arrays never change",
        f"Use {name} = {name}.at[{key}].set(values); .add, .multiply, .min and .max for += and "
        "the like",
    )


def deleted_from(value: Value) -> TracerError:
    """``del x[i]``."""
    return TracerError(
        f"`del` takes elements out of {_operand(value)}, and traced arrays never change",
        "Use np.concatenate of the slices to keep",
    )


def no_iterator(value: Value) -> TracerError:
    """``x.flat``."""
    return TracerError(
        f"`.flat` writes or reads single elements of {_operand(value)} {TRACED}",
        "Use x.ravel()",
    )


def pickled(value: Value) -> TracerError:
    """``pickle.dumps(x)``."""
    return LeakedTracerError(
        f"pickle asks for the value of {_operand(value)}, which exists in its trace alone",
        "Return it from the traced function and pickle the result",
    )


def unknown_attribute(value: Value, name: str) -> AttributeError:
    """``x.sort()``; a plain AttributeError for Python's and NumPy's own enquiries."""
    if name.startswith("_"):
        return AttributeError(f"a traced array has no attribute {name!r}")
    known = unsupported(name)
    sentence = known.sentence.removeprefix(f"np.{name} ")
    if sentence == known.sentence or "does not take" in sentence:
        sentence = "is no attribute of traced arrays"
    return UnknownAttributeError(f".{name} {sentence}", known.hint)


# Words.


def _what(asked: Question, value: Value) -> str:
    if not asked.source or isinstance(asked.node, (ast.stmt, ast.Call)):
        return _operand(value)
    return f"`{asked.source}`"


def _call(asked: Question) -> str:
    return f"`{asked.source}`" if isinstance(asked.node, ast.Call) else "Python"


def _operand(value: Value) -> str:
    """``the traced array x, float32[3]``."""
    names = value.builder.origins.get(value.unit)
    name = f" {sorted(names.names)[0]}" if names and names.names else ""
    return f"the traced array{name} ({value.unit.type})"


def _static_names(value: Value) -> str:
    """``: static_argnames=("n",)`` for the arguments that a scalar comes from, if they are few."""
    names = sorted({name for name in _arguments(value) if name.isidentifier()})
    if not names or len(names) > 3:
        return ""
    listed = ", ".join(f'"{name}"' for name in names)
    return f" (static_argnames=({listed}{',' if len(names) == 1 else ''}))"


def _arguments(value: Value) -> Iterator[str]:
    """Names of scalar arguments that the value was computed from."""
    stack, seen = [value.unit], set[Unit]()
    while stack:
        unit = stack.pop()
        if unit in seen:
            continue
        seen.add(unit)
        stack.extend(unit.inputs)
        if unit.op is INPUT and unit.array_type.shape == ():
            origin = value.builder.origins.get(unit)
            yield from origin.names if origin else ()
