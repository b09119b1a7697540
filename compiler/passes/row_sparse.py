"""Row-sparse cotangents: rows that nothing has read are neither made nor visited.

The cotangent of a gather is ``scatter(zeros, i, r)``: of a whole array only the rows `r`, named by
`i`, are not zero. Such an array is carried as its rows through what is linear, and added to another
array where its rows belong:

    f(scatter(zeros, i, r), c)   ->  scatter(zeros, i, f(r, c))       f linear in its first input
    scatter(zeros, i, r) + scatter(zeros, j, s)  ->  scatter(scatter(zeros, i, r), j, s)
    x - scatter(zeros, i, r)     ->  scatter(x, i, -r)

With a donated table `x` the last form reads and writes the named rows and no others (row P23).

Correct because scattering adds: rows that are named twice are summed, in the order of the updates,
and a linear function of the sum is the sum of the linear functions, up to rounding. The zeros are
taken for what they are in a cotangent, the absence of a contribution: times any number they are
zero, and added to a row they leave it as it is, be it -0.0. So where a factor such as a learning
rate turns out infinite or NaN, rows that nothing has read stay as they are; the whole array would
have made NaN of them. A factor that is known to be infinite or NaN multiplies the whole array, and
so does an array of factors that might hold such numbers.

What is not linear (a square, a norm) needs the sum of each row first: it gets the whole array, and
so does whatever reads all rows. To an array that is computed for every row (momentum, weight decay,
a table that is read whole as well) the rows are added, and the sum is a whole array from there. The
notes say which of these a program has.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..builder import Builder
from ..graph import Graph, Unit
from ..kinds import Elementwise, Movement
from ..notes import Notes
from ..rewrite import rebuild, same_unit
from ..rows import Rows, UnfitError, begins, image, named, sum_of
from ..structural import CONSTANT, INPUT

UPDATE = "row-sparse update"
SUM = "row-sparse sum"
CARRIED = "carried as rows"


def row_sparse(graph: Graph, notes: Notes) -> Graph:
    """The graph with cotangents of gathers added where their rows belong."""
    if not any(begins(unit) for unit in graph.units):
        return graph
    survey = _Carrier(graph, Notes(), frozenset())
    survey.run()
    return _Carrier(graph, notes, frozenset(survey.whole)).run()


class _Carrier:
    """Follows rows through a graph while it is rebuilt.

    Parameters
    ----------
    graph : Graph
        What is rebuilt.
    notes : Notes
        Takes what was done.
    made : set of Unit
        Scatters into zeros that are made anyway, as something reads them whole: what is computed
        for every row reads them there.

    Attributes
    ----------
    rows : dict of Unit to Rows
        What new units are made of.
    given : set of Unit
        New units that are an argument with some rows changed.
    whole : set of Unit
        Scatters into zeros that something reads whole, directly or through what is linear.
    """

    def __init__(self, graph: Graph, notes: Notes, made: frozenset[Unit]) -> None:
        self.graph = graph
        self.notes = notes
        self.made = made
        self.rows: dict[Unit, Rows] = {}
        self.given: set[Unit] = set()
        self.whole: set[Unit] = set()

    def run(self) -> Graph:
        """The graph rebuilt."""
        after = rebuild(self.graph, self._visit)
        for unit, now in zip(self.graph.outputs, after.outputs, strict=True):
            self._refuse(unit, [now], "it is a result itself, a whole array")
        return after

    def _visit(self, builder: Builder, unit: Unit, inputs: tuple[Unit, ...]) -> Unit:
        now = same_unit(builder, unit, inputs)
        if begins(now):
            self.rows[now] = Rows(((now, now.inputs[1]),), now.array_type, frozenset({unit}))
        elif any(operand in self.rows for operand in inputs):
            try:
                return self._carried(builder, unit, now)
            except UnfitError as unfit:
                self._refuse(unit, inputs, str(unfit))
        return now

    def _refuse(self, unit: Unit, operands: Iterable[Unit], reason: str) -> None:
        """Let `unit` have its operands as whole arrays."""
        found = [self.rows[operand].sources for operand in operands if operand in self.rows]
        sources = frozenset().union(*found)
        self.whole |= sources
        self._note(unit, sources, reason)

    def _note(self, unit: Unit, sources: Iterable[Unit], reason: str) -> None:
        """Write down why a unit has whole arrays, where gathers' cotangents are among them."""
        if any("backward" in self.graph.origin(source).phases for source in sources):
            self.notes.refused(UPDATE, unit, reason, origin=self.graph.origin(unit))

    def _carried(self, builder: Builder, unit: Unit, now: Unit) -> Unit:
        if isinstance(now.op, Movement) and now.op.view:
            self.rows[now] = self.rows[now.inputs[0]]
            return now
        if not isinstance(now.op, Elementwise):
            raise UnfitError(f"{now.op.name} reads every row")
        rows, other = sum_of(builder, now, self.rows) or (image(builder, now, self.rows), None)
        if other is not None:
            return self._added(builder, unit, now, rows, other)
        made = now if rows.sources & self.made else rows.whole(builder, now.shape)
        self.rows[made] = rows
        self.notes.applied(CARRIED, unit, after=made, origin=self.graph.origin(unit))
        return made

    def _added(self, builder: Builder, unit: Unit, now: Unit, rows: Rows, other: Unit) -> Unit:
        if rows.size >= other.array_type.size:
            counts = f"{rows.size} elements are added to {other.array_type.size}"
            raise UnfitError(f"{counts}: the whole array costs no more")
        origin = self.graph.origin(unit)
        if self._is_given(other):
            made = rows.onto(builder, other)
            self.given.add(made)
            detail = f"{rows.size} of {other.array_type.size} elements"
            self.notes.applied(UPDATE, unit, detail, after=made, origin=origin)
            return made
        reason = f"{named(builder, other)} computes the other term of {now.op.name} for every row"
        if "update" in builder.origins[other].phases:
            reason += ", as momentum and weight decay do"
        if rows.sources & self.made:
            raise UnfitError(reason)
        made = rows.onto(builder, other)
        self.notes.applied(SUM, unit, after=made, origin=origin)
        self._note(unit, rows.sources, reason)
        return made

    def _is_given(self, unit: Unit) -> bool:
        """True for an argument or a constant, perhaps with rows changed before."""
        while unit not in self.given and isinstance(unit.op, Movement) and unit.op.view:
            (unit,) = unit.inputs
        return unit in self.given or unit.op in (INPUT, CONSTANT)
