"""One gathered case written into a folder and judged there, as `axpair pair` does."""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from axpair_proto.simulator import Simulator

from axpair_host.documents.pair import PairDocument
from axpair_host.documents.steps import StepTemplate
from axpair_host.evidence.record import CaseFacts
from axpair_host.gather.answers.session import Session
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.gathering import store
from axpair_host.gather.live import LiveAsks
from axpair_host.gather.request import GatherRequest
from axpair_host.pairing import Judging, judge
from axpair_host.preprocess.explaining import Suspect, with_preprocess
from axpair_host.progress import Silent
from axpair_host.replay.said import SaidOfCases
from axpair_host.replay.stream import GatheredCase

_COSTLY = ("layer_scores", "own_errors", "second_opinion", "switches")
"""They say nearly the same of every case of a model; 'axpair pair' and 'axpair layers' ask them for one."""


@dataclass(frozen=True)
class Judge:
    """Judges cases of one model on one board."""

    request: GatherRequest
    """What all cases have in common."""
    facts: CaseFacts
    """The models' digests; the id is each case's own."""
    simulator: Simulator
    simulated_by: str
    judging: Judging
    said: SaidOfCases
    spare: BoardSide
    """Another session with the board, for what a check asks for: the stream's own stays undisturbed."""
    preparing: Suspect | None = None
    """What prepares the product's input."""

    def __call__(self, gathered: GatheredCase, folder: Path, place: Path) -> PairDocument[StepTemplate]:
        """Write the case's evidence into `folder`, which is empty and goes to `place` if it is kept, and return its
        pair document, whose steps aren't filled."""
        id_, said = gathered.prepared.id, self.said
        request = replace(
            self.request,
            case_id=id_,
            golden=said.golden.get(id_),
            options=(*self.request.options, *(("--golden", str(said.golden[id_])) if id_ in said.golden else ())),
            expected=said.expected_of(id_),
            observed=said.observed_of(id_),
        )
        record = store(
            request,
            msgspec.structs.replace(self.facts, id=id_),
            gathered.prepared,
            folder,
            simulated_by=self.simulated_by,
            legs=gathered.legs,
            leg=gathered.board,
            timings=gathered.timings,
        )
        record = with_preprocess(record, self.preparing, gathered.prepared)
        session = Session(
            folder, request, gathered.prepared, self.simulator, self.spare, Silent(), self.judging.loaded(self.spare)
        )
        return judge(LiveAsks(session, record, without=_COSTLY), self.judging.settings, place)[1]
