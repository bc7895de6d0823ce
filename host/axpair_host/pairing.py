"""One case from the user's files to a judged gt folder: gather, post-process, diagnose, store."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
from axpair_proto.gt.folders import whole_folder
from axpair_proto.joint import SLIM_MEMBERS, read_joint

from axpair_host import postprocess
from axpair_host.advice.filling import filled
from axpair_host.advice.known import known_of
from axpair_host.boards.limits import PATIENCE_SECONDS
from axpair_host.boards.url import Address, EmulatorAddress
from axpair_host.diagnosis import Settings, Verdict, diagnose
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.digests import bytes_sha256
from axpair_host.documents.pair import PairDocument
from axpair_host.documents.steps import NextStep, StepTemplate
from axpair_host.errors import UsageError
from axpair_host.evidence.folder import load
from axpair_host.evidence.named import KIND, named_files
from axpair_host.evidence.record import Record
from axpair_host.evidence.store import write_pair_json
from axpair_host.gather.answers.session import Session
from axpair_host.gather.board_leg import BoardLeg
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.canary import Canary, Watched
from axpair_host.gather.finished import finished_leg
from axpair_host.gather.gathering import case_facts, configured_as, gather, pinned_models
from axpair_host.gather.live import LiveAsks
from axpair_host.gather.request import GatherRequest
from axpair_host.gather.sources import (
    checked_config,
    description_of,
    prepared_case,
    refuse_other_joint,
    simulated_by,
    simulator_of,
)
from axpair_host.gather.storing import output_facts
from axpair_host.gather.target import Target
from axpair_host.own_lines import refuse_unknown
from axpair_host.postprocess import Postprocessor, wants_board
from axpair_host.postprocess.commands import RunsCommands
from axpair_host.postprocess.comparable import check_forms
from axpair_host.postprocess.text import compiled
from axpair_host.preprocess import running as preprocess
from axpair_host.preprocess.explaining import Suspect, with_preprocess
from axpair_host.progress import Progress


@dataclass(frozen=True)
class Judging:
    """How a case is judged."""

    settings: Settings = field(default_factory=Settings)
    postprocess: str | None = None
    """As --postprocess takes it."""
    pattern: str | None = None
    """As --post-pattern takes it."""
    preprocess: str | None = None
    """As --preprocess takes it."""

    def loaded(self, board: RunsCommands | None = None) -> Postprocessor | None:
        """The post-processor, if there is one. Raises PostprocessError when it can't be had."""
        if self.postprocess is None:
            return None
        pattern = compiled(self.pattern) if self.pattern is not None else None
        return postprocess.load(self.postprocess, pattern, board)


@dataclass(frozen=True)
class Suspicion:
    """What is tried besides where a finding names the board."""

    second_opinion: bool = True
    """Whether the vendor's command is asked, where the board has it."""
    switches: bool = False
    """Whether the case is run under each switch of the board."""
    other_board: Address | None = None

    def without(self) -> tuple[str, ...]:
        """What a check asks for in vain."""
        wanted = {"second_opinion": self.second_opinion, "switches": self.switches}
        return tuple(what for what, tried in wanted.items() if not tried)


@dataclass(frozen=True)
class Paired:
    """A case that was gathered and judged."""

    folder: Path
    record: Record
    verdict: Verdict
    document: PairDocument[NextStep]
    """As in pair.json, without the gathered half."""


SUSPECTING = Suspicion()


def pair(
    request: GatherRequest,
    out: Path,
    *,
    address: Address,
    simulator_name: str | None,
    judging: Judging,
    overwrite: bool,
    progress: Progress,
    patience: float = PATIENCE_SECONDS,
    suspicion: Suspicion = SUSPECTING,
    canary: Canary | None = None,
) -> Paired:
    """Run one case and put its gt folder at `out`, whole or not at all.

    A connection that is lost is tried to be had again for `patience` seconds.
    Raises UsageError and whatever else is on the input's side; BoardError when the board can't be reached or goes
    away. Nothing is left behind then.
    """
    request = _with_golden(request)
    kept = (("--canary", canary.gt),) if canary is not None else ()
    target = Target(out, request, overwrite=overwrite, also=kept)
    refuse_other_joint(request)
    pinned = pinned_models(request.models)
    simulator = simulator_of(request, simulator_name, address)
    request = checked_config(request, simulator)
    simulated = simulated_by(request, simulator)
    on_board = wants_board(judging.postprocess)
    with (
        _board_side(request, address, simulated, progress, patience, commands=on_board) as side,
        _other_side(request, suspicion.other_board, simulated, progress, patience) as other,
        ExitStack() as stack,
    ):
        postprocessor = judging.loaded(side)  # so that a typo shows before the work
        preprocessor = stack.enter_context(closing(preprocess.load(judging.preprocess))) if judging.preprocess else None
        if side is not None and on_board:
            side.board().check_commands()
        if side is not None and not isinstance(address, EmulatorAddress):
            side.board()  # one that can't be reached should show before the work
        description = description_of(request, simulator, side)
        prepared = prepared_case(request, simulator, description, progress)
        for note in prepared.notes:
            progress.note(note)
        case = configured_as(request.gt, case_facts(request.models, prepared.id, pinned))
        target.check_case(case, {name: bytes_sha256(data) for name, data in prepared.data.items()})
        output_facts(description)  # names that collide should show before the work
        refuse_unknown(judging.settings.lines, [one.name for one in description.outputs])
        if side is not None:
            board: BoardSide | BoardLeg = side
        else:
            assert request.finished is not None
            board = finished_leg(request.finished, description, read_joint(request.models.joint, wanted=SLIM_MEMBERS))
        watched = _watched(canary, side, request, progress)
        with whole_folder(target.path, KIND, named=named_files) as fresh:
            target.begin(fresh)
            if watched is not None:
                watched.run("before")
            record = gather(
                request,
                case,
                prepared,
                fresh,
                simulator=simulator,
                simulated_by=simulated,
                board=board,
                progress=progress,
            )
            if watched is not None:
                watched.run("after")
                record = msgspec.structs.replace(record, canary=watched.facts())
            if preprocessor is not None:
                suspect = Suspect(preprocessor, simulator, request.models, request.fitting)
                record = with_preprocess(record, suspect, prepared)
            session = Session(fresh, request, prepared, simulator, side, progress, postprocessor, other)
            asks = LiveAsks(session, record, without=suspicion.without())
            if judging.settings.lines:
                write_pair_json(fresh, record, None)
                Inquiry(load(fresh), judging.settings).refuse_vacuous_lines()
            verdict, document = judge(asks, judging.settings, out)
            pinned.refuse_changed("the case ran")
            # Another run may have put its case there meanwhile.
            target.check_case(case, {name: bytes_sha256(data) for name, data in prepared.data.items()})
    return Paired(out, asks.record, verdict, filled(document, known_of(asks.record, out, is_ours=True)))


def judge(asks: LiveAsks, settings: Settings, place: Path | None = None) -> tuple[Verdict, PairDocument[StepTemplate]]:
    """Apply the post-processor, diagnose, and write pair.json into the session's gathered folder, which is going to lie
    at `place`; the steps of the document that comes back aren't filled.

    Raises FormsDiffer where what is expected, or what the program said, can't be compared with what that makes.
    """
    folder, postprocessor = asks.session.folder, asks.session.postprocess
    write_pair_json(folder, asks.record, None)
    if postprocessor is not None:
        facts = postprocess.apply(postprocessor, load(folder).legs, asks.record.expect)
        asks.record = msgspec.structs.replace(asks.record, postprocess=facts)
        write_pair_json(folder, asks.record, None)
    check_forms(asks.record)
    verdict = diagnose(load(folder), settings, asks=asks)
    document = verdict.document()
    known = known_of(asks.record, place or folder, is_ours=True)
    write_pair_json(folder, asks.record, filled(document, known))
    return verdict, document


def _with_golden(request: GatherRequest) -> GatherRequest:
    """A golden/ in the folder of --gt counts where no other is given."""
    if request.golden is None and request.gt is not None and (request.gt / "golden").is_dir():
        return replace(request, golden=request.gt / "golden")
    return request


def _watched(
    canary: Canary | None, side: BoardSide | None, request: GatherRequest, progress: Progress
) -> Watched | None:
    if canary is None:
        return None
    if side is None:
        raise UsageError("--canary runs a case on the board, and --board-out is a run that took place before")
    return Watched(canary, side, request.models.joint, progress)


@contextmanager
def _board_side(
    request: GatherRequest, address: Address, simulated: str, progress: Progress, patience: float, *, commands: bool
) -> Iterator[BoardSide | None]:
    if request.finished is not None:
        yield None
        return
    joint = request.models.joint
    with BoardSide(address, joint, simulated, progress, commands=commands, patience=patience) as side:
        yield side
        if lost := side.workers_lost():
            progress.note(f"board: {lost} worker{'' if lost == 1 else 's'} lost from outside; what they ran, ran again")


@contextmanager
def _other_side(
    request: GatherRequest, address: Address | None, simulated: str, progress: Progress, patience: float
) -> Iterator[BoardSide | None]:
    if address is None:
        yield None
        return
    with BoardSide(address, request.models.joint, simulated, progress, patience=patience) as side:
        yield side
