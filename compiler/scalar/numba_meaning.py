"""The meaning of a scalar expression to Numba: printed with typed literals, compiled, inspected.

The printed source is what a reader would write for Numba by hand. Python's operators keep Numba's
own typing, so that a word that it widens shows in the compiled code; words without an operator
are intrinsics (`numba_words`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype, bool_
from ..errors import PluginError
from .expression import Scalar
from .words import Word

_INFIX = {
    Word.ADD: "+",
    Word.SUBTRACT: "-",
    Word.MULTIPLY: "*",
    Word.DIVIDE: "/",
    Word.LESS: "<",
    Word.LESS_EQUAL: "<=",
    Word.EQUAL: "==",
    Word.NOT_EQUAL: "!=",
    Word.AND: "&",
    Word.OR: "|",
    Word.XOR: "^",
    Word.SHIFT_LEFT: "<<",
    Word.SHIFT_RIGHT: ">>",
}
_CALLED = {
    Word.SELECT: "select",
    Word.RARELY: "select",
    Word.FMA: "fma",
    Word.LDEXP: "ldexp",
    Word.TRUNCATED_DIVIDE: "truncated_divide",
    Word.TRUNCATED_REMAINDER: "truncated_remainder",
    Word.SQRT: "root",
    Word.ABS: "np.abs",
    Word.FLOOR: "np.floor",
    Word.CEIL: "np.ceil",
    Word.TRUNC: "np.trunc",
    Word.ROUND_EVEN: "np.rint",
    Word.COPYSIGN: "math.copysign",
    Word.ISNAN: "math.isnan",
}


@dataclass(frozen=True, slots=True)
class Printed:
    """An expression as the source of a Numba function ``body(x0, x1, ...)``.

    Attributes
    ----------
    source : str
        A statement for each node, shared ones once.
    arguments : tuple of DType
        The dtype of each argument.
    dtypes : frozenset of DType
        Every dtype in the expression.
    intrinsics : tuple
        Names that the source uses beyond the fixed vocabulary, each with what makes it.
    """

    source: str
    arguments: tuple[DType, ...]
    dtypes: frozenset[DType]
    intrinsics: tuple[tuple[str, tuple[Any, ...]], ...]


def print_numba(expression: Scalar, arguments: Sequence[DType]) -> Printed:
    """The Numba source of `expression` over arguments of these dtypes.

    Raises
    ------
    PluginError
        For a word that has no meaning to a scalar Numba function (a load, a storage-only dtype).
    """
    printer = _Printer()
    result = printer.name(expression)
    listed = ", ".join(f"x{number}" for number in range(len(arguments)))
    lines = [f"def body({listed}):", *printer.lines, f"return {result}"]
    return Printed(
        "\n    ".join(lines) + "\n",
        tuple(arguments),
        frozenset(printer.dtypes),
        tuple(sorted(printer.intrinsics.items())),
    )


class _Printer:
    """Writes one statement a node, operands first, without recursion."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[int, str] = {}
        self.dtypes: set[DType] = set()
        self.intrinsics: dict[str, tuple[Any, ...]] = {}

    def name(self, root: Scalar) -> str:
        stack = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in self.names:
                continue
            if not ready:
                stack += [(node, True), *((operand, False) for operand in node.operands)]
                continue
            self.names[id(node)] = self._write(node)
        return self.names[id(root)]

    def _write(self, node: Scalar) -> str:
        if node.dtype.storage_only:
            raise PluginError(f"the body computes in {node.dtype}, a storage type: cast it first")
        self.dtypes.add(node.dtype)
        if node.word is Word.INPUT:
            return f"x{node.detail}"
        if node.word is Word.LITERAL:
            return _literal(node)
        text = self._text(node, [self.names[id(operand)] for operand in node.operands])
        name = f"t{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        return name

    def _text(self, node: Scalar, operands: list[str]) -> str:
        word, kind = node.word, node.dtype.kind
        if word is Word.NEGATE:
            return _kept(f"-{operands[0]}", node)
        if word is Word.NOT:
            return f"not {operands[0]}" if kind == "b" else _kept(f"~{operands[0]}", node)
        if word is Word.CAST:
            return self._cast(node, operands[0])
        if word is Word.BITCAST:
            return f"{self._intrinsic(f'bits_{node.dtype}', 'bits', node.dtype)}({operands[0]})"
        if word is Word.DIVIDE and not node.dtype.is_inexact:
            raise PluginError(f"the body divides {node.dtype}: cast it to a float first")
        if word in _INFIX:
            return _kept(f" {_INFIX[word]} ".join(operands), node)
        if word in _CALLED:
            return _kept(f"{_CALLED[word]}({', '.join(operands)})", node)
        raise PluginError(f"the body uses {word.name.lower()}, which no scalar function can")

    def _cast(self, node: Scalar, operand: str) -> str:
        source = node.operands[0].dtype
        if node.dtype is bool_:
            return f"{operand} != {source}(0)"
        if source.is_float and node.dtype.is_integer:
            return f"{self._intrinsic(f'to_{node.dtype}', 'saturated', node.dtype)}({operand})"
        return f"{node.dtype}({operand})"

    def _intrinsic(self, name: str, *recipe: Any) -> str:
        self.intrinsics[name] = recipe
        return name


def _kept(text: str, node: Scalar) -> str:
    """Numba computes small integers in 64 bits, as C does in int: bring the result back."""
    if node.dtype.is_integer:
        return f"{node.dtype}({text})"
    return text


def _literal(node: Scalar) -> str:
    value = node.detail
    if node.dtype is bool_:
        return repr(bool(value))
    if isinstance(value, float) and not math.isfinite(value):
        text = "math.nan" if math.isnan(value) else "math.inf" if value > 0 else "-math.inf"
        return f"{node.dtype}({text})"
    return f"{node.dtype}({value!r})"


@dataclass(frozen=True, slots=True)
class NumbaBody:
    """A compiled expression.

    Attributes
    ----------
    printed : Printed
        Its source.
    call : callable
        The compiled function of scalars.
    result : DType
        What Numba types the result as.
    llvm : str
        The optimised LLVM IR of the function, without Numba's wrappers for Python.
    """

    printed: Printed
    call: Callable[..., Any]
    result: DType
    llvm: str

    def evaluate(self, arrays: Sequence[Any]) -> Any:
        """The value at each position of arrays of one shape."""
        given = [
            np.asarray(a, d.numpy) for a, d in zip(arrays, self.printed.arguments, strict=True)
        ]
        shape = given[0].shape if given else ()
        rows = zip(*(array.ravel() for array in given), strict=True)
        values = [self.call(*row) for row in rows]
        return np.array(values, self.result.numpy).reshape(shape)

    def faults(self) -> list[str]:
        """What a vectorised loop could not take: a wider type, a call, a raise."""
        found = []
        if "double" in self.llvm and all(d.name != "float64" for d in self.printed.dtypes):
            found.append("Numba widens the body to float64")
        for name in sorted(set(re.findall(r"\bcall\b[^@\n]*@\"?([\w.$]+)", self.llvm))):
            if not name.startswith("llvm."):
                found.append(f"the body calls {name}")
        if "picklebuf" in self.llvm or re.search(r"\bret i32 (?!0\b)", self.llvm):
            found.append("the body may raise")
        return found


def compile_numba(expression: Scalar, arguments: Sequence[DType]) -> NumbaBody:
    """Compile `expression` with Numba; equal sources share one compilation.

    Takes tens of milliseconds, and imports Numba the first time.
    """
    return _compile(print_numba(expression, arguments))


@cache
def _compile(printed: Printed) -> NumbaBody:
    from . import numba_words

    made = {
        "bits": numba_words.bitcast_to,
        "saturated": numba_words.saturated_to,
    }
    names = {name: made[kind](*details) for name, (kind, *details) in printed.intrinsics}
    names |= {dtype.name: numba_words.numba_type(dtype) for dtype in printed.dtypes}
    compiled = numba_words.compile_body(printed.source, names, printed.arguments)
    (signature,) = compiled.signatures
    overload = compiled.overloads[signature]
    return NumbaBody(
        printed,
        compiled,
        as_dtype(str(overload.signature.return_type)),
        _own_code(compiled.inspect_llvm(signature)),
    )


def _own_code(module: str) -> str:
    """The functions of a module without those that convert from and to Python's objects."""
    functions = re.findall(r"^define .*?^}", module, re.MULTILINE | re.DOTALL)
    heads = [(text, text.partition("{")[0]) for text in functions]
    return "\n\n".join(
        text for text, head in heads if "cpython" not in head and "@cfunc." not in head
    )
