"""The pipeline: every pass in order, on one screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .graph import Graph
from .notes import Applied, Notes, Refused
from .passes.algebra import algebra
from .passes.canonicalise import canonicalise
from .passes.common_subexpressions import common_subexpressions
from .passes.dead_code import dead_code
from .passes.differentiate import differentiate
from .passes.fold_constants import fold_constants
from .passes.inline import inline, inline_all
from .passes.linear_chain import linear_chain
from .passes.row_sparse import row_sparse


@dataclass(frozen=True, slots=True)
class Pass:
    """A pure function from graph to graph.

    Attributes
    ----------
    name : str
        As `explain()` prints it.
    run : callable
        ``run(graph, notes) -> graph``; notes take what was applied and what was refused.
    purpose : str
        What it does, in one line.
    theory : str
        The rows of the theory that ask for it, with spaces between.
    """

    name: str
    run: Callable[[Graph, Notes], Graph]
    purpose: str
    theory: str = ""


@dataclass(frozen=True, slots=True)
class PassRecord:
    """One run of a pass.

    Attributes
    ----------
    name : str
        The pass.
    before, after : Graph
        They share the units that the pass left alone.
    seconds : float
        Wall time.
    applied, refused : tuples
        The rules that fired, and what was left with its reason.
    """

    name: str
    before: Graph
    after: Graph
    seconds: float
    applied: tuple[Applied, ...]
    refused: tuple[Refused, ...]


DEFAULT_PASSES = (
    Pass("canonicalise", canonicalise, "one form for what is the same"),
    Pass("prune", dead_code, "drop results of calls and derivatives that nothing reads"),
    Pass("inline", inline, "open calls and composites without rules of their own"),
    Pass("fold", fold_constants, "compute what is constant"),
    Pass("algebra", algebra, "rewrite by the rule table"),
    Pass("merge", common_subexpressions, "one unit for equal units", theory="P01 ad-01"),
    Pass(
        "differentiate",
        differentiate,
        "open derivatives, innermost first",
        theory="P02 ad-02 ad-05",
    ),
    Pass("inline all", inline_all, "open the composites that had rules"),
    Pass("canonicalise again", canonicalise, "one form for what is the same"),
    Pass("fold again", fold_constants, "compute what is constant"),
    Pass("simplify", algebra, "rewrite by the rule table"),
    Pass("merge again", common_subexpressions, "one unit for equal units"),
    Pass("collapse", linear_chain, "affine maps after one another become one", theory="P04 lin-04"),
    Pass("row-sparse", row_sparse, "add cotangents of gathers in their rows alone", theory="P23"),
)


def optimise(
    graph: Graph, passes: Sequence[Pass] = DEFAULT_PASSES, *, check: bool = False
) -> tuple[Graph, tuple[PassRecord, ...]]:
    """Run the passes in order.

    Parameters
    ----------
    check : bool
        Verify the graph after each pass.

    Returns
    -------
    graph, records
        The last graph, and what each pass did.
    """
    records = []
    for each in passes:
        notes = Notes()
        started = time.perf_counter()
        after = each.run(graph, notes)
        seconds = time.perf_counter() - started
        if check:
            from .verify import verify  # the reader and printer of graphs come with it

            verify(after)
        records.append(
            PassRecord(
                each.name, graph, after, seconds, tuple(notes.applications), tuple(notes.refusals)
            )
        )
        graph = after
    return graph, tuple(records)
