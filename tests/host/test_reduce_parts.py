"""Parts of graphs from place to place, and the search for where one may begin."""

import numpy as np
import pytest
from axpair_host.reduce.parts import graph_of
from axpair_host.reduce.shrinking import latest_start, most_trials
from host.test_layers_bisection import BRANCHED, graph, random_graph


def test_a_part_begins_with_what_is_made_before_it_and_ends_with_what_is_read_behind_it() -> None:
    whole = graph_of(BRANCHED, {"o", "p"}, {"o", "p"})
    part = whole.part(2, 4)
    assert [node.name for node in part.nodes] == ["l", "r"]
    assert (part.inner, part.outputs) == (("b",), ("l", "r"))
    assert whole.part(0, 2).inner == ()


def test_no_part_begins_at_an_output_of_the_model() -> None:
    whole = graph_of(graph("a<in", "b<a", "c<b", "d<c"), {"d"}, {"b", "d"})
    assert whole.starts(4) == [3, 1, 0]
    assert whole.rest(2) is None
    assert whole.rest(4) is None


def test_what_an_output_does_not_need_falls_away() -> None:
    whole = graph_of(BRANCHED, {"o", "p"}, {"o", "p"})
    narrow = whole.behind(whole.part(1, 4), "r")
    assert [node.name for node in narrow.nodes] == ["b", "r"]
    assert (narrow.inner, narrow.outputs) == (("a",), ("r",))


@pytest.mark.parametrize("seed", range(20))
def test_every_part_that_can_begin_has_all_it_needs(seed: int) -> None:
    nodes = random_graph(seed)
    whole = graph_of(nodes, {nodes[-1].output}, {nodes[-1].output})
    for end in range(1, len(whole.nodes) + 1):
        for start in whole.starts(end):
            part = whole.part(start, end)
            known = {*part.inner, "in"}
            for node in part.nodes:
                assert known >= set(node.inputs)
                known.add(node.output)
            assert known >= set(part.outputs)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64])
def test_the_latest_start_that_still_fails_is_found_in_few_trials(length: int) -> None:
    starts = list(range(length - 1, -1, -1))
    for culprit in range(length):
        tried: list[int] = []

        def fails(start: int, culprit: int = culprit, tried: list[int] = tried) -> bool:
            tried.append(start)
            return start <= culprit

        assert latest_start(starts, fails) == culprit
        assert len(tried) <= most_trials(length)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_found_fails_whatever_masks_what(seed: int) -> None:
    random = np.random.default_rng(seed)
    wrong = {0, *map(int, random.choice(50, 20, replace=False))}
    starts = list(range(49, -1, -1))
    assert latest_start(starts, lambda start: start in wrong) in wrong
