"""Dividing a graph into kernels: what each unit's value becomes.

A partition gives every unit one of four parts: it *is* memory (an argument, a constant), it is an
*alias* (a reshape of memory), it is computed by a *group* that becomes one kernel, or it is
computed wherever it is read. `build` takes any function from a graph to its partition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import UnsupportedError
from ..graph import Graph, Unit
from ..kinds import Contraction, Elementwise, Movement, Reduction, Scatter
from ..structural import CONSTANT, INPUT
from ..types import ArrayType, TokenType
from .kernels import Refusals
from .values import is_literal


@dataclass
class Group:
    """Units that one kernel computes.

    Attributes
    ----------
    units : list of Unit
        In topological order; those of a loop have one shape.
    stored : list of Unit
        Those that are left in memory.
    parts : list of Group
        The groups that take the rows of one array in turn, if it consists of such.
    kept : int
        How many axes of the array number its rows.
    again : set of Unit
        What it computes although another kernel does so too.
    """

    units: list[Unit]
    stored: list[Unit]
    parts: list[Group] = field(default_factory=list)
    kept: int = 0
    again: set[Unit] = field(default_factory=set)


@dataclass
class Partition:
    """The parts of all units.

    Attributes
    ----------
    groups : list of Group
        In no particular order.
    aliases : dict of Unit to Unit
        Reshapes of memory, and what they reshape.
    refusals : Refusals
        Why units are not in one kernel with their neighbours.
    rounded : set of Unit
        Values whose bits must not depend on the kernel that computes them; see `saving`.
    apart : bool
        Whether each group stays a kernel of its own, done neither by blocks nor by tiles of others.
    """

    groups: list[Group]
    aliases: dict[Unit, Unit]
    refusals: Refusals = field(default_factory=Refusals)
    rounded: set[Unit] = field(default_factory=set)
    apart: bool = False

    def __post_init__(self) -> None:
        self.stored = {unit for group in self.groups for unit in group.stored}

    def in_memory(self, unit: Unit) -> bool:
        """True when the unit's value can be loaded."""
        return unit in self.stored or unit in self.aliases or unit.op in (INPUT, CONSTANT)

    def root(self, unit: Unit) -> Unit:
        """The unit whose memory this one shares."""
        while unit in self.aliases:
            unit = self.aliases[unit]
        return unit


Partitioner = Callable[[Graph], Partition]


def check(graph: Graph) -> None:
    """Refuse what native programs cannot compute yet.

    Raises
    ------
    UnsupportedError
        Naming the unit and the user's line.
    """
    for unit in graph.units:
        reason = _obstacle(unit)
        if reason:
            frames = graph.origin(unit).frames
            line = min(frames, key=str) if frames else None
            sentence = f"native programs do not {reason} yet"
            error = UnsupportedError(sentence, 'Use backend="reference"', line)
            raise error.within(unit.op.name, [f"{operand.type}" for operand in unit.inputs])


def _obstacle(unit: Unit) -> str:
    """What native programs would have to do for the unit but cannot; empty if nothing."""
    known = (Elementwise, Movement, Reduction, Contraction, Scatter)
    if unit.op.effect or isinstance(unit.type, TokenType):
        return "call back"
    if not isinstance(unit.type, ArrayType):
        return "compute several results at once"
    if unit.type.dtype.kind == "c":
        return f"compute with {unit.type.dtype}"
    if unit.op not in (INPUT, CONSTANT) and not isinstance(unit.op, known):
        return f"open {unit.op.kind} units"
    return ""


def unfused(graph: Graph) -> Partition:
    """Every unit a kernel of its own; only reshapes share memory, and literals have none."""
    groups, aliases = [], {}
    for unit in graph.units:
        if unit.op in (INPUT, CONSTANT):
            continue
        if is_view(unit) and not is_literal(unit.inputs[0]):
            aliases[unit] = unit.inputs[0]
        else:
            groups.append(Group([unit], [unit]))
    return Partition(groups, aliases, apart=True)


def is_view(unit: Unit) -> bool:
    """True for a movement that leaves the bytes as they are."""
    return isinstance(unit.op, Movement) and unit.op.view


def fused(graph: Graph) -> Partition:
    """As few kernels and buffers as the rules of `fusion` allow."""
    from .fusion import Fusion

    return Fusion(graph).partition()
