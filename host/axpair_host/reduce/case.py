"""A case whose board disagrees (AX306), reduced to the smallest part of its model that still fails there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.advice import UNKNOWN, again, calling
from axpair_proto.gt.listing import refuse_foreign, refuse_within_ours, require_ours, write_listed
from axpair_proto.sentences import say
from axpair_proto.simulator import Models
from msgspec.structs import replace

from axpair_host.boards.opening import address_of
from axpair_host.diagnosis import Settings, diagnose
from axpair_host.digests import file_sha256
from axpair_host.documents.reduced import SCHEMA_VERSION, ReducedCase
from axpair_host.errors import UsageError
from axpair_host.evidence.folder import Evidence, load
from axpair_host.evidence.record import CaseFacts
from axpair_host.files import is_document
from axpair_host.gather.prepare import from_gt
from axpair_host.layers.bench import opened_bench
from axpair_host.layers.trial_log import KIND
from axpair_host.progress import Progress
from axpair_host.reduce.part_folder import PART, encoded, named_part, write_part
from axpair_host.reduce.submodel import reduce_model
from axpair_host.simulators import simulator_for

_DOCUMENT = "reduced.json"
CODES = ("AX306",)
"""Findings that lie in operators, so that a part of the model shows them."""


@dataclass(frozen=True)
class CaseOrder:
    """What the user asked for."""

    gt: Path
    out: Path
    models: Models
    board: str | None
    simulator: str | None
    repeat: int = 2
    deadline_ms: int = 0


def reduce_case(order: CaseOrder, progress: Progress) -> ReducedCase:
    """Search, write what was found into `order.out`/part, and return the document (also in reduced.json there).

    A search that was cut short goes on from the log in `order.out`.
    Raises UsageError where the folder, models and board don't go together or the case shows nothing of CODES,
    BoardError when the board goes away.
    """
    refuse_within_ours(order.out)
    refuse_foreign(order.out, [_DOCUMENT], KIND, is_ours=is_document)
    require_ours(order.out / "part", PART, named_part)
    evidence = load(order.gt)
    if order.board is None:
        recorded = evidence.record.board.url if evidence.record.board else ""
        raise UsageError(
            "parts of the model are run on a board, and none was given",
            next_step=again("on the board:", "--board", recorded or UNKNOWN["url"]),
        )
    address = address_of(order.board)
    _refuse_other_models(evidence.record.case, order.models, order.gt)
    summary = _finding(evidence)
    simulator = simulator_for(order.models.joint, order.simulator)
    inputs = from_gt(order.gt, simulator.describe(order.models.joint)).data
    with opened_bench(
        simulator,
        order.models,
        inputs,
        address,
        order.out,
        repeat=max(2, order.repeat),
        deadline_ms=order.deadline_ms,
        progress=progress,
    ) as bench:
        found = reduce_model(bench)
        document = ReducedCase(
            schema_version=SCHEMA_VERSION,
            of="case",
            verdict="FAULT" if found.outcome == "reduced" else "INCONCLUSIVE",
            outcome=found.outcome,
            why=found.why,
            source=str(order.gt),
            out=str(order.out),
            finding=summary,
            simulator=f"{simulator.name} {simulator.version()}",
            board=bench.board.url,
            log=str(bench.log.path),
            operators=found.operators,
            trials=len(bench.log.trials),
            rest=found.rest or None,
            part=None,
        )
        if found.outcome != "refused":
            with progress.task("write the smallest that fails, and run it once more"):
                part = write_part(bench, found, order.out / "part", document)
            document = replace(document, part=part)
            if not part.fails:
                gone = say("; run once more it didn't fail, or not twice alike: the fault doesn't repeat")
                document = replace(document, verdict="INCONCLUSIVE", outcome="vanished", why=document.why + gone)
    write_listed(order.out, _DOCUMENT, encoded(document), KIND, is_ours=is_document)
    return document


def _refuse_other_models(facts: CaseFacts, models: Models, gt: Path) -> None:
    given: Mapping[str, tuple[Path | None, str | None]] = {
        "--joint": (models.joint, facts.joint_sha256),
        "--onnx": (models.onnx, facts.onnx_sha256),
        "--lava-joint": (models.lava_joint, facts.lava_joint_sha256),
    }
    for flag, (path, recorded) in given.items():
        if path is not None and recorded and (digest := file_sha256(path)) != recorded:
            raise UsageError(
                f"{flag} {path}: sha256 {digest[:12]}, but {gt} was made with sha256 {recorded[:12]}",
                next_step="give the case's own models, or pair the case again",
            )


def _finding(evidence: Evidence) -> str:
    verdict = diagnose(evidence, Settings())
    found = next((one for one in verdict.findings if one.code in CODES), None)
    if found is not None:
        return found.summary
    shown = ", ".join(dict.fromkeys(one.code for one in verdict.findings)) or "no finding"
    raise UsageError(
        f"{evidence.path} shows {shown}: only a board that disagrees with the simulator ({', '.join(CODES)}) is "
        "reduced to a part of the model",
        next_step=calling("axpair", "diagnose", evidence.path, text="what it shows:"),
    )
