"""The script that measures the house (python -m benchmarks house)."""

import ast
import subprocess

import pytest
from axpair_host.gather.request import GatherRequest

from benchmarks.house import PRODUCT, ROOT, Follower, Source, measured, sources

PUBLISHED = "ae08cf3"
"""A commit that was counted by hand: 504 modules, 616 lookups."""


def source(path: str, text: str) -> Source:
    return Source(path, text, ast.parse(text))


def test_modules_lookups_importers_and_circles_are_counted() -> None:
    house = measured(
        [
            source("host/axpair_host/a/__init__.py", ""),
            source("host/axpair_host/a/one.py", "from axpair_host.b import two\nx = given['y'] + {}.get('z') + x[0]\n"),
            source("host/axpair_host/b/two.py", "def f():\n    from axpair_host.a.one import x\n    return x['k']\n"),
            source("host/axpair_host/c.py", "from axpair_host.b.two import f\nimport axpair_host.a.one\n"),
            source("host/axpair_host/d.py", "if TYPE_CHECKING:\n    from axpair_host.c import g\n"),
        ]
    )
    assert house.modules == {"host": 5}
    assert (house.lookups.subscripts, house.lookups.gets, house.lookups.of_click, house.lookups.sum) == (2, 1, 1, 3)
    assert house.circles == (("axpair_host.a", "axpair_host.b"),)
    assert house.one_importer == ()


def test_a_known_commit_gives_what_was_counted_there() -> None:
    known = subprocess.run(["git", "cat-file", "-e", f"{PUBLISHED}^{{commit}}"], cwd=ROOT, capture_output=True)
    if known.returncode:
        pytest.skip(f"the history doesn't reach back to {PUBLISHED}")
    house = measured(sources(PUBLISHED))
    assert sum(house.modules[package] for package in PRODUCT) == 504
    assert house.lookups.sum == 616


def test_a_call_that_fails_is_said_with_what_it_printed() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)axpair pair: exit 2.*--joint"):
        Follower(GatherRequest).way(["pair"])
