"""What must hold of every graph, one check after the other; see `verify`.

Each check yields what it finds wrong and relies on those before it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from .attributes import FrozenArray, attribute_key, is_graph
from .errors import ChainruleError, LocatedError
from .graph import Graph, Unit, flat_types
from .kinds import Elementwise
from .structural import CALL, INPUT, ITEM, JVP, VJP, strong
from .types import TOKEN, ArrayType, Layout, TokenType, TupleType, Type

LONGEST_TOLD = 10  # units of a cycle


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a graph.

    Attributes
    ----------
    sentence : str
        What is wrong, as a clause.
    unit : Unit or None
        Where.
    """

    sentence: str
    unit: Unit | None = None


Check = Callable[[Graph], Iterator[Fault]]


def inputs_in_order(graph: Graph) -> Iterator[Fault]:
    """The inputs are input units without operands, each once, numbered by position."""
    known: set[Unit] = set()
    for position, unit in enumerate(graph.inputs):
        if unit.op is not INPUT:
            yield Fault(f"input {position} is a unit of {unit.op.name}", unit)
        elif unit in known:
            yield Fault("an input stands twice among the inputs", unit)
        elif unit.inputs:
            yield Fault("an input has operands", unit)
        elif unit.attributes.get("index") != position:
            index = unit.attributes.get("index")
            yield Fault(f"{_input(unit)} of index {index} stands at position {position}", unit)
        known.add(unit)


def no_foreign_input(graph: Graph) -> Iterator[Fault]:
    """No unit reads an input that is not the graph's own."""
    for unit in graph.units[len(graph.inputs) :]:
        if unit.op is INPUT:
            yield Fault(f"{_input(unit)} is reached that is none of the graph's", unit)


def _input(unit: Unit) -> str:
    index = unit.attributes.get("index")
    return "a placeholder" if isinstance(index, int) and index < 0 else "an input"


def acyclic(graph: Graph) -> Iterator[Fault]:
    """Every operand comes before its users."""
    before: set[Unit] = set()
    for unit in graph.units:
        for operand in unit.inputs:
            if operand not in before:
                yield Fault(f"a unit needs itself: {_told(_path(unit, operand))}", unit)
        before.add(unit)


def _told(path: list[Unit]) -> str:
    names = [unit.op.name for unit in path]
    if len(names) > LONGEST_TOLD:
        names[3:-3] = [f"{len(names) - 6} more"]
    return " <- ".join(names)


def _path(unit: Unit, operand: Unit) -> list[Unit]:
    """The way along operands from `unit` by `operand` back to `unit`."""
    came_from: dict[Unit, Unit] = {operand: unit}
    waiting = deque([operand])
    while waiting:
        each = waiting.popleft()
        if each is unit:
            break
        for needed in each.inputs:
            if needed not in came_from:
                came_from[needed] = each
                waiting.append(needed)
    path = [unit]
    each = came_from[unit]
    while each is not unit:
        path.append(each)
        each = came_from[each]
    return [unit, *reversed(path)]


def attributes_fit(graph: Graph) -> Iterator[Fault]:
    """A unit has exactly its op's attributes, of kinds that cannot change."""
    for unit in graph.units:
        has, wanted = set(unit.attributes), set(unit.op.attribute_defaults)
        if has != wanted:
            sentence = f"the attributes are {_listed(has)}, wanted {_listed(wanted)}"
            yield Fault(sentence, unit)
        mapping: object = unit.attributes
        if not isinstance(mapping, MappingProxyType):
            yield Fault(f"the attributes are a {type(mapping).__name__} and can change", unit)
        for name, value in unit.attributes.items():
            yield from (Fault(f"the attribute {name} {why}", unit) for why in _unfit(value))


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _unfit(value: Any) -> Iterator[str]:
    if isinstance(value, tuple):
        for item in value:
            yield from _unfit(item)
    elif isinstance(value, FrozenArray):
        if value.value.flags.writeable:
            yield "is an array that can be written"
    elif not is_graph(value):
        try:
            attribute_key(value)
        except ChainruleError:
            yield f"is {value!r}, which is no number, string, tuple, dtype, type, array or graph"


def operands_fit(graph: Graph) -> Iterator[Fault]:
    """A unit has as many operands as its op has inputs, and an effect follows a token."""
    for unit in graph.units:
        op, count = unit.op, len(unit.inputs)
        if op.structural:
            yield from _structural_operands_fit(unit)
            continue
        if op.effect and (not count or unit.inputs[0].type != TOKEN):
            yield Fault(f"the effect {op.name} does not follow a token", unit)
        count -= op.effect
        fewest = len(op.parameters) - op.variadic
        if count < fewest or (count > fewest and not op.variadic):
            least = "at least " if op.variadic else ""
            yield Fault(f"{op.name} has {count} operands, wanted {least}{fewest}", unit)


def _structural_operands_fit(unit: Unit) -> Iterator[Fault]:
    got = tuple(operand.type for operand in unit.inputs)
    if unit.op is ITEM:
        if len(got) != 1:
            yield Fault(f"{unit.op.name} has {len(got)} operands, wanted 1", unit)
        return
    try:
        wanted = _structural_operands(unit)
    except (AttributeError, IndexError, TypeError):
        yield Fault(f"the attributes of {unit.op.name} do not fit its graph", unit)
        return
    if got != wanted:
        yield Fault(f"{unit.op.name} takes {TupleType(wanted)}, got {TupleType(got)}", unit)


def _structural_operands(unit: Unit) -> tuple[Type, ...]:
    """The types of operands that a unit of the graph's own words takes."""
    if unit.op not in (CALL, VJP, JVP):
        return ()
    graph: Graph = unit.attributes["graph"]
    further: list[Type] = []
    if unit.op is VJP:
        further = [graph.outputs[i].type for i in unit.attributes["seeds"]]
    if unit.op is JVP:
        further = [graph.inputs[i].type for i in unit.attributes["moving"]]
    return (*graph.input_types, *map(strong, further))


def each_unit_once(graph: Graph) -> Iterator[Fault]:
    """No two units are the same op on the same operands with the same attributes and type."""
    known: dict[Any, Unit] = {}
    for unit in graph.units:
        if known.setdefault(unit.key, unit) is not unit:
            yield Fault(f"{unit.op.name} stands twice with the same operands and attributes", unit)


def types_follow(graph: Graph) -> Iterator[Fault]:
    """Each unit has the type that its op's type rule says."""
    for unit in graph.units:
        try:
            type = unit.op.type_on(unit.inputs, unit.attributes)
        except LocatedError as error:
            yield Fault(f"{unit.op.name} refuses its operands: {error.sentence}", unit)
        except Exception as error:
            reason = f"{error.__class__.__name__}: {error}"
            yield Fault(f"the type rule of {unit.op.name} fails with {reason}", unit)
        else:
            if type != unit.type:
                yield Fault(f"{unit.op.name} is {unit.type}, its type rule says {type}", unit)


def types_are_sound(graph: Graph) -> Iterator[Fault]:
    """Extents are Python integers from 0, and no op takes or makes row-sparse arrays yet."""
    for unit in graph.units:
        for type in flat_types(unit.type):
            if not isinstance(type, ArrayType):
                continue
            if any(extent.__class__ is not int or extent < 0 for extent in type.shape):
                yield Fault(f"the extents {type.shape!r} are no integers from 0", unit)
            if type.layout is not Layout.DENSE:
                yield Fault(f"{unit.op.name} is row-sparse, which no op may be", unit)


def elementwise_canonical(graph: Graph) -> Iterator[Fault]:
    """The operands of an elementwise unit have its shape and, but for conditions, one dtype."""
    for unit in graph.units:
        op = unit.op
        if not isinstance(op, Elementwise):
            continue
        for operand in unit.inputs:
            if operand.shape != unit.shape:
                yield Fault(f"{op.name} of shape {unit.shape} takes {operand.type}", unit)
        numbers = {
            operand.array_type.dtype
            for position, operand in enumerate(unit.inputs)
            if op.input_name(position) not in op.conditions
        }
        if len(numbers) > 1:
            listed = " and ".join(sorted(dtype.name for dtype in numbers))
            yield Fault(f"{op.name} mixes {listed}", unit)


def tokens_linear(graph: Graph) -> Iterator[Fault]:
    """Each token is used once: by the next effect, or as a result."""
    uses = Counter(operand for unit in graph.units for operand in unit.inputs)
    uses.update(graph.outputs)
    picked = {(unit.inputs[0], unit.attributes["index"]) for unit in graph.units if unit.op is ITEM}
    for unit in graph.units:
        if isinstance(unit.type, TokenType) and uses[unit] != 1:
            what = f"is used {uses[unit]} times" if uses[unit] else "ends in no result"
            yield Fault(f"the token of {unit.op.name} {what}, wanted once", unit)
        elif isinstance(unit.type, TupleType):
            for index, type in enumerate(unit.type.items):
                if isinstance(type, TokenType) and (unit, index) not in picked:
                    yield Fault(f"the token of {unit.op.name} ends in no result", unit)


def provenance_of_own_units(graph: Graph) -> Iterator[Fault]:
    """Origins are those of the graph's own units."""
    own = set(graph.units)
    for unit in graph.origins:
        if unit not in own:
            yield Fault(f"an origin is kept for a unit of {unit.op.name} outside the graph")


CHECKS: Sequence[Check] = (
    inputs_in_order,
    no_foreign_input,
    acyclic,
    attributes_fit,
    operands_fit,
    each_unit_once,
    types_follow,
    types_are_sound,
    elementwise_canonical,
    tokens_linear,
    provenance_of_own_units,
)
