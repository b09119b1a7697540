"""Linear-chain collapse: affine maps after one another become one where that is cheaper.

    (x W_1 + b_1) W_2 + b_2 = x (W_1 W_2) + (b_1 W_2 + b_2)

Theory rows lin-04 and P04. Correct on the reals, so it is done to floats only, and only where
nothing else reads an intermediate. The order is chosen by matrix-chain dynamic programming over
all factors, the batch among them (`compiler.chain_order`). Factors that are constants are
multiplied while compiling, in float64, and rounded once to the dtype of the chain.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from ..builder import Builder
from ..chain_build import build_chain
from ..chain_order import Order, cheapest, cost, once, one_map
from ..chains import AffineChain, Finder
from ..graph import Graph, Unit
from ..notes import Notes
from ..rewrite import rebuild, same_unit

RULE = "collapse affine maps"

# While compiling, a chain of constants may take this many operations: a second or so.
MOST_ONCE = 2 * 10**10


def linear_chain(graph: Graph, notes: Notes) -> Graph:
    """The graph with chains of affine maps in their cheapest order."""
    finder = Finder(graph)
    chosen: dict[Unit, tuple[AffineChain, Order]] = {}
    for chain in finder.chains():
        order = _choice(graph, chain, notes)
        if order is not None:
            chosen[chain.root] = chain, order
    for unit, reason in finder.ends.items():
        notes.refused(RULE, unit, reason, origin=graph.origin(unit))
    if not chosen:
        return graph
    new: dict[Unit, Unit] = {}

    def visit(builder: Builder, unit: Unit, inputs: tuple[Unit, ...]) -> Unit:
        if unit not in chosen:
            new[unit] = same_unit(builder, unit, inputs)
            return new[unit]
        chain, order = chosen[unit]
        origins = map(graph.origin, chain.inner)
        with builder.inherit(reduce(or_, origins, graph.origin(unit))):
            new[unit] = build_chain(builder, chain, order, new)
        return new[unit]

    return rebuild(graph, visit)


def _choice(graph: Graph, chain: AffineChain, notes: Notes) -> Order | None:
    """The order, from left to right, to build the chain in; None when it is best as written."""
    costs, origin = chain.costs, graph.origin(chain.root)
    before = cost(costs, chain.turned(chain.order))
    after, order = cheapest(costs)
    if after >= before:
        other, _ = one_map(costs)
        reason = f"as written {flops(before)} a call, as one map {flops(other)}"
        notes.refused(RULE, chain.root, reason, origin=origin)
        return None
    spent = once(costs, order)
    if spent > MOST_ONCE:
        reason = f"the product of the constants would take {flops(spent)} while compiling"
        notes.refused(RULE, chain.root, reason, origin=origin)
        return None
    detail = f"{flops(before)} -> {flops(after)} a call"
    if spent:
        detail += f", {flops(spent)} once"
    notes.applied(RULE, chain.root, detail, origin=origin)
    return chain.turned(order)


def flops(count: int) -> str:
    """A number of floating-point operations to three digits: ``"33.6 MFLOP"``."""
    for scale, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= scale:
            return f"{count / scale:.3g} {prefix}FLOP"
    return f"{count} FLOP"
