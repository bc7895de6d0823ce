"""Bisection: where graphs are cut, how many trials it takes, and what is found on random graphs."""

import numpy as np
import pytest
from axpair_host.layers.bisection import expected_trials, search
from axpair_host.layers.prefixes import Prefixes, prefixes
from axpair_proto.capabilities import Node


def graph(*edges: str) -> list[Node]:
    """Operators as "output<input,input"; an operator has its output's name."""
    made = []
    for edge in edges:
        output, _, inputs = edge.partition("<")
        made.append(Node(output, "conv", tuple(filter(None, inputs.split(","))), output))
    return made


BRANCHED = graph("a<in", "b<a", "l<b", "r<b", "s<l,r", "o<s", "p<s")


def random_graph(seed: int) -> list[Node]:
    random = np.random.default_rng(seed)
    nodes = []
    for at in range(int(random.integers(3, 40))):
        known = ["in", *(f"t{before}" for before in range(at))]
        count = int(random.integers(1, 3))
        reads = random.choice(known[-4:], min(count, len(known[-4:])), replace=False)
        nodes.append(Node(f"n{at}", "conv", tuple(map(str, reads)), f"t{at}"))
    return nodes


def reached(nodes: list[Node], start: int) -> set[str]:
    """Tensors that a fault in that operator may show in."""
    wrong = {nodes[start].output}
    for node in nodes[start + 1 :]:
        if wrong & set(node.inputs):
            wrong.add(node.output)
    return wrong


def test_a_prefix_hands_on_what_later_operators_read_and_the_outputs() -> None:
    parts = prefixes(BRANCHED, {"o", "p"})
    assert parts.frontiers == ((), ("a",), ("b",), ("b", "l"), ("l", "r"), ("s",), ("s", "o"), ("o", "p"))
    assert parts.dominators == [1, 2, 5]


def test_an_output_that_is_read_later_too_stays_in_what_is_handed_on() -> None:
    parts = prefixes(graph("a<in", "o<a", "p<o"), {"o", "p"})
    assert parts.frontiers == ((), ("a",), ("o",), ("o", "p"))


def test_operators_that_the_differing_output_doesnt_need_are_left_out() -> None:
    parts = prefixes(BRANCHED, {"p"})
    assert [node.name for node in parts.nodes] == ["a", "b", "l", "r", "s", "p"]
    assert parts.frontiers[-1] == ("p",)
    everything = prefixes(BRANCHED, {"an output under another name"})
    assert len(everything.nodes) == len(BRANCHED)


def test_a_dominator_is_a_tensor_without_which_nothing_is_reached() -> None:
    for seed in range(40):
        nodes = random_graph(seed)
        parts = prefixes(nodes, {nodes[-1].output})
        for length in parts.dominators:
            (name,) = parts.frontiers[length]
            reads_before = {one for node in parts.nodes[length:] for one in node.inputs}
            assert not reads_before & {node.output for node in parts.nodes[:length]} - {name}


@pytest.mark.parametrize("seed", range(30))
def test_the_faulty_operator_is_found_within_the_expected_trials(seed: int) -> None:
    nodes = random_graph(seed)
    parts = prefixes(nodes, {nodes[-1].output})
    for faulty in range(len(parts.nodes)):
        wrong = reached(list(parts.nodes), faulty)
        asked: list[int] = []

        def differs(length: int, outputs: tuple[str, ...], wrong: set[str] = wrong, asked: list[int] = asked) -> bool:
            asked.append(length)
            return bool(wrong & set(outputs))

        bracket = search(parts, differs)
        assert (bracket.lower, bracket.upper) == (faulty, faulty + 1)
        assert len(asked) + 1 <= expected_trials(parts)
        assert len(set(asked)) == len(asked)


def test_where_a_fault_is_masked_a_later_one_is_found() -> None:
    parts: Prefixes = prefixes(graph("a<in", "b<a", "c<b", "d<c", "e<d"), {"e"})
    bracket = search(parts, lambda _, outputs: outputs[0] in ("a", "d", "e"))
    assert (bracket.lower, bracket.upper) == (3, 4)
