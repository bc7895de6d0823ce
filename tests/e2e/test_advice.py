"""What reports propose is run as it stands: a few scenes of `python -m benchmarks campaign advice`."""

from pathlib import Path

import pytest
from axpair_proto.advice import UNKNOWN

from benchmarks.campaign.advice import printed, tried
from benchmarks.campaign.advice_scenes import scenes
from benchmarks.campaign.advice_world import PUT, lay_out

SHORT = ("a layer that loses", "no input", "another case in --out")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("advice") / "world"
    lay_out(folder)
    return folder


@pytest.mark.parametrize("name", SHORT)
def test_what_is_proposed_does_what_it_says(world: Path, name: str) -> None:
    (scene,) = [one for one in scenes() if one.name == name]
    outcomes = list(tried(scene, world))
    assert [(one.printed.command, one.wrong) for one in outcomes if one.wrong] == []
    assert outcomes
    assert all(one.ran for one in outcomes)


def test_a_command_is_read_out_of_a_report_as_a_person_reads_it() -> None:
    steps = printed(
        """  1. AX201 It is so.
     next: Look at it (GOLDEN stands for a folder; INPUT stands
           for a file):
             axpair pair --joint m.joint \\
               --golden GOLDEN --input INPUT
     next: Train again.
not judged
  golden: not there
axpair: no such thing
  next: with one:
        axpair demo
"""
    )
    assert [(one.said[:10], one.command) for one in steps] == [
        ("Look at it", "axpair pair --joint m.joint --golden GOLDEN --input INPUT"),
        ("Train agai", ""),
        ("with one:", "axpair demo"),
    ]


def test_the_campaign_has_something_for_every_placeholder() -> None:
    assert {str(one) for one in UNKNOWN.values()} - set(PUT) == {"OUTPUT_DIR/frontend/optimized.onnx", "TOKEN_FILE"}
