"""A few cases of the campaign of faults: the whole of it runs as `python -m benchmarks campaign faults`."""

from benchmarks.campaign.faults import campaign, expected_of

FAULTS = ("stale-output", "truncated-dma", "channel-swap", "wrong-instruction", "race", "dropped-bias")


def test_injected_faults_are_named_and_a_healthy_board_is_not_accused() -> None:
    outcomes = campaign(["ppocr-cls"], FAULTS, photos=1, seeds=1, healthy=1)
    assert {one.fault for one in outcomes} == {"", *FAULTS}
    assert [(one.fault, one.codes) for one in outcomes if not one.right] == []
    seen = {one.fault: set(one.codes) for one in outcomes if one.fault and one.changed}
    assert all(expected_of(fault) <= codes for fault, codes in seen.items())
    assert len(seen) >= len(FAULTS) - 1, "nearly all of them change a byte"
