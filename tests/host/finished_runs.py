"""Finished runs in the real toolchain's form, and `axpair pair` called on them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from axpair_proto.topology import topology_pb2

from benchmarks.campaign.files import axpair
from benchmarks.campaign.real_form import Finished, finished_run

RELEASE = "0.6.1.4\n59588c54"
HEAD = f"run joint version: 0.5.13\nvirtual npu mode is 1_1\ntools version: {RELEASE}\nUsing batch size 1\n"


def made(folder: Path, inputs: Sequence[str] = ("input",)) -> Finished:
    topology = topology_pb2.Topology(input_names=inputs, output_names=["output"], tool_commit=RELEASE)
    return finished_run(folder, topology, np.random.default_rng(1))


def flags(case: Finished, log: Path) -> list[str | Path]:
    given: list[str | Path] = ["--joint", case.folder / "m.joint", "--gt", case.folder / "gt", "--board-log", log]
    return [*given, "--board-out", case.folder / "out", "--out", case.folder / "g", "--overwrite"]


def logged(case: Finished, text: str) -> Path:
    log = case.folder / "other.log"
    log.write_text(text)
    return log


def judged(case: Finished, log: Path) -> dict[str, Any]:
    said = axpair("pair", *flags(case, log), "--json")
    assert said.output, said.errors
    document: dict[str, Any] = json.loads(said.output)
    return document


def codes(document: dict[str, Any]) -> list[str]:
    return [document["verdict"], *(one["code"] for one in (*document["findings"], *document["warnings"]))]


def emptied(case: Finished) -> Finished:
    for path in (case.folder / "out").iterdir():
        path.unlink()
    return case


def differing(case: Finished) -> Finished:
    case.dump({name: array + np.float32(1) for name, array in case.outputs.items()})
    return case
