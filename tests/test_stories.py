"""The stories in docs/stories: their commands are run in a folder with their files, and print what the page says.

A block ```console holds commands (`$ ...`) and what they print on stdout. A line `…` stands for any lines, `…` in a
line for anything, and numbers may differ a little: builds differ in the last digits between processors.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from docs.stories.__main__ import STORIES

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "stories"
SECONDS = 300
_NUMBER = re.compile(r"\d+\.\d+")
_NEAR = 0.05
"""Of a number with a decimal point, or in all."""


@dataclass(frozen=True)
class Step:
    """One command and the lines that it must print."""

    command: str
    lines: tuple[str, ...]


def steps_of(page: str) -> list[Step]:
    """Every command of a page's console blocks, in order."""
    steps = []
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.rstrip("\n").split("\n")
            steps.append(Step(command, tuple(lines)))
    return steps


def missing(expected: tuple[str, ...], printed: list[str]) -> str:
    """The first expected line that isn't where it should be; "" when all are."""
    at, anywhere = 0, False
    for line in expected:
        if line.strip() == "…":
            anywhere = True
            continue
        found = next((i for i in range(at, len(printed)) if same_line(line, printed[i])), None)
        if found is None or (found != at and not anywhere):
            return line
        at, anywhere = found + 1, False
    return "" if anywhere or at == len(printed) else f"nothing after: {expected[-1:]}"


def same_line(expected: str, printed: str) -> bool:
    """Whether a line says the same, its decimal numbers nearly."""
    pattern = "".join(
        r".*" if part == "…" else r"(\d+\.\d+)" if _NUMBER.fullmatch(part) else re.escape(part)
        for part in re.split(r"(…|\d+\.\d+)", expected)
    )
    found = re.fullmatch(pattern, printed)
    numbers = [float(text) for text in _NUMBER.findall(expected)]
    return found is not None and all(
        abs(one - float(other)) <= _NEAR * max(1.0, one) for one, other in zip(numbers, found.groups(), strict=True)
    )


@pytest.mark.parametrize("name", STORIES)
def test_a_story_goes_as_it_is_told(name: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
    }
    laid = [sys.executable, "-m", "docs.stories", name, str(tmp_path)]
    subprocess.run(laid, cwd=ROOT, check=True, timeout=SECONDS)
    steps = steps_of((PAGES / f"{name}.md").read_text(encoding="utf-8"))
    assert len(steps) > 1
    for step in steps:
        done = subprocess.run(
            ["/bin/sh", "-c", step.command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode in (0, 1, 3), f"$ {step.command}\n{done.stderr}"
        lacking = missing(step.lines, done.stdout.splitlines())
        assert not lacking, f"$ {step.command}\nnot printed: {lacking}\n{done.stdout}"


def test_every_page_is_a_story_and_named_in_the_list() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert pages == set(STORIES)
    listed = (PAGES / "README.md").read_text(encoding="utf-8")
    assert all(f"[{name}]({name}.md)" in listed for name in STORIES)


def test_a_page_that_says_otherwise_is_noticed() -> None:
    printed = ["PASS  all", "score 0.9970, 3 left", "end"]
    assert not missing(("PASS  all", "…", "end"), printed)
    assert not missing(("PASS  all", "score 0.9900, 3 left", "…"), printed)
    assert missing(("FAULT", "…"), printed) == "FAULT"
    assert missing(("PASS  all", "end"), printed) == "end"
    assert missing(("PASS  all", "score 0.9100, 3 left", "…"), printed)
    assert missing(("PASS  all", "score 0.9970, 4 left", "…"), printed)
    assert missing(("PASS  all",), printed)
