"""The short form of the post-processor campaign: one classifier and one detector, one picture each.

`python -m benchmarks campaign postprocess` runs all of it.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.campaign.postprocess import run
from benchmarks.campaign.posts.subjects import SUBJECTS, Subject

SHORT = ("pages, INT16", "faces, INT16")
SMALL = {"centerface": {"input.1": (1, 3, 160, 192)}}


@pytest.mark.parametrize("subject", [one for one in SUBJECTS if one.name in SHORT], ids=lambda one: one.name)
def test_each_mistake_is_named_and_no_right_one(tmp_path: Path, subject: Subject) -> None:
    subject = replace(subject, shapes=SMALL.get(subject.model, subject.shapes))
    outcomes = list(run(subject, tmp_path, pictures=1))
    assert len(outcomes) > 2 * len(subject.mistakes)
    assert sum(one.shows for one in outcomes if one.mistake != "threshold edge") == 2 + 2 * len(subject.mistakes)
    assert [one for one in outcomes if not one.right] == []
