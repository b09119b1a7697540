"""Random graphs and their derivatives are sound, and read back from every written form."""

import pickle

from hypothesis import given, settings
from random_graphs import Case, cases

from chainrule.compiler.derivatives import pulled_back
from chainrule.compiler.export import to_networkx
from chainrule.compiler.serialise import from_json, to_json
from chainrule.compiler.text import parse_graph, print_graph
from chainrule.compiler.verify import verify


@settings(max_examples=60)
@given(case=cases())
def test_random_graphs_keep_their_structure_in_every_form(case: Case) -> None:
    wanted = range(len(case.graph.inputs))
    for graph in (case.graph, pulled_back(case.graph, wanted, (len(case.graph.outputs) - 1,))):
        verify(graph)
        text = print_graph(graph)
        assert parse_graph(text) == graph
        assert print_graph(parse_graph(text)) == text
        for back in (from_json(to_json(graph)), pickle.loads(pickle.dumps(graph))):
            assert back == graph
            verify(back)
            for unit, restored in zip(graph.units, back.units, strict=True):
                assert back.origin(restored) == graph.origin(unit)
        assert to_networkx(graph).number_of_nodes() == len(graph)
