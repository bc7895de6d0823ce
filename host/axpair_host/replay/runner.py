"""The loop of a replay: every case that isn't done yet, prepared, run, judged and stored."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from axpair_proto.advice import again
from axpair_proto.errors import AxpairError
from axpair_proto.text import first_names

from axpair_host.documents.json_form import json_form
from axpair_host.documents.pair import PairDocument
from axpair_host.documents.steps import StepTemplate
from axpair_host.errors import Interrupted, WorkerLost
from axpair_host.gather.prepare import PreparedCase
from axpair_host.postprocess.comparable import FormsDiffer
from axpair_host.preprocess.running import NothingPrepared
from axpair_host.replay.cases import Case
from axpair_host.replay.keeping import drop, keep, place_of, work_folder
from axpair_host.replay.row import Row
from axpair_host.replay.similarity import vectors_of
from axpair_host.replay.store import Run
from axpair_host.replay.stream import GatheredCase, OpenCase

MOST_OPEN = 3
"""So many cases in a row of which nothing comes: the board is in no state to go on."""
_OPEN_SHOWN = 5
WORKER_ENDED = "the worker was ended from outside at each attempt"
FILES_CHANGED = "its files changed, or couldn't be read, while the replay ran"
"""Why a case stays open."""
RUNTIME_FAILURES = ("AX307", "AX308", "AX309", "AX310")


class Watch(Protocol):
    """Who wants to know how far a replay is."""

    def stored(self, row: Row, seconds: float) -> None:
        """A case is done and its row is stored."""
        ...


@dataclass(frozen=True)
class Means:
    """What the loop works with."""

    prepare: Callable[[Case], PreparedCase]
    """Raises AxpairError with side "input" for files that can't be used."""
    gather: Callable[[Iterable[PreparedCase]], Iterator[GatheredCase | OpenCase]]
    """See `axpair_host.replay.stream.run_cases`."""
    judge: Callable[[GatheredCase, Path, Path], PairDocument[StepTemplate]]
    """Fills the (empty) folder with the case's evidence, to be kept at that place, and returns its pair document."""
    digest: Callable[[Case], str]
    """Of a case's files as they are now: a row is stored only where they are still what the replay began with."""


def replay(run: Run, cases: Sequence[Case], digests: Mapping[str, str], means: Means, watch: Watch) -> dict[str, str]:
    """Run every case whose row isn't there, or has another digest, in the order given; each is stored when it is done.

    Returns the ids of cases that stay open, each with why: nothing is known of them.

    Before each case the board runs its predecessor: the nearest earlier case that can be used and on which the
    runtime didn't fail. So a row depends on the list of cases, not on where a replay was interrupted.
    Raises BoardError when the board goes away, or case after case stays open; what was stored stays.
    """
    loop = _Loop(run, cases, digests, means, watch)
    while loop.left:
        loop.once()
    return loop.still_open


def left_open(cases: Mapping[str, str]) -> Interrupted:
    """The error for cases of which nothing is known: ids, each with why."""
    told = []
    for why in dict.fromkeys(cases.values()):
        ids = [id_ for id_, reason in cases.items() if reason == why]
        stay = "case stays" if len(ids) == 1 else "cases stay"
        told.append(f"{len(ids)} {stay} open: {first_names(ids, _OPEN_SHOWN)}: {why}")
    return Interrupted("; ".join(told), next_step=again("call the same command again, which takes them up:"))


def unfinished(digests: Mapping[str, str], done: Mapping[str, str]) -> list[str]:
    """Ids of the cases to run: those without a row, and those whose row is of another digest."""
    return [id_ for id_, digest in digests.items() if done.get(id_) != digest]


class _Loop:
    def __init__(self, run: Run, cases: Sequence[Case], digests: Mapping[str, str], means: Means, watch: Watch) -> None:
        self._run = run
        self._cases = cases
        self._digests = digests
        self._means = means
        self._watch = watch
        self._places = {case.id: place for place, case in enumerate(cases)}
        open_ids = set(unfinished(digests, run.done()))
        self.left = [case for case in cases if case.id in open_ids]
        self._failing = {row.id for row in run.rows() if row.id not in open_ids and _failed(row)}
        self._last: PreparedCase | None = None
        self._stopped = False
        self.still_open: dict[str, str] = {}
        self._open_in_a_row = 0

    def once(self) -> None:
        """One stream with everything that is left, up to a case on which the runtime fails.

        What was sent behind that one is sent again: it may not have it as its predecessor.
        """
        self._stopped = False
        started = time.perf_counter()
        for gathered in self._means.gather(self._prepared(list(self.left))):
            if self._stopped:
                continue
            if isinstance(gathered, OpenCase):
                self._worker_lost(gathered.id, WORKER_ENDED)
                continue
            try:
                row = self._judged(gathered)
            except WorkerLost as lost:
                self._worker_lost(gathered.prepared.id, lost.message)
                continue
            if row is None:
                continue
            self._open_in_a_row = 0
            self._watch.stored(row, time.perf_counter() - started)
            started = time.perf_counter()
            if gathered.failed():
                self._failing.add(row.id)
                self._stopped = True

    def _worker_lost(self, id_: str, why: str) -> None:
        self._leave_open(self._cases[self._places[id_]], why)
        self._open_in_a_row += 1
        if self._open_in_a_row == MOST_OPEN:
            raise left_open(self.still_open)

    def _leave_open(self, case: Case, why: str) -> None:
        self.still_open[case.id] = why
        self.left.remove(case)

    def _has_changed(self, case: Case) -> bool:
        """Whether the case isn't any more what the replay began with; then it stays open."""
        if self._means.digest(case) == self._digests[case.id]:
            return False
        self._leave_open(case, FILES_CHANGED)
        return True

    def _judged(self, gathered: GatheredCase) -> Row | None:
        """The row, stored; None where the case stays open."""
        case = self._cases[self._places[gathered.prepared.id]]
        with work_folder(self._run) as folder:
            try:
                document = self._means.judge(gathered, folder, place_of(self._run, case.folder))
            except (FormsDiffer, NothingPrepared) as error:  # of this case: what is said of the others may be right
                row = Row.unusable(case.id, self._digests[case.id], error.message, error.next_step.one_line)
                if self._has_changed(case):
                    return None
            else:
                if self._has_changed(case):
                    return None
                vectors = vectors_of(folder, document)
                kept = "" if document.verdict == "PASS" else keep(self._run, folder, case.folder)
                row = Row.judged(case.id, self._digests[case.id], kept, json_form(document), vectors)
        self._store(case, row)
        return row

    def _prepared(self, batch: list[Case]) -> Iterator[PreparedCase]:
        for case in batch:
            if self._stopped:
                return
            try:
                prepared = self._means.prepare(case)
            except AxpairError as error:
                if error.side != "input":
                    raise
                if not self._has_changed(case):
                    self._unusable(case, error)
                continue
            if self._has_changed(case):
                continue
            before = self._before(case)
            self._last = prepared
            yield replace(prepared, before=before.data) if before is not None else prepared

    def _before(self, case: Case) -> PreparedCase | None:
        """The predecessor's inputs: at hand where it ran just now, else prepared once more."""
        for place in range(self._places[case.id] - 1, -1, -1):
            earlier = self._cases[place]
            if earlier.id in self._failing:
                continue
            if self._last is not None and self._last.id == earlier.id:
                return self._last
            if self._means.digest(earlier) != self._digests[earlier.id]:
                continue
            try:
                return self._means.prepare(earlier)
            except AxpairError as error:
                if error.side != "input":
                    raise
        return None

    def _unusable(self, case: Case, error: AxpairError) -> None:
        row = Row.unusable(case.id, self._digests[case.id], error.message, error.next_step.one_line)
        self._store(case, row)
        self._watch.stored(row, 0.0)

    def _store(self, case: Case, row: Row) -> None:
        self._run.add(row)
        if not row.kept:
            drop(self._run, case.folder)  # only now: whenever the power goes, no row names what is gone
        self.left.remove(case)


def _failed(row: Row) -> bool:
    return any(finding.get("code") in RUNTIME_FAILURES for finding in row.document.get("findings", ()))
