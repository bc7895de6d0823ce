"""The demo told to people: what was done, what each page showed, and what to try next."""

import shlex
from pathlib import Path

from axpair_proto.advice import UNKNOWN, Next, calling
from axpair_proto.lines import aligned, bold, command_lines, dim, painted, paragraph
from axpair_proto.printing import print_lines
from axpair_proto.sentences import in_words, say, tr, translated
from axpair_proto.simulator import Models
from axpair_proto.terminal import columns

from axpair_host.demo.material import CONFIG_NAME, MODEL, Material, models_in
from axpair_host.demo.scenes import POSTPROCESSOR, WRONG_POSTPROCESSOR, Judged
from axpair_host.demo.story import HEALTHY, ROTATED, STALE, Part, Story
from axpair_host.documents.pair import Pair, PairDocument
from axpair_host.documents.steps import StepTemplate
from axpair_host.evidence.store import read_record

_MORALS = {
    HEALTHY.name: say("What the board computes is what the simulator computes, bit for bit, and every angle is right."),
    STALE.name: say(
        "Every answer belongs to the page before it. Model and program are innocent: it arises on the board."
    ),
    ROTATED.name: say("The tensors are those of part 1, and right: it arises in the post-processor."),
}


class Silent:
    """Tells nothing: for --json."""

    def material(self, material: Material, simulated_by: str, seconds: float) -> None:
        """Nobody listens."""

    def part(self, part: Part) -> None:
        """Nobody listens."""


class Printed:
    """Tells the story on stdout: in color on a terminal, in plain lines elsewhere."""

    def __init__(self) -> None:
        self._number = 0

    def material(self, material: Material, simulated_by: str, seconds: float) -> None:
        """What the story is about."""
        joint = material.models.joint
        how = say("fetched and built") if material.was_built else say("from the cache")
        model = tr(
            "{model}, a float ONNX model; {joint} built from it by {built_by}, {how} ({seconds:.1f} s)",
            model=MODEL,
            joint=joint.name,
            built_by=simulated_by.split(" (")[0],
            how=how,
            seconds=seconds,
        )
        pages = tr("one text page, drawn here, turned by 0, 90, 180 and 270 degrees: the truth is known")
        print_lines([bold(tr("A page-orientation classifier on its way to a board"))])
        print_lines(aligned([[tr("model"), model], [tr("pages"), pages]], "  "))

    def part(self, part: Part) -> None:
        """What a part showed: a line a page, then what to make of it."""
        self._number += 1
        option = f"--postprocess {WRONG_POSTPROCESSOR}"
        if part.plot.board:
            injected = tr(" (the fault is injected)") if "?" in part.plot.board else ""
            option = f"--board {shlex.quote(part.plot.board)}{injected}"
        print_lines(["", bold(f"{self._number}  {in_words(part.plot.title)}"), f"   {option}"])
        print_lines(aligned(map(_page, part.judged), "   ", translated(_PAGE_HEAD)))
        if part.failing:
            failing = tr("this part does not hold: {why}", why=part.failing)
            print_lines(painted(line, "red") for line in paragraph(failing, "   "))
            return
        findings = translated(part.judged[-1].document).findings
        if findings and part.plot.code:
            said = tr("{code}: {summary}", code=part.plot.code, summary=findings[0].summary)
            print_lines(paragraph(said, "   "))
        print_lines(paragraph(translated(_MORALS[part.plot.name]), "   "))

    def end(self, story: Story) -> None:
        """What to try next."""
        ended = tr("The demo's story does not hold.") if story.failing else tr("The demo's story holds.")
        print_lines(["", bold(ended), tr("Try next:")])
        for step in next_steps(story.out):
            print_lines(map(dim, paragraph(step.shown, "  # ", "  # ")))
            lines = command_lines(step.line, columns(100) - 2)
            print_lines(f"  {painted(line, 'cyan', bold=False)}" for line in lines)


_PAGE_HEAD = (
    *(say("page"), say("truth"), say("program")),
    *(say("board : simulator"), say("float : simulator"), say("verdict")),
)


def _page(one: Judged) -> list[str]:
    verdict, code, owner = one.ended
    told = " ".join(filter(None, (verdict, code, owner if code else "")))
    board, float_ = _relation(one.document, "joint_board"), _relation(one.document, "onnx_joint")
    color = "green" if verdict == "PASS" else "red"
    return [one.page.id, str(one.page.clockwise), _said(one), board, float_, painted(told, color, bold=False)]


def _said(one: Judged) -> str:
    record = read_record(one.folder)
    decisions = record.postprocess.decisions if record is not None and record.postprocess is not None else {}
    return str(decisions.get("board", "?"))


def _relation(document: PairDocument[StepTemplate], pair: Pair) -> str:
    """How two legs of the model's one output relate: "identical", or the cosine."""
    for output in document.outputs:
        if (compared := output.comparison(pair)) is not None:
            if compared.relation == "IDENTICAL":
                return tr("identical")
            return tr("cosine {cosine:.5f}", cosine=compared.cosine)
    return tr("not judged")


def next_steps(out: Path) -> list[Next]:
    """What to try next: commands that work as they stand; the last are for one's own model."""
    models = models_in(out / "model")
    joint, config = Path("model.joint"), Path("output_config.prototxt")
    return [
        calling(
            *("axpair", "diagnose", out / STALE.name / "page-90"),
            text=say("the stale board's evidence judged again, without a board"),
        ),
        calling("axpair", "explain", "AX302", text=say("what that code means, and what to send to whom")),
        calling(
            *("axpair", "pair", *_given(models)),
            *("--input", out / "pages" / "page-90.png", "--out", out / "gt"),
            *("--postprocess", POSTPROCESSOR, "--expect", "90"),
            text=say("one page by hand"),
        ),
        calling(
            *("axpair", "emulator", "build", "--input", UNKNOWN["onnx"], "--config", UNKNOWN["config"]),
            *("--output", joint, "--output_config", config),
            text=say("a model of your own; {path} is a configuration to begin with", path=out / "model" / CONFIG_NAME),
        ),
        calling(
            *("axpair", "pair", "--onnx", UNKNOWN["onnx"], "--lava-joint", joint.with_suffix(".lava_joint")),
            *("--joint", joint, "--config", config, "--input", UNKNOWN["input"]),
            text=say("then one case of it"),
        ),
    ]


def _given(models: Models) -> list[str]:
    named = (("--joint", models.joint), ("--onnx", models.onnx), ("--lava-joint", models.lava_joint))
    return [word for option, path in named if path is not None for word in (option, str(path))]
