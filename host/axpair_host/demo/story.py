"""The demo from start to end: material, pages, three parts."""

import json
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from axpair_proto.advice import calling, in_other_folder
from axpair_proto.gt.folders import whole_folder
from axpair_proto.gt.listing import refuse_within_ours, write_listed
from axpair_proto.gt.marks import file_sha256, listed_elsewhere, plain_file, read_mark
from axpair_proto.simulator import Models, Simulator

from axpair_host.demo.material import FILES, KIND, PROVIDER, Material, Show, models_in, obtain
from axpair_host.demo.page import draw_page, turn
from axpair_host.demo.postprocessors import LABELS
from axpair_host.demo.scenes import Judged, Page, Stage, boards, on_board, with_wrong_labels
from axpair_host.errors import UsageError
from axpair_host.files import is_document
from axpair_host.gather.gathering import case_facts
from axpair_host.gather.prepare import prepare
from axpair_host.inputs import InputFile
from axpair_host.simulators import installed

SEED = 7
MARKER = "demo.json"
"""Lies in a folder that a demo wrote: only into such a one, or a new one, another is told."""


@dataclass(frozen=True)
class Plot:
    """What a part does, and how each of its pages must end."""

    name: str
    """Also of its folder."""
    title: str
    board: str
    verdict: str
    code: str
    owner: str


HEALTHY = Plot("healthy", "A healthy board", "emulator:", "PASS", "", "none")
STALE = Plot(
    "stale-output", "A board that hands out stale outputs", "emulator:?fault=stale-output", "FAULT", "AX302", "board"
)
ROTATED = Plot(
    "rotated-labels", "A post-processor with rotated labels, on part 1's tensors", "", "FAULT", "AX405", "postprocess"
)


@dataclass(frozen=True)
class Part:
    """One part of the story: its plot and what came of it."""

    plot: Plot
    judged: Sequence[Judged]
    seconds: float

    @property
    def failing(self) -> str:
        """What doesn't hold, as a sentence; "" where all of it does."""
        for one in self.judged:
            verdict, code, owner = one.ended
            if (verdict, owner) != (self.plot.verdict, self.plot.owner) or code != (self.plot.code or code):
                wanted = " ".join(filter(None, (self.plot.verdict, self.plot.code, self.plot.owner)))
                return f"{one.page.id} ended as {verdict} {code} {owner}, expected {wanted}"
        return ""


class Teller(Protocol):
    """Who tells the story, as it goes on."""

    def material(self, material: Material, simulated_by: str, seconds: float) -> None:
        """Model and build are there."""
        ...

    def part(self, part: Part) -> None:
        """A part is over."""
        ...


@dataclass(frozen=True)
class Story:
    """What the demo showed."""

    parts: tuple[Part, ...]
    out: Path

    @property
    def failing(self) -> str:
        """The first part that didn't hold and why; "" where the story holds."""
        return next((f"part {part.plot.name!r}: {part.failing}" for part in self.parts if part.failing), "")


def tell(out: Path, teller: Teller, show: Show) -> Story:
    """Play the story, leaving everything in `out`.

    Raises UsageError when `out` holds anything but an earlier demo's files, or the emulator isn't installed.
    """
    simulator = installed().get(PROVIDER)
    if simulator is None:
        raise UsageError("the demo needs the emulator", next_step=calling("pip", "install", "axpair[host,emulator]"))
    _check(out)
    started = time.perf_counter()
    simulated_by = f"{PROVIDER} {simulator.version()}"
    material = obtain(simulated_by, show)
    models = _lay_out(out, material)
    teller.material(material, simulated_by, time.perf_counter() - started)
    stage = Stage(models, case_facts(models, ""), simulator, simulated_by)
    on_boards = (HEALTHY, STALE)
    parts: list[Part] = []

    def over(plot: Plot, judged: list[Judged], started: float) -> None:
        parts.append(Part(plot, judged, time.perf_counter() - started))
        teller.part(parts[-1])

    with ExitStack() as stack:
        with show() as progress:
            sides = stack.enter_context(boards([plot.board for plot in on_boards], stage, progress))
            pages = _pages(out, models, simulator)
            for side in sides:
                side.loaded()
        for plot, side in zip(on_boards, sides, strict=True):
            started = time.perf_counter()
            over(plot, on_board(side, pages, out / plot.name, stage), started)
    started = time.perf_counter()
    over(ROTATED, with_wrong_labels(parts[0].judged, out / ROTATED.name), started)
    return Story(tuple(parts), out)


def _check(out: Path) -> None:
    refuse_within_ours(out)
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    mark = read_mark(out)
    earlier = mark.kind == KIND if mark is not None else listed_elsewhere(out) is None and _is_marker(out / MARKER)
    if not earlier:
        raise UsageError(
            f"--out {out}: holds something other than an earlier demo", next_step=in_other_folder("--out", out)
        )


def _is_marker(path: Path) -> bool:
    """Release 0.1.0 marked its demos with that alone."""
    return plain_file(path.parent, path.name) is not None and is_document(path)


def _lay_out(out: Path, material: Material) -> Models:
    marker = json.dumps({"schema_version": 1, "made_by": "axpair demo"}).encode() + b"\n"
    write_listed(out, MARKER, marker, KIND, is_ours=is_document)
    with whole_folder(out / "model", KIND, named=_model_files) as fresh:
        for name in _model_files(material.folder):
            shutil.copyfile(material.folder / name, fresh / name)
    return models_in(out / "model")


def _model_files(folder: Path) -> dict[str, str]:
    return {name: file_sha256(folder / name) for name in FILES if plain_file(folder, name)}


def _pages(out: Path, models: Models, simulator: Simulator) -> list[Page]:
    with whole_folder(out / "pages", KIND, named=_page_files) as fresh:
        for clockwise in LABELS:
            turn(draw_page(SEED), clockwise).save(fresh / f"page-{clockwise}.png")
    description = simulator.describe(models.joint)
    pages = []
    for clockwise in LABELS:
        path = out / "pages" / f"page-{clockwise}.png"
        prepared = prepare(simulator, models, description, [InputFile(path)])
        pages.append(Page(path.stem, clockwise, replace(prepared, id=path.stem)))
    return pages


def _page_files(folder: Path) -> dict[str, str]:
    names = [f"page-{clockwise}.png" for clockwise in LABELS]
    return {name: file_sha256(folder / name) for name in names if plain_file(folder, name)}
