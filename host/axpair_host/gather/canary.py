"""A known-good case, run before and after the others: whether the board is fit to say anything."""

from dataclasses import dataclass
from pathlib import Path

from axpair_proto.advice import Unknown, again

from axpair_host.boards.case import Case
from axpair_host.boards.loaded import LoadedModel, LoadRefused
from axpair_host.digests import bytes_sha256, file_sha256
from axpair_host.errors import UsageError
from axpair_host.evidence.folder import load
from axpair_host.evidence.record import CanaryFacts, CanaryRun
from axpair_host.evidence.store import read_record
from axpair_host.files import existing_file
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.prepare import PreparedCase, from_gt
from axpair_host.gather.simulate import read_leg
from axpair_host.gather.storing import same_bytes
from axpair_host.progress import Progress


@dataclass(frozen=True)
class Canary:
    """What --canary and --canary-joint say."""

    gt: Path
    joint: Path


def given_canary(gt: Path | None, joint: Path | None, cases: Path) -> Canary | None:
    """The canary that the flags ask for; `cases` is the joint of the cases. Raises UsageError."""
    if gt is None:
        if joint is not None:
            raise UsageError("--canary-joint is the joint of a --canary, and none was given")
        return None
    return Canary(gt, existing_file("--canary-joint", joint) if joint else cases)


class Watched:
    """A canary on one board. It runs in the worker of the cases where it is of their joint, so that what those leave
    behind reaches it; else in one of its own, the same before and after."""

    def __init__(self, canary: Canary, side: BoardSide, joint: Path, progress: Progress) -> None:
        """`joint` is the cases'. Raises UsageError where the canary is none: wrong once already, or another joint's."""
        self._canary = canary
        self._side = side
        self._progress = progress
        self._sha256 = _checked(canary)
        self._shared = file_sha256(joint) == self._sha256
        self._own: LoadedModel | LoadRefused | None = None
        self._runs: list[CanaryRun] = []
        self._expected: dict[str, str] = {}

    def run(self, when: str) -> None:
        """Run it once; that the runtime fails on it is an answer. Raises BoardError when the board goes away."""
        with self._progress.task(f"board: the known-good case, {when}"):
            loaded = self._loaded()
            if isinstance(loaded, LoadRefused):
                self._runs.append(CanaryRun(when, failure=loaded.failure))
                return
            prepared = self._prepared(loaded)
            case = Case(f"canary:{when}", prepared.data, repeat=1, want_probe=False)
            for answer in loaded.run([case]):
                outputs = {name: bytes_sha256(data) for name, data in answer.outputs.items()}
                self._runs.append(CanaryRun(when, outputs, answer.facts.failure))

    def facts(self) -> CanaryFacts:
        """What came of it so far, for the record."""
        return CanaryFacts(str(self._canary.gt), self._sha256, self._expected, tuple(self._runs))

    def _loaded(self) -> LoadedModel | LoadRefused:
        if self._shared:
            return self._side.loaded()
        if self._own is None:
            self._own = self._side.load_again(self._canary.joint)
        return self._own

    def _prepared(self, loaded: LoadedModel) -> PreparedCase:
        expected = read_leg(self._canary.gt / "joint", loaded.description)
        self._expected = {name: bytes_sha256(tensor.tobytes()) for name, tensor in expected.items()}
        return from_gt(self._canary.gt, loaded.description)


def _checked(canary: Canary) -> str:
    """The joint's digest, of a canary that may be one."""
    gt = canary.gt
    if not (gt / "joint").is_dir() or not (gt / "input").is_dir():
        raise UsageError(
            f"--canary {gt}: a known-good case needs input/ and joint/ in it",
            next_step="give the gt folder of a case that passed, as axpair pair wrote it",
        )
    sha256 = file_sha256(canary.joint)
    record = read_record(gt)
    if record is None:
        return sha256
    if record.case.joint_sha256 and record.case.joint_sha256 != sha256:
        raise UsageError(
            f"--canary {gt}: is of the joint {record.case.joint_sha256[:12]}, and {canary.joint} is {sha256[:12]}",
            next_step=again("with its own joint:", "--canary-joint", Unknown("GOOD.joint", "the joint of that case")),
        )
    there = load(gt)
    if there.leg("board") and not same_bytes(there.leg("joint"), there.leg("board")):
        raise UsageError(
            f"--canary {gt}: board/ and joint/ differ there already: it is no known-good case",
            next_step="give the gt folder of a case that passed",
        )
    return sha256
