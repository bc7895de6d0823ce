"""A replay from what the user asked for to a run's rows: opens the run, the board, the model, and lets the loop go."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from axpair_proto.capabilities import Fitting
from axpair_proto.description import ModelDescription
from axpair_proto.sentences import say
from axpair_proto.simulator import Models, Simulator
from axpair_proto.text import first_names

from axpair_host.boards.limits import PATIENCE_SECONDS
from axpair_host.boards.loaded import LoadedModel, LoadRefused, versions_apart
from axpair_host.boards.opening import address_of
from axpair_host.boards.url import Address
from axpair_host.diagnosis.checks.canary import unfit
from axpair_host.digests import Pinned
from axpair_host.evidence.other_platform import OtherPlatform
from axpair_host.evidence.record import CaseFacts
from axpair_host.files import check_apart
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.canary import Canary, Watched
from axpair_host.gather.gathering import case_facts, pinned_models
from axpair_host.gather.prepare import PreparedCase, prepare
from axpair_host.gather.request import GatherRequest
from axpair_host.gather.sources import checked_config, simulated_by, simulator_of
from axpair_host.inputs import InputFile
from axpair_host.own_lines import refuse_unknown, refuse_vacuous
from axpair_host.pairing import Judging
from axpair_host.postprocess import wants_board
from axpair_host.postprocess.commands import NoBoardYet
from axpair_host.preprocess import running as preprocess
from axpair_host.preprocess.explaining import Suspect
from axpair_host.progress import Progress
from axpair_host.replay.cases import Case, Found, opened
from axpair_host.replay.display import watching
from axpair_host.replay.ended import counted
from axpair_host.replay.fitness import disown
from axpair_host.replay.judging import Judge
from axpair_host.replay.keeping import check_places, sweep
from axpair_host.replay.pins import (
    CASE_LIST,
    WORKERS_LOST,
    files_of,
    refuse_damaged,
    refuse_other,
    spec_pin,
    with_digest,
)
from axpair_host.replay.row import Row
from axpair_host.replay.runner import Means, Watch, left_open, replay, unfinished
from axpair_host.replay.said import SaidOfCases, read_said
from axpair_host.replay.similarity import similarities
from axpair_host.replay.store import Run, lock_run
from axpair_host.replay.stream import gather_cases
from axpair_host.replay.summary import Summary, summarise


@dataclass(frozen=True)
class Order:
    """What the user asked for."""

    cases: Path
    run: Path
    models: Models
    board: str
    simulator: str | None
    judging: Judging
    repeat: int = 2
    deadline_ms: int = 0
    patience: float = PATIENCE_SECONDS
    """Seconds for which a lost connection is tried to be had again."""
    expect: str | None = None
    observed: str | None = None
    golden: Path | None = None
    canary: Canary | None = None
    other: tuple[OtherPlatform, ...] = ()
    fitting: Fitting = "stretch"
    options: tuple[str, ...] = ()
    """Further options as they were given, for the records."""


@dataclass(frozen=True)
class Replayed:
    """A run after a replay that came to its end."""

    rows: list[Row]
    summary: Summary
    found: Found
    ran: int
    """How many cases this call ran."""
    damaged: Mapping[str, str]
    """Case id to what was wrong with the row that an earlier call had stored; such a row counts for nothing."""
    workers_lost: int = 0
    """Workers that ended from outside, or while idle, in all calls: what they ran, ran again."""


def carry_out(order: Order, progress: Progress) -> Replayed:
    """Run every case that isn't done yet.

    Raises UsageError for cases, options or a run folder that can't be used, BoardError when the board can't be
    reached or goes away, or a case stays open because its worker was ended from outside each time; every case that was
    stored by then stays.
    """
    check_apart("--run", order.run, [order.cases])
    with _tasks(order) as task:
        return _carried_out(task, progress)


def _carried_out(task: "_Task", progress: Progress) -> Replayed:
    order = task.order
    check_apart("--run", order.run, [path for case in task.found.cases for path in case.files.values()])
    with lock_run(order.run) as run, counted(run):
        header = task.header()
        damaged = run.damaged()
        stored = run.header()
        if task.found.note:
            progress.note(task.found.note)
        refuse_damaged(stored, len(run.rows()) + len(damaged), str(order.run))
        if stored:
            refuse_other(stored, header, str(order.run))
        run.pin({**with_digest({**stored, **header}), CASE_LIST: task.found.digest()})
        for id_, why in damaged.items():
            again = "; the case runs again" if id_ in task.digests else ""
            named = first_names([id_])
            progress.note(f"{named}: its row in {order.run} is damaged and counts for nothing ({why}){again}")
        if mended := run.mend_metrics():
            progress.note(
                f"{first_names(mended)}: metrics in {order.run} weren't those of the stored documents; mended"
            )
        to_run = unfinished(task.digests, run.done())
        earlier = [row for row in run.rows() if row.id not in set(to_run)]
        sweep(run, [row.kept for row in run.rows()])  # of cases that run again too, until their new rows
        check_places(run, [case for case in task.found.cases if case.id in set(to_run)])
        still_open = _run(task, run, earlier, progress) if to_run else {}
        if still_open:
            raise left_open(still_open)
        rows, lost = run.rows(), _workers_lost(run)
        similar = tuple(similarities(run.vectors()))
    lines = order.judging.settings.lines
    return Replayed(rows, summarise(rows, similar, lines, earlier=len(earlier)), task.found, len(to_run), damaged, lost)


@dataclass(frozen=True)
class _Task:
    """The order with everything that follows from it."""

    order: Order
    address: Address
    request: GatherRequest
    simulator: Simulator
    simulated_by: str
    description: ModelDescription
    facts: CaseFacts
    found: Found
    said: SaidOfCases
    digests: Mapping[str, str]
    """Case id to the digest of its files and of what is said of it."""
    programs: tuple[Pinned, ...]
    """The models, and the files of commands that the user gave."""
    pins: Mapping[str, str]
    """What the user's own programs are, by key of the header; "" without."""

    def header(self) -> dict[str, str]:
        """What makes the run this run."""
        judging = self.order.judging
        return {
            "joint": self.facts.joint_sha256,
            "onnx": self.facts.onnx_sha256 or "",
            "lava_joint": self.facts.lava_joint_sha256 or "",
            "config": self.facts.config_sha256 or "",
            "simulator": self.simulated_by,
            "board": self.order.board,
            "repeat": str(self.request.repeat),
            "deadline": f"{self.request.deadline_ms} ms" if self.request.deadline_ms else "",
            "atol": _text(judging.settings.atol),
            "rtol": _text(judging.settings.rtol),
            "lines": " ".join(sorted(one.text for one in judging.settings.lines)),
            "postprocess": self.pins["postprocess"],
            "post_pattern": judging.pattern or "",
            "preprocess": self.pins["preprocess"],
            "resize": "" if self.order.fitting == "stretch" else self.order.fitting,
            "other": json.dumps(msgspec.to_builtins(self.request.other)) if self.request.other else "",
        }

    def digest(self, case: Case) -> str:
        """Of the case's files as they are now, and of what is said of it.

        Raises UsageError where the models, or the user's programs, aren't what they were: nothing that comes from then
        on belongs to the run.
        """
        for pinned in self.programs:
            pinned.refuse_changed("the replay ran")
        return case.digest(self.said.of(case.id))

    def prepare(self, case: Case) -> PreparedCase:
        """A case's input bytes. Raises AxpairError with side "input" for files that can't be used."""
        files = [InputFile(path, name, case.packed) for name, path in case.files.items()]
        return prepare(self.simulator, self.order.models, self.description, files, case.id, self.order.fitting)


@contextmanager
def _tasks(order: Order) -> Iterator[_Task]:
    """The one task; an archive of cases is unpacked for as long as the block lasts."""
    address = address_of(order.board)
    request = GatherRequest(
        order.models,
        repeat=order.repeat,
        deadline_ms=order.deadline_ms,
        other=order.other,
        board=order.board,
        options=order.options,
    )
    simulator = simulator_of(request, order.simulator, address)
    if simulator is None:
        raise TypeError("without a gt folder there is always a simulator")
    request = checked_config(request, simulator)
    models = pinned_models(order.models)
    programs = [path for spec in (order.judging.postprocess, order.judging.preprocess) for path in files_of(spec or "")]
    pins = {"postprocess": "", "preprocess": ""}
    if (post := order.judging.loaded(NoBoardYet())) is not None:  # so that a typo shows before the work
        pins["postprocess"] = spec_pin(post.spec, post.sources)
    description = simulator.describe(order.models.joint)
    lines = order.judging.settings.lines
    refuse_unknown(lines, [one.name for one in description.outputs])
    if order.models.onnx is None:
        refuse_vacuous(lines, {one.name: None for one in description.outputs})
    if order.judging.preprocess is not None:
        with closing(preprocess.load(order.judging.preprocess)) as preparing:  # likewise
            pins["preprocess"] = spec_pin(order.judging.preprocess, preparing.sources)
    with opened(order.cases, [one.name for one in description.inputs], run=order.run) as found:
        said = read_said(found.cases, expect=order.expect, observed=order.observed, golden=order.golden)
        yield _Task(
            order=order,
            address=address,
            request=request,
            simulator=simulator,
            simulated_by=simulated_by(request, simulator),
            description=description,
            facts=case_facts(order.models, "", models),
            programs=(models, Pinned(programs)),
            found=found,
            said=said,
            digests={case.id: case.digest(said.of(case.id)) for case in found.cases},
            pins=pins,
        )


@contextmanager
def _preparing(task: _Task) -> Iterator[Suspect | None]:
    """What prepares the product's input, for as long as the cases run."""
    spec = task.order.judging.preprocess
    if spec is None:
        yield None
        return
    with closing(preprocess.load(spec)) as preprocessor:
        yield Suspect(preprocessor, task.simulator, task.order.models, task.order.fitting)


@dataclass(frozen=True)
class _Counting:
    """Puts down with each row how many workers were lost so far: they belong to the run, not to a row."""

    run: Run
    sides: Sequence[BoardSide]
    before: int
    watch: Watch

    def stored(self, row: Row, seconds: float) -> None:
        """A case is done."""
        self.put_down()
        self.watch.stored(row, seconds)

    def put_down(self) -> None:
        """Where any was lost since."""
        lost = self.before + sum(side.workers_lost() for side in self.sides)
        if lost != _workers_lost(self.run):
            self.run.pin({WORKERS_LOST: str(lost)})


def _workers_lost(run: Run) -> int:
    value = run.header().get(WORKERS_LOST, "")
    return int(value) if value.isdecimal() else 0


def _run(task: _Task, run: Run, earlier: Sequence[Row], progress: Progress) -> dict[str, str]:
    """Returns the ids of cases that stay open, each with why."""
    joint = task.order.models.joint
    on_board = wants_board(task.order.judging.postprocess)
    open_side = partial(BoardSide, task.address, joint, task.simulated_by, progress, patience=task.order.patience)
    still_open: dict[str, str] = {}
    with open_side() as side, open_side(commands=on_board) as spare, _preparing(task) as preparing:
        if on_board:
            spare.board().check_commands()
        _note_other_board(side.loaded(), earlier, progress)  # what it shows should be over before the bar appears
        judge = Judge(
            request=task.request,
            facts=task.facts,
            simulator=task.simulator,
            simulated_by=task.simulated_by,
            judging=task.order.judging,
            said=task.said,
            spare=spare,
            preparing=preparing,
        )
        means = Means(
            prepare=task.prepare,
            gather=partial(gather_cases, side, task.simulator, task.request),
            judge=judge,
            digest=task.digest,
        )
        finished = {row.id for row in earlier}  # also of another folder of cases, which an earlier call was given
        counts = Counter(row.verdict for row in earlier)
        canary = task.order.canary
        watched = Watched(canary, side, joint, progress) if canary is not None else None
        if watched is not None:
            watched.run("before")
        if watched is None or unfit(watched.facts()) is None:
            with watching(len({case.id for case in task.found.cases} | finished), len(finished), counts) as watch:
                counting = _Counting(run, (side, spare), _workers_lost(run), watch)
                try:
                    still_open = replay(run, task.found.cases, task.digests, means, counting)
                finally:
                    counting.put_down()
            if watched is not None:
                watched.run("after")
    if watched is not None and (finding := unfit(watched.facts())) is not None:
        ran = [case for case in task.found.cases if case.id not in finished]
        disown(run, ran, task.digests, finding, task.simulated_by)
    return still_open


def _note_other_board(loaded: LoadedModel | LoadRefused, earlier: Sequence[Row], progress: Progress) -> None:
    """Say where the rows of earlier calls were made on a board that said something else of itself."""
    if not isinstance(loaded, LoadedModel):
        return
    said = {apart for row in earlier if (apart := versions_apart(row.volatile.get("versions") or {}, loaded.versions))}
    if said:
        progress.note(
            say(
                "rows of earlier calls were made on another board or driver: {apart}",
                apart=first_names(sorted(said), 1),
            )
        )


def _text(value: float | None) -> str:
    return "" if value is None else repr(value)
