"""The three parts of the demo, each a function from pages to pair documents in gt folders."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from axpair_proto.gt.folders import whole_folder
from axpair_proto.gt.listing import copy_written
from axpair_proto.simulator import Models, Simulator

from axpair_host import postprocess
from axpair_host.advice.filling import filled
from axpair_host.advice.known import known_of
from axpair_host.boards.opening import address_of
from axpair_host.diagnosis import diagnose
from axpair_host.documents.pair import PairDocument
from axpair_host.documents.steps import StepTemplate
from axpair_host.evidence.folder import load
from axpair_host.evidence.named import KIND, named_files
from axpair_host.evidence.record import CaseFacts
from axpair_host.evidence.store import read_record, write_pair_json
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.prepare import PreparedCase
from axpair_host.gather.request import GatherRequest
from axpair_host.pairing import Judging
from axpair_host.progress import Progress, Silent
from axpair_host.replay.judging import Judge
from axpair_host.replay.runner import WORKER_ENDED, left_open
from axpair_host.replay.said import SaidOfCases
from axpair_host.replay.stream import OpenCase, gather_cases

POSTPROCESSOR = "axpair_host.demo.postprocessors:angle"
WRONG_POSTPROCESSOR = "axpair_host.demo.postprocessors:angle_with_rotated_labels"


@dataclass(frozen=True)
class Page:
    """A page whose orientation is known."""

    id: str
    clockwise: int
    prepared: PreparedCase


@dataclass(frozen=True)
class Judged:
    """One page's outcome in one part."""

    page: Page
    folder: Path
    document: PairDocument[StepTemplate]

    @property
    def ended(self) -> tuple[str, str, str]:
        """Verdict, code and owner of the first finding; "" where there is none."""
        findings = self.document.findings
        return self.document.verdict, findings[0].code if findings else "", self.document.owner


@dataclass(frozen=True)
class Stage:
    """What the parts on a board have in common."""

    models: Models
    facts: CaseFacts
    simulator: Simulator
    simulated_by: str


@contextmanager
def boards(urls: Sequence[str], stage: Stage, progress: Progress) -> Iterator[list[BoardSide]]:
    """Boards in the order of their addresses, on which the model is being loaded, side by side.

    Using one waits for it, and raises BoardError where it can't be reached.
    """
    with ExitStack() as stack:
        sides = [stack.enter_context(_side(url, stage, progress)) for url in urls]
        pool = stack.enter_context(ThreadPoolExecutor(len(sides)))
        for side in sides:
            pool.submit(side.loaded)  # where it fails, so does who uses it
        yield sides


def on_board(board: BoardSide, pages: Sequence[Page], folder: Path, stage: Stage) -> list[Judged]:
    """Pair every page on one board over one stream, each after the page before it (the first after the last).

    Raises BoardError when the board goes away.
    """
    request = GatherRequest(stage.models, board=board.address.url)
    by_id = {page.id: page for page in pages}
    followed = [
        replace(page.prepared, before=before.prepared.data)
        for before, page in zip((pages[-1], *pages), pages, strict=False)
    ]
    judged = []
    with _side(board.address.url, stage, Silent()) as spare:
        judge = Judge(
            request=request,
            facts=stage.facts,
            simulator=stage.simulator,
            simulated_by=stage.simulated_by,
            judging=Judging(postprocess=POSTPROCESSOR),
            said=SaidOfCases(expect={page.id: page.clockwise for page in pages}),
            spare=spare,
        )
        for gathered in gather_cases(board, stage.simulator, request, followed):
            if isinstance(gathered, OpenCase):
                raise left_open({gathered.id: WORKER_ENDED})
            page = by_id[gathered.prepared.id]
            with whole_folder(folder / page.id, KIND, named=named_files) as fresh:
                document = judge(gathered, fresh, folder / page.id)
            judged.append(Judged(page, folder / page.id, document))
    return judged


def _side(url: str, stage: Stage, progress: Progress) -> BoardSide:
    return BoardSide(address_of(url), stage.models.joint, stage.simulated_by, progress)


def with_wrong_labels(healthy: Sequence[Judged], folder: Path) -> list[Judged]:
    """The same tensors, judged with a post-processor whose labels are rotated; no board, no simulator."""
    function = postprocess.load(WRONG_POSTPROCESSOR)
    judged = []
    for one in healthy:
        target = folder / one.page.id
        with whole_folder(target, KIND, named=named_files) as fresh:
            copy_written(one.folder, fresh, named_files)
            record = read_record(fresh)
            if record is None:
                raise TypeError(f"{fresh} has no record")
            decided = postprocess.apply(function, load(fresh).legs)
            record = msgspec.structs.replace(record, postprocess=decided)
            write_pair_json(fresh, record, None)
            document = diagnose(load(fresh)).document()
            write_pair_json(fresh, record, filled(document, known_of(record, target, is_ours=True)))
        judged.append(Judged(one.page, target, document))
    return judged
