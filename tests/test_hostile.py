"""Every attack in its short form; `python -m benchmarks hostile` runs them at length."""

import pytest

from benchmarks.hostile.campaign import KINDS, named, run


@pytest.mark.parametrize("name", KINDS)
def test_what_is_promised_holds_under_attack(name: str) -> None:
    tally = run(name, named(name).SHORT, seed=1)
    assert tally.tried > 0
    assert tally.shortfalls == []
