"""A few cases of the campaigns of faults and of losses: the whole of them runs as `python -m benchmarks campaign`."""

import numpy as np

from benchmarks.campaign.faults import campaign, expected_of
from benchmarks.campaign.losses import FAMILIES, of_net, outcomes
from benchmarks.campaign.losses.masks import attention

FAULTS = ("stale-output", "truncated-dma", "channel-swap", "wrong-instruction", "race", "dropped-bias")


def test_injected_faults_are_named_and_a_healthy_board_is_not_accused() -> None:
    outcomes = campaign(["ppocr-cls"], FAULTS, photos=1, seeds=1, healthy=1)
    assert {one.fault for one in outcomes} == {"", *FAULTS}
    assert [(one.fault, one.codes) for one in outcomes if not one.right] == []
    seen = {one.fault: set(one.codes) for one in outcomes if one.fault and one.changed}
    assert all(expected_of(fault) <= codes for fault, codes in seen.items())
    assert len(seen) >= len(FAULTS) - 1, "nearly all of them change a byte"


def test_losses_that_a_cosine_hides_are_named_and_their_healthy_twins_are_clean() -> None:
    found = list(outcomes(list(FAMILIES), settings=1, nets=1))
    assert {(one.family, one.healthy) for one in found} == {
        (family, state) for family in FAMILIES for state in (True, False)
    }
    assert [one for one in found if not one.right] == []
    assert sum(one.hidden for one in found if not one.healthy) > 0


def test_an_infinite_constant_is_named_also_where_another_layer_leaves_its_range() -> None:
    found = list(of_net("masks", "attention", attention, -np.inf, 2))
    assert any("AX204" in one.named for one in found)
    assert [one for one in found if not one.right] == []
