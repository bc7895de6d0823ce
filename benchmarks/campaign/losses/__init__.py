"""Losses that a cosine hides: pictures, embeddings, the best of many rows, huge constants.

`python -m benchmarks campaign losses [FAMILY ...] [--seeds N]`: four nets of each kind, each healthy and with a loss of
four sizes that its construction causes. What nobody would notice, such as noise of less than 8 of 255, is counted
apart: each family says what that is, of the outputs alone. Each case is judged as `axpair pair` judges its conversion;
an embedding's eight cases are judged together, as `axpair replay` does. No board takes part: nothing here is a board's.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from axpair_emulator.simulator import EmulatorSimulator
from axpair_host.diagnosis import Settings
from axpair_host.documents.json_form import json_form
from axpair_host.evidence.folder import load
from axpair_host.gather.answers.session import Session
from axpair_host.gather.gathering import case_facts, store
from axpair_host.gather.live import LiveAsks
from axpair_host.gather.prepare import prepare
from axpair_host.gather.request import GatherRequest
from axpair_host.gather.simulate import simulate
from axpair_host.inputs import InputFile
from axpair_host.pairing import judge
from axpair_host.progress import Silent
from axpair_host.replay.similarity import Similarity, Vectors, similarities, vectors_of
from axpair_proto.simulator import Models

from benchmarks.campaign.losses import embeddings, masks, picks, pictures
from benchmarks.campaign.losses.net import Both, Net

FAMILIES: Mapping[str, ModuleType] = {
    "pictures": pictures,
    "embeddings": embeddings,
    "picks": picks,
    "masks": masks,
}
SIMULATOR = EmulatorSimulator()
LINE = 0.95
"""Share of losses that have to be named."""


@dataclass(frozen=True)
class Outcome:
    """One case of one net, or one embedding's cases together."""

    family: str
    net: str
    setting: float
    healthy: bool
    hidden: bool
    """Whether no output's cosine is below the guide's line."""
    named: tuple[str, ...]
    """Codes of findings, those of warnings with a question mark, and "similarity"."""
    right: bool
    small: bool = False
    """Whether the loss is too small for its user to notice."""


def outcomes(
    families: Sequence[str], seeds: int = 1, settings: int | None = None, nets: int | None = None
) -> Iterator[Outcome]:
    """Every case; `settings` and `nets` limit how many of each."""
    for family in families:
        module = FAMILIES[family]
        for name, make in list(module.NETS.items())[:nets]:
            for seed in range(seeds):
                lossy = getattr(module, "SETTINGS_OF", {}).get(name, module.SETTINGS)[:settings]
                for setting in (module.HEALTHY, *lossy):
                    yield from of_net(family, name, make, setting, seed)


def of_net(family: str, name: str, make: Callable[[float, int], Net], setting: float, seed: int) -> Iterator[Outcome]:
    """The cases of one net."""
    module = FAMILIES[family]
    healthy = setting == module.HEALTHY
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        net = make(setting, seed)
        models = net.convert(folder)
        documents, vectors, made = [], [], []
        for number, files in enumerate(net.write_cases(folder)):
            document, found, both = _judged(models, files, folder / f"gt{number}")
            documents.append(document)
            vectors.append(found)
            made.append(both)
    if family == "embeddings":
        together = _together(vectors)
        named = _named(*documents) | ({"similarity"} if together.is_lost else set())
        right = not named if healthy else bool(named & {"similarity", "AX201"})
        yield _outcome(family, name, setting, healthy, documents, named, right, module.is_small(made))
        return
    for document, both in zip(documents, made, strict=True):
        named = _named(document)
        right = named <= {"AX406?"} if healthy else _is_named(family, name, document)
        yield _outcome(family, name, setting, healthy, [document], named, right, module.is_small([both]))


def _judged(models: Models, files: Mapping[str, Path], gt: Path) -> tuple[dict[str, Any], Vectors, Both]:
    """The pair document of a conversion without a board, and what the two models made."""
    gt.mkdir()
    given = tuple(InputFile(path, name) for name, path in files.items())
    request = GatherRequest(models, given)
    prepared = prepare(SIMULATOR, models, SIMULATOR.describe(models.joint), given)
    legs = simulate(SIMULATOR, models, prepared.data, Silent())
    named = f"{SIMULATOR.name} {SIMULATOR.version()}"
    record = store(
        request, case_facts(models, gt.name), prepared, gt, simulated_by=named, legs=legs, leg=None, timings={}
    )
    asks = LiveAsks(Session(gt, request, prepared, SIMULATOR, None, Silent()), record)
    document = judge(asks, Settings())[1]
    found = vectors_of(gt, document)
    evidence = load(gt)
    both = {name: (array, evidence.leg("joint")[name]) for name, array in evidence.leg("onnx").items()}
    shutil.rmtree(gt)
    return json_form(document), found, both


def _together(vectors: Sequence[Vectors]) -> Similarity:
    return next(similarities({"y": {str(at): one["y"] for at, one in enumerate(vectors)}}))


def _named(*documents: Mapping[str, Any]) -> set[str]:
    found = {one["code"] for document in documents for one in document["findings"]}
    return found | {f"{one['code']}?" for document in documents for one in document["warnings"]}


def _is_named(family: str, net: str, document: Mapping[str, Any]) -> bool:
    findings = {one["code"]: one for one in reversed(document["findings"])}
    if family == "pictures":
        return any(
            "y" in one["outputs"] for one in (*document["findings"], *document["warnings"]) if one["code"] == "AX201"
        )
    if "AX201" not in findings or document["verdict"] != "FAULT":
        return False
    if family != "masks":
        return True
    layer = findings.get("AX205", {}).get("evidence", {}).get("layer", {}).get("name")
    return bool(layer == masks.PLACE[net])


def _outcome(
    family: str,
    net: str,
    setting: float,
    healthy: bool,
    documents: Sequence[Mapping[str, Any]],
    named: set[str],
    right: bool,
    small: bool,
) -> Outcome:
    cosines = [one["onnx_joint"]["cosine"] for document in documents for one in document["outputs"]]
    hidden = all(one is not None and one >= Settings().cosine for one in cosines)
    return Outcome(family, net, setting, healthy, hidden, tuple(sorted(named)), right, small and not healthy)


def table(found: Sequence[Outcome]) -> str:
    """A row for each net, healthy and lossy."""
    lines = [
        "| kind | net | | judged | cosine above the line | too small to notice | others right | named |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows: dict[tuple[str, str, bool], list[Outcome]] = {}
    for one in found:
        rows.setdefault((one.family, one.net, one.healthy), []).append(one)
    for (family, net, healthy), group in rows.items():
        named: dict[str, int] = {}
        for one in group:
            words = " + ".join(one.named) or "nothing"
            named[words] = named.get(words, 0) + 1
        lines.append(
            f"| {family} | {net} | {'healthy' if healthy else 'a loss'} | {len(group)} "
            f"| {sum(one.hidden for one in group)} | {sum(one.small for one in group)} "
            f"| {sum(one.right for one in group if not one.small)} "
            f"| {', '.join(f'{words}: {count}' for words, count in named.items())} |"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print what isn't right and the table; 1 where fewer losses than LINE are named, or a healthy net is accused."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks campaign losses")
    parser.add_argument("families", nargs="*", choices=[*FAMILIES, []], default=[])
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args(arguments)
    found = []
    for one in outcomes(given.families or list(FAMILIES), given.seeds):
        found.append(one)
        if not one.right and not one.small:
            print(f"WRONG {one}", file=sys.stderr, flush=True)
    print(table(found))
    lossy = [one for one in found if not one.healthy and not one.small]
    healthy = [one for one in found if one.healthy]
    named, clean = sum(one.right for one in lossy), sum(one.right for one in healthy)
    print(
        f"\n{named} of {len(lossy)} losses named ({named / max(1, len(lossy)):.1%}), "
        f"{sum(one.hidden for one in lossy)} of them with every cosine above the line; "
        f"{sum(one.small for one in found)} more too small to notice; {clean} of {len(healthy)} healthy twins clean"
    )
    return 0 if named >= LINE * len(lossy) and clean == len(healthy) else 1
