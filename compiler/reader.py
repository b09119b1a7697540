"""Reading the text form: statements into a builder, top down, each token with its place."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

from .builder import Builder
from .errors import ArgumentError, ChainruleError, LocatedError, ParseError, PluginError
from .graph import Graph, Unit
from .literal_reader import LiteralReader
from .literals import LABEL
from .op import Op
from .provenance import NOWHERE
from .registry import find
from .scanner import Scanner
from .types import ArrayType

R = TypeVar("R")

_OP = re.compile(r"[^\W\d][\w.]*(?=\s*\()")
_ATTRIBUTE = re.compile(r"[^\W\d]\w*(?=\s*=)")
_RETURN = re.compile(r"return\b(?!\s*=)")
_GRAPH = re.compile(r"graph\b")
_UNNAMED = re.compile(r"_\d+")


def parse_graph(text: str) -> Graph:
    """The graph that a text states; see `text` for the form.

    A statement without its type is completed as a call of the op would be: attributes brought to
    canonical form, the type by the type rule. One with its type is taken as it stands: to check it
    is `verify`'s work.

    Raises
    ------
    ParseError
        With line and column, what was expected and what stands there.
    """
    scanner = Scanner(text)
    graphs: dict[str, Graph] = {}
    literals = LiteralReader(scanner, graphs)
    while not graphs or not scanner.at_end:
        scanner.need(_GRAPH, "the word 'graph'")
        start = scanner.position
        title = scanner.need(LABEL, "a graph's name")
        if title in graphs:
            scanner.fail("a name that no graph before has", start)
        name = scanner.string()
        graphs[title] = _GraphReader(scanner, literals).read(title if name is None else name)
    return next(reversed(graphs.values()))


class _GraphReader:
    """Reads one graph, from its list of inputs to the closing brace."""

    def __init__(self, scanner: Scanner, literals: LiteralReader) -> None:
        self.scanner = scanner
        self.literals = literals
        self.builder = Builder()
        self.units: dict[str, Unit] = {}

    def read(self, name: str) -> Graph:
        with self.builder.activate(), self.builder.inherit(NOWHERE):
            self._inputs()
            self.scanner.expect("{")
            while not self.scanner.take(_RETURN):
                self._statement()
            outputs = []
            if not self.scanner.accept("}"):
                outputs.append(self._operand())
                while self.scanner.accept(","):
                    outputs.append(self._operand())
                self.scanner.expect("}")
        return self.builder.graph(name, outputs)

    def _inputs(self) -> None:
        self.scanner.expect("(")
        if self.scanner.accept(")"):
            return
        while True:
            label = self._new_label("an input's name")
            name = self.scanner.string()
            if name is None:
                name = "" if _UNNAMED.fullmatch(label) else label
            self.scanner.expect(":")
            self.units[label] = self.builder.input(self.literals.type(), name)
            if self.scanner.accept(")"):
                return
            self.scanner.expect(",")

    def _new_label(self, what: str) -> str:
        start = self.scanner.position
        label = self.scanner.need(LABEL, what)
        if label in self.units:
            self.scanner.fail("a name that no unit before has", start)
        return label

    def _statement(self) -> None:
        label = self._new_label("a statement or 'return'")
        self.scanner.expect("=")
        if self.scanner.peek(_OP):
            self.units[label] = self._application()
            return
        start = self.scanner.position
        type = self.literals.type("an op with its operands, or a constant's type")
        if not isinstance(type, ArrayType):
            self.scanner.fail("the type of an array", start)
        self.units[label] = self.builder.constant(self.literals.array(type), type.weak).unit

    def _application(self) -> Unit:
        start = self.scanner.position
        op = self._op()
        inputs: list[Unit] = []
        given: dict[str, Any] = {}
        self.scanner.expect("(")
        while not self.scanner.accept(")"):
            if inputs or given:
                self.scanner.expect(",")
            place = self.scanner.position
            name = self.scanner.take(_ATTRIBUTE)
            if name:
                self._check_attribute(op, name, given, place)
                self.scanner.expect("=")
                given[name] = self.literals.attribute()
            elif given:
                self.scanner.fail("an attribute: operands come first")
            else:
                inputs.append(self._operand())
        attributes = self._complete(op, given, start)
        if self.scanner.accept(":"):
            return self.builder.unit(op, inputs, attributes, self.literals.type())
        attributes = self._reported(op, start, lambda: self._canonical(op, inputs, attributes))
        type = self._reported(op, start, lambda: op.type_on(inputs, attributes))
        return self.builder.unit(op, inputs, attributes, type)

    def _op(self) -> Op:
        start = self.scanner.position
        name = self.scanner.need(_OP, "an op")
        try:
            return find(name)
        except PluginError:
            self.scanner.fail("the name of a registered op", start)

    def _operand(self) -> Unit:
        start = self.scanner.position
        label = self.scanner.need(LABEL, "an operand")
        if label not in self.units:
            self.scanner.fail("an input or a unit stated above", start)
        return self.units[label]

    def _check_attribute(self, op: Op, name: str, given: dict[str, Any], place: int) -> None:
        left = [known for known in op.attribute_defaults if known not in given]
        if name not in left:
            listed = " or ".join(left) if left else "no further attribute"
            self.scanner.fail(f"{listed} of {op.name}", place)

    def _complete(self, op: Op, given: dict[str, Any], start: int) -> dict[str, Any]:
        """The attributes with the op's defaults for those left out."""
        attributes = {**op.attribute_defaults, **given}
        for name, value in attributes.items():
            if value is inspect.Parameter.empty:
                self.scanner.fail(f"the attribute {name} in", start)
        return attributes

    def _canonical(self, op: Op, inputs: list[Unit], attributes: dict[str, Any]) -> dict[str, Any]:
        """The attributes as a call would have them; the operands must be as a call leaves them."""
        if op.structural:
            return attributes
        values = [self.builder.value(unit) for unit in inputs[op.effect :]]
        values, attributes = op.bind(values, attributes)
        prepared, attributes = op.prepare(self.builder, values, attributes)
        if [value.unit for value in prepared] != inputs[op.effect :]:
            types = ", ".join(str(value.type) for value in prepared)
            raise ArgumentError(f"a unit has its operands cast and broadcast: write ({types})")
        return attributes

    def _reported(self, op: Op, start: int, rule: Callable[[], R]) -> R:
        """What the op's own rule says; its refusal with the place in the text."""
        try:
            return rule()
        except LocatedError as error:
            reason = error.sentence
        except ChainruleError as error:
            reason = str(error)
        except Exception as error:
            reason = f"its rule for types fails with {type(error).__name__} {error}".rstrip()
        raise ParseError(f"{self.scanner.place(start)}: {op.name}: {reason}")
