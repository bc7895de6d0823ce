"""Who computes the simulated legs of a case, and who says what its model's inputs and outputs are."""

from dataclasses import replace
from pathlib import Path

from axpair_proto.advice import UNKNOWN, with_other
from axpair_proto.capabilities import ChecksConfig
from axpair_proto.description import ModelDescription
from axpair_proto.gt.tensors import read_npy, read_tensor, stems_below, stems_in
from axpair_proto.joint import SLIM_MEMBERS, JointArchive, read_joint
from axpair_proto.names import RENAME, alike_words, find_name, match_stems
from axpair_proto.simulator import Simulator

from axpair_host.boards.loaded import LoadedModel
from axpair_host.boards.url import Address, EmulatorAddress
from axpair_host.digests import file_sha256
from axpair_host.errors import UsageError
from axpair_host.evidence.record import is_untyped
from axpair_host.evidence.store import read_record
from axpair_host.files import existing_folder
from axpair_host.gather import described
from axpair_host.gather.board_side import BoardSide
from axpair_host.gather.prepare import PreparedCase, from_gt, prepare
from axpair_host.gather.request import FinishedRun, GatherRequest
from axpair_host.gather.run_log import description_in, run_of
from axpair_host.gather.simulate import files_of
from axpair_host.progress import Progress
from axpair_host.simulators import simulator_for


def simulator_of(request: GatherRequest, named: str | None, address: Address) -> Simulator | None:
    """The simulator; None where the legs come from --gt and none at hand knows the joint.

    Raises ContractError where the joint is none, UsageError where nothing could run it, or where two of its tensors
    have one name.
    """
    _refuse_shared_names(read_joint(request.models.joint, wanted=()), request.models.joint)
    if request.gt is None or named is not None:
        return simulator_for(request.models.joint, named)
    try:
        return simulator_for(request.models.joint)
    except UsageError as error:
        if isinstance(address, EmulatorAddress) and request.finished is None:
            raise UsageError(
                f"{request.models.joint}: the emulated board runs only joints from 'axpair emulator build'",
                next_step=with_other("--board", UNKNOWN["url"], "on the real board (or --board-out):"),
            ) from error
        return None


def _refuse_shared_names(joint: JointArchive, path: Path) -> None:
    for side, tensors in (("input", joint.inputs()), ("output", joint.outputs())):
        names = [one.name for one in tensors]
        twice = [words for words in alike_words(side, names) if len(set(names)) < len(names)]
        if twice:
            raise UsageError(f"{path}: {twice[0]}: which file is whose can't be told", next_step=RENAME)


def simulated_by(request: GatherRequest, simulator: Simulator | None) -> str:
    """Name and version of what computed the simulated legs, as the record has it."""
    if request.gt is not None:
        found = read_record(request.gt)
        if found is not None and found.simulator:
            return found.simulator
        if simulator is None:
            return f"pulsar run, as found in {request.gt.name}"
    assert simulator is not None
    return f"{simulator.name} {simulator.version()}"


def checked_config(request: GatherRequest, simulator: Simulator | None) -> GatherRequest:
    """The request with what the simulator says of the configuration; the same where it can't say anything.

    Raises what the simulator raises for a file that is no configuration.
    """
    if request.models.config is None or not isinstance(simulator, ChecksConfig):
        return request
    return replace(request, config_differences=tuple(simulator.config_differences(request.models)))


def description_of(request: GatherRequest, simulator: Simulator | None, side: BoardSide | None) -> ModelDescription:
    """From whoever knows most: the simulator, the board, run_joint's log, an earlier record, the files themselves; the
    joint's own names and order count."""
    if simulator is not None:
        return simulator.describe(request.models.joint)
    assert request.gt is not None
    joint = read_joint(request.models.joint, wanted=SLIM_MEMBERS)
    return _as_fed(described.as_in_joint(_described(request, request.gt, joint, side), joint), request, joint)


def _as_fed(description: ModelDescription, request: GatherRequest, joint: JointArchive) -> ModelDescription:
    """Without inputs that the gt folder doesn't hold and the finished run had of the model's own default."""
    if request.finished is None or request.finished.log is None or request.gt is None:
        return description
    defaulted = run_of(request.finished, joint).log.defaulted
    lying = stems_in(request.gt / "input") if defaulted and (request.gt / "input").is_dir() else {}
    there = match_stems([one.name for one in description.inputs], lying) if lying else {}
    fed = tuple(one for one in description.inputs if one.name in there or find_name(one.name, defaulted) is None)
    return replace(description, inputs=fed) if there else description


def _described(request: GatherRequest, gt: Path, joint: JointArchive, side: BoardSide | None) -> ModelDescription:
    if side is not None:
        loaded = side.loaded()
        if isinstance(loaded, LoadedModel):
            return loaded.description
    elif request.finished is not None and request.finished.log is not None:
        logged = description_in(run_of(request.finished, joint).log)
        # One of another model is evidence of what the program loaded, and no description of this joint.
        if logged is not None and not described.unlike(logged, joint.inputs(), joint.outputs(), is_whole=True):
            try:
                known = _known_of(gt, joint)
            except UsageError:
                return logged
            # A .bin alone says neither dtype nor shape: the log knows more.
            typed = [one for one in known.outputs if not is_untyped(one.dtype, one.shape)]
            fixed = not logged.dynamic_batch
            if not described.unlike(logged, known.inputs, typed, same_batch=fixed) and not _belied(
                logged, request.finished, gt
            ):
                return logged
    known = _known_of(gt, joint)
    if why := described.unlike(known, joint.inputs(), joint.outputs()):
        raise UsageError(f"--gt {gt}: is of another model than {request.models.joint}: {why}", next_step=_TOGETHER)
    if request.finished is not None:
        known = described.with_dumps(
            known, existing_folder("--board-out", request.finished.folder), request.finished.names
        )
    return known


def _belied(logged: ModelDescription, finished: FinishedRun, gt: Path) -> bool:
    """Whether the board's files are of another dtype than a log lists: they have the bytes of the gt folder's .npy."""
    folder = gt / "joint"
    names = [one.name for one in logged.outputs]
    own, dumped = (stems_below(one, names) if one.is_dir() else {} for one in (folder, finished.folder))
    here, there = match_stems(names, own), files_of(names, dumped, finished.names)
    for one in logged.outputs:
        if one.name not in here or one.name not in there:
            continue
        npy = own[here[one.name]].with_name(f"{own[here[one.name]].name}.npy")
        if npy.is_file() and (array := read_npy(npy)).dtype.name != one.dtype:
            return array.tobytes() == read_tensor(dumped[there[one.name]]).tobytes()
    return False


def _known_of(gt: Path, joint: JointArchive) -> ModelDescription:
    record = read_record(gt)
    return described.from_record(record) if record is not None else described.from_files(gt, joint)


def refuse_other_joint(request: GatherRequest) -> None:
    """Raise UsageError where --gt has a record, and it is of another joint: its simulated outputs are that one's."""
    record = read_record(request.gt) if request.gt is not None else None
    if record is None or not record.case.joint_sha256:
        return
    given = file_sha256(request.models.joint)
    if record.case.joint_sha256 != given:
        raise UsageError(
            f"--gt {request.gt}: was gathered with the joint of sha256 {record.case.joint_sha256[:12]}, and "
            f"{request.models.joint} has {given[:12]}: its simulated outputs are another joint's",
            next_step=_TOGETHER,
        )


_TOGETHER = "give the joint that the folder was simulated with, or simulate again with this one"


def prepared_case(
    request: GatherRequest, simulator: Simulator | None, description: ModelDescription, progress: Progress
) -> PreparedCase:
    """The inputs, made from --input or taken from --gt. Raises what `prepare` and `from_gt` raise."""
    if request.gt is not None:
        return from_gt(request.gt, description, request.case_id)
    assert simulator is not None
    with progress.task("prepare the input"):
        return prepare(simulator, request.models, description, request.files, request.case_id, request.fitting)
