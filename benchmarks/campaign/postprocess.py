"""Post-processors with the mistakes that people make, on tensors that agree: is the right one named, and no right one?

Each build and picture is gathered once, on the emulated board. Then its stored folder is judged with each mistake in
the post-processor (`--postprocess`, `--expect`), and with each in the user's own program (`--observed`) beside a right
post-processor. What is expected is what the right one makes of the float outputs.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axpair_host.boards.opening import address_of
from axpair_host.diagnosis import Verdict, diagnose
from axpair_host.evidence.folder import Evidence, load
from axpair_host.gather.request import GatherRequest
from axpair_host.inputs import InputFile
from axpair_host.pairing import Judging, pair
from axpair_host.postprocess.agreement import same_decision
from axpair_host.postprocess.applying import decided
from axpair_host.postprocess.expect import Expected
from axpair_host.postprocess.forms import is_telling
from axpair_host.postprocess.loading import Postprocessor
from axpair_host.postprocess.stored import rejudged
from axpair_host.progress import Silent

from benchmarks.campaign.posts.subjects import MISSING, SUBJECTS, Reader, Subject

PICTURES = 4
READINGS = ("AX401", "AX402", "AX403", "AX404")


@dataclass(frozen=True)
class Outcome:
    """One case judged once."""

    subject: str
    mistake: str
    who: str
    """"post-processor" or "program"."""
    wanted: str
    """The code; "" where nothing is wrong."""
    codes: tuple[str, ...]
    proven: bool
    shows: bool
    """Whether the mistake changed the decision."""
    telling: bool
    """Whether what was held against says more than a bare label, or no boxes at all."""

    @property
    def right(self) -> bool:
        """The right code and no other; none where nothing is wrong, or nothing shows.

        Where what is expected is bare, several may fit: the right one among them, and all of them hints.
        """
        if not self.shows or not self.wanted:
            return not self.codes
        if not self.telling and not self.proven:
            return self.wanted in self.codes
        return self.codes == (self.wanted,)

    def told(self) -> str:
        """In a table."""
        if not self.shows and self.wanted and not self.codes:
            return "nothing to see"
        return (" + ".join(self.codes) or "none") + (" (proven)" if self.proven else "")


def judged(subject: Subject, evidence: Evidence) -> Iterator[Outcome]:
    """Every mistake on one stored case."""
    right: Any = subject.right({one.name: float(one.q) for one in evidence.outputs if one.q})
    expected = _said(right, evidence, "onnx")
    yield _outcome(subject, "right", "post-processor", "", _judge(evidence, right, expected), True, expected)
    observed = _said(right, evidence, "board")
    yield _outcome(subject, "right", "program", "", _judge(evidence, right, expected, observed), True, observed)
    for mistake, (code, make) in subject.mistakes.items():
        wrong = make(right)
        shows = not same_decision(expected, _said(wrong, evidence, "onnx"))
        yield _outcome(subject, mistake, "post-processor", code, _judge(evidence, wrong, expected), shows, expected)
        said = _said(wrong, evidence, "board")
        # A program's own bug can't be told from here, nor that it forgets an activation: it was not observed.
        of_program = code if code in READINGS and mistake != MISSING else "AX407"
        shows = not same_decision(expected, said)
        verdict = _judge(evidence, right, expected, said)
        yield _outcome(subject, mistake, "program", of_program, verdict, shows, said)
    edge = _edge(right, evidence)
    if edge is not None:
        careful = subject.at_threshold(right, edge)
        verdict = _judge(evidence, careful, _said(careful, evidence, "onnx"))
        shows = not same_decision(_said(careful, evidence, "onnx"), _said(careful, evidence, "board"))
        yield _outcome(subject, "threshold edge", "post-processor", "AX406", verdict, shows, expected)


def _judge(evidence: Evidence, reader: Reader, expected: Any, observed: Any = None) -> Verdict:
    again = rejudged(
        evidence,
        Postprocessor("campaign", reader),
        Expected(True, expected),
        Expected(observed is not None, observed),
    )
    return diagnose(again.evidence, asks=again)


def _said(reader: Reader, evidence: Evidence, leg: str) -> Any:
    return decided(Postprocessor("campaign", reader), evidence.leg(leg))[0]


def _edge(reader: Reader, evidence: Evidence) -> float | None:
    """A threshold between the best score of the float outputs and that of the board's; None where they are equal."""
    best = [entries[0]["score"] for leg in ("onnx", "board") if (entries := _said(reader, evidence, leg))]
    return sum(best) / 2 if len(best) == 2 and best[0] != best[1] else None


def _outcome(
    subject: Subject, mistake: str, who: str, wanted: str, verdict: Verdict, shows: bool, against: Any
) -> Outcome:
    codes = tuple(dict.fromkeys(one.code for one in verdict.findings))
    return Outcome(
        subject.name,
        mistake,
        who,
        wanted,
        codes,
        any(one.proven for one in verdict.findings),
        shows,
        is_telling(against),
    )


def run(subject: Subject, folder: Path, pictures: int) -> Iterator[Outcome]:
    """Build it, gather each picture, and judge."""
    models = subject.built(folder)
    for index, picture in enumerate(subject.pictures(pictures)):
        path = folder / f"picture-{index}.png"
        picture.save(path)
        paired = pair(
            GatherRequest(models, (InputFile(path),)),
            folder / f"gt-{index}",
            address=address_of("emulator:"),
            simulator_name=None,
            judging=Judging(),
            overwrite=True,
            progress=Silent(),
        )
        yield from judged(subject, load(paired.folder))


def table(outcomes: Sequence[Outcome]) -> str:
    """What was named, for docs/campaigns.md."""
    lines = ["| build | mistake | whose | cases | named |", "|---|---|---|---|---|"]
    for key in dict.fromkeys((one.subject, one.mistake, one.who) for one in outcomes):
        group = [one for one in outcomes if (one.subject, one.mistake, one.who) == key]
        named = ", ".join(f"{what}: {count}" for what, count in Counter(one.told() for one in group).most_common())
        lines.append(f"| {' | '.join(key)} | {len(group)} | {named} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print every case that isn't right, and the table; 1 where there is one."""
    outcomes: list[Outcome] = []
    for subject in SUBJECTS:
        if arguments and subject.model not in arguments:
            continue
        with tempfile.TemporaryDirectory() as place:
            for outcome in run(subject, Path(place), PICTURES):
                outcomes.append(outcome)
                if not outcome.right:
                    print(f"WRONG {outcome}", file=sys.stderr, flush=True)
    print(table(outcomes))
    right = sum(one.right for one in outcomes)
    print(f"\n{right} of {len(outcomes)} as they should be")
    return 0 if right == len(outcomes) else 1
