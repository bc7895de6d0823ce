"""The demo told to people: what was done, what each page showed, and what to try next."""

import shlex
from pathlib import Path
from typing import Any

import click
from axpair_proto.printing import print_line, print_lines

from axpair_host.demo.material import CONFIG_NAME, MODEL, Material, models_in
from axpair_host.demo.scenes import POSTPROCESSOR, WRONG_POSTPROCESSOR, Judged
from axpair_host.demo.story import HEALTHY, ROTATED, STALE, Part, Story
from axpair_host.evidence.store import read_record

_MORALS = {
    HEALTHY.name: "What the board computes is what the simulator computes, bit for bit, and every angle is right.",
    STALE.name: "Every answer belongs to the page before it. Model and program are innocent: it arises on the board.",
    ROTATED.name: "The tensors are those of part 1, and right: it arises in the post-processor.",
}

_BREAK = " \\\n      "
"""Between the lines of a long command: it can still be copied as a whole."""


class Silent:
    """Tells nothing: for --json."""

    def material(self, material: Material, simulated_by: str, seconds: float) -> None:
        """Nobody listens."""

    def part(self, part: Part) -> None:
        """Nobody listens."""


class Printed:
    """Tells the story on stdout: in colour on a terminal, in plain lines elsewhere."""

    def __init__(self) -> None:
        self._number = 0

    def material(self, material: Material, simulated_by: str, seconds: float) -> None:
        """What the story is about."""
        joint = material.models.joint
        how = "fetched and built" if material.was_built else "from the cache"
        self._say("A page-orientation classifier on its way to a board", bold=True)
        self._say(f"  model   {MODEL}, a float ONNX model; {joint.name} built from it by {simulated_by.split(' (')[0]}")
        self._say(f"          {how} ({seconds:.1f} s)")
        self._say("  pages   one text page, drawn here, turned by 0, 90, 180 and 270 degrees: the truth is known")

    def part(self, part: Part) -> None:
        """What a part showed: a line a page, then what to make of it."""
        self._number += 1
        self._say("")
        self._say(f"{self._number}  {part.plot.title}", bold=True)
        with_fault = "?" in part.plot.board
        if part.plot.board:
            self._say(f"   --board {shlex.quote(part.plot.board)}" + (" (the fault is injected)" if with_fault else ""))
        else:
            self._say(f"   --postprocess {WRONG_POSTPROCESSOR}")
        self._say(
            f"   {'page':<10}{'truth':>5}  {'program':>7}  {'board : simulator':<20}{'float : simulator':<20}verdict",
            dim=True,
        )
        for one in part.judged:
            self._page(one)
        if part.failing:
            self._say(f"   this part does not hold: {part.failing}", fg="red", bold=True)
            return
        findings = part.judged[-1].document.get("findings") or []
        if findings and part.plot.code:
            self._say(f"   {part.plot.code}: {findings[0]['summary']}")
        self._say(f"   {_MORALS[part.plot.name]}")

    def end(self, story: Story) -> None:
        """What to try next."""
        self._say("")
        self._say("The demo's story holds." if not story.failing else "The demo's story does not hold.", bold=True)
        self._say("Try next:")
        for why, commands in next_commands(story.out):
            self._say(f"  # {why}", dim=True)
            for command in commands:
                self._say(f"  {command}", fg="cyan")

    def _page(self, one: Judged) -> None:
        verdict, code, owner = one.ended
        colour = "green" if verdict == "PASS" else "red"
        told = " ".join(filter(None, (verdict, code, owner if code else "")))
        board, float_ = _relation(one.document, "joint_board"), _relation(one.document, "onnx_joint")
        angles = f"{one.page.clockwise:>5}  {_said(one):>7}"
        print_line(f"   {one.page.id:<10}{angles}  {board:<20}{float_:<20}{click.style(told, fg=colour)}")

    def _say(self, text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> None:
        print_lines(click.style(line, fg=fg, bold=bold or None, dim=dim or None) for line in text.split("\n"))


def _said(one: Judged) -> str:
    record = read_record(one.folder)
    decisions = record.postprocess.decisions if record is not None and record.postprocess is not None else {}
    return str(decisions.get("board", "?"))


def _relation(document: dict[str, Any], legs: str) -> str:
    """How two legs of the model's one output relate: "identical", or the cosine."""
    for output in document.get("outputs", ()):
        if values := output.get(legs):
            return "identical" if values["relation"] == "IDENTICAL" else f"cosine {values['cosine']:.5f}"
    return "not judged"


def next_commands(out: Path) -> list[tuple[str, list[str]]]:
    """What to try next: why, and command lines that work as they stand; the last are for one's own model."""
    models = models_in(out / "model")
    files = {"--joint": models.joint, "--onnx": models.onnx, "--lava-joint": models.lava_joint}
    files |= {"--input": out / "pages" / "page-90.png", "--out": out / "gt"}
    named = [f"{option} {shlex.quote(str(path))}" for option, path in files.items()]
    pair = _BREAK.join(
        ("axpair pair " + " ".join(named[:3]), " ".join(named[3:]) + f" --postprocess {POSTPROCESSOR} --expect 90")
    )
    return [
        (
            "the stale board's evidence judged again, without a board",
            [shlex.join(["axpair", "diagnose", str(out / STALE.name / "page-90")])],
        ),
        ("what that code means, and what to send to whom", ["axpair explain AX302"]),
        ("one page by hand", [pair]),
        (
            f"a model of your own; {out / 'model' / CONFIG_NAME} is a configuration to begin with",
            [
                f"axpair emulator build --input M.onnx --config CONFIG.prototxt{_BREAK}"
                "--output M.joint --output_config output_config.prototxt",
                "axpair pair --onnx M.onnx --lava-joint M.lava_joint --joint M.joint --input IMAGE.jpg",
            ],
        ),
    ]
