"""`axpair pair` on a case, and what it leaves."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axpair_host.documents.pair import PairDocument
from axpair_host.documents.steps import NextStep
from axpair_proto.simulator import Models
from command_line import Done, axpair_here
from printed import printed


@dataclass(frozen=True)
class Case:
    """The options of one case."""

    models: Models
    picture: Path
    flags: tuple[str | Path, ...]
    """--joint, --onnx, --lava-joint, --config, --input."""


@dataclass(frozen=True)
class Paired:
    """A case that was paired once, for tests that only read it."""

    case: Case
    gt: Path
    done: Done
    document: dict[str, Any]


def case_of(models: Models, picture: Path) -> Case:
    """All that there is of a conversion, and one input."""
    assert models.onnx is not None
    assert models.lava_joint is not None
    flags = ("--joint", models.joint, "--onnx", models.onnx, "--lava-joint", models.lava_joint, "--input", picture)
    return Case(models, picture, flags)


def pair(case: Case, out: Path, *more: str | Path) -> tuple[Done, dict[str, Any]]:
    """Run it with --json; returns how it ended and the document."""
    done = axpair_here("pair", *case.flags, "--out", out, "--json", *more)
    assert done.returncode in (0, 1, 3), done.stderr
    return done, printed(done.stdout, PairDocument[NextStep])


def codes(document: dict[str, Any]) -> list[str]:
    """Of the findings, in order."""
    return [finding["code"] for finding in document["findings"]]


def digests(folder: Path) -> dict[str, str]:
    """File name to sha256."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def judged(gt: Path) -> dict[str, Any]:
    """The judged half of pair.json."""
    document: dict[str, Any] = json.loads((gt / "pair.json").read_text())
    return {key: value for key, value in document.items() if key != "gathered"}
