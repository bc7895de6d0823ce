"""Which of the files found are the parts of one conversion. Nothing is chosen by chance: what may be two stays open."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from axpair_proto.config_files import read_config
from axpair_proto.errors import ContractError
from axpair_proto.filekinds import FileKind
from axpair_proto.gt.tensors import UnreadableTensor, stems_in
from axpair_proto.joint import read_joint
from axpair_proto.names import joint_name, match_stems
from axpair_proto.onnx_file import read_onnx

from axpair_host.digests import file_sha256
from axpair_host.errors import EvidenceError
from axpair_host.evidence.store import read_record
from axpair_host.first_steps.shapes import certain_shapes
from axpair_host.first_steps.survey import Samples, Survey

Names = tuple[frozenset[str], frozenset[str]]
"""Of inputs and of outputs, as a joint spells them."""


@dataclass
class Choice:
    """What [model] should say."""

    files: dict[str, Path] = field(default_factory=dict)
    """By key of [model]."""
    undecided: dict[str, tuple[tuple[Path, ...], str]] = field(default_factory=dict)
    """Key to what could be meant, and why it isn't taken."""
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    open_shapes: dict[str, tuple[int | str, ...]] = field(default_factory=dict)
    """Inputs of the ONNX model whose shape stays open, and isn't known from elsewhere."""
    sets: frozenset[Path] = frozenset()
    """Calibration sets that the chosen configuration names, resolved."""
    finished: list[Samples] = field(default_factory=list)
    """Folders with the joint's outputs: what a board gave."""
    golden: list[Samples] = field(default_factory=list)
    cases: list[Samples] = field(default_factory=list)
    """All other folders of pictures or tensors."""

    def take(self, key: str, candidates: Sequence[Path], why: str) -> None:
        """The only candidate; of several none."""
        if len(candidates) == 1:
            self.files[key] = candidates[0]
        elif candidates:
            self.undecided[key] = (tuple(candidates), why)


def choose(found: Survey) -> Choice:
    """Choose by content: names of inputs and outputs, what a configuration says it is of, what a record says."""
    choice = Choice()
    choice.take("joint", found.of(FileKind.JOINT), "several joints")
    _choose_onnx(choice, found)
    _choose_lava(choice, found)
    _choose_config(choice, found)
    _choose_gt(choice, found.of(FileKind.GT_FOLDER))
    if "onnx" in choice.files:
        choice.shapes, choice.open_shapes = certain_shapes(choice.files["onnx"], choice.files.get("joint"))
    choice.sets = sets_of(choice.files.get("config"))
    _sort_samples(choice, found.samples)
    goldens = [one.path for one in choice.golden]
    choice.take("golden", goldens, "several folders of golden results")
    return choice


def names_of(path: Path, kind: FileKind) -> Names | None:
    """Names of a model's inputs and outputs; None where they can't be read."""
    try:
        if kind in (FileKind.JOINT, FileKind.LAVA_JOINT):
            archive = read_joint(path, wanted=())
            return frozenset(archive.input_names), frozenset(archive.output_names)
        model = read_onnx(path)
    except ContractError:
        return None
    inputs, outputs = ((joint_name(one.name) for one in side) for side in (model.inputs, model.outputs))
    return frozenset(inputs), frozenset(outputs)


def sets_of(config: Path | None) -> frozenset[Path]:
    """Data sets that pulsar's configuration names, resolved, whether they are there or not; none of another file."""
    try:
        read = read_config(config)[0] if config is not None else None
    except ContractError:
        return frozenset()
    if read is None or config is None:
        return frozenset()
    wizard = read.neuwizard_conf
    written = [
        path
        for data_set in (wizard.dataset_conf_calibration, wizard.dataset_conf_error_measurement)
        for path in (data_set.path, *(one.path for one in data_set.dataset_conf_items))
    ]
    return frozenset(_resolved(config.parent, path) for path in written if path)


def _choose_onnx(choice: Choice, found: Survey) -> None:
    onnx, joints = found.of(FileKind.ONNX), found.of(FileKind.JOINT)
    if not joints:
        choice.take("onnx", onnx, "several ONNX models")
        return
    wanted = [names_of(path, FileKind.JOINT) for path in joints]
    fitting = [path for path in onnx if names_of(path, FileKind.ONNX) in wanted]
    of = joints[0] if len(joints) == 1 else "any joint here"
    if onnx and not fitting:
        choice.undecided["onnx"] = (tuple(onnx), f"other inputs or outputs than {of}")
    choice.take("onnx", fitting, f"several ONNX models with the inputs and outputs of {of}")


def _choose_lava(choice: Choice, found: Survey) -> None:
    lava, joint = found.of(FileKind.LAVA_JOINT), choice.files.get("joint")
    if joint is None:
        if lava:
            choice.undecided["lava_joint"] = (tuple(lava), "which joint it belongs to isn't known")
        return
    wanted = names_of(joint, FileKind.JOINT)
    fitting = [path for path in lava if names_of(path, FileKind.LAVA_JOINT) == wanted]
    if lava and not fitting:
        choice.undecided["lava_joint"] = (tuple(lava), f"other inputs or outputs than {joint}")
    choice.take("lava_joint", fitting, f"several with the inputs and outputs of {joint}")


def _choose_config(choice: Choice, found: Survey) -> None:
    prototxts, joint = found.of(FileKind.PROTOTXT), choice.files.get("joint")
    if joint is not None:
        naming = _only(prototxts, lambda path: _names_joint(path, joint))
        choice.take(
            "config", [naming] if naming else prototxts, f"several configurations, and which made {joint} isn't known"
        )
    else:
        choice.take("config", prototxts, "several configurations")
    if not prototxts and not found.of(FileKind.JOINT):
        choice.take("config", found.of(FileKind.PULSAR2_CONFIG), "several configurations")


def _names_joint(config: Path, joint: Path) -> bool:
    """Whether it is the expanded configuration of that very build."""
    try:
        written = read_config(config)[0].output_path
    except ContractError:
        return False
    return bool(written) and _resolved(config.parent, written) == joint.resolve()


def _choose_gt(choice: Choice, folders: Sequence[Path]) -> None:
    usable = [gt for gt in folders if (gt / "input").is_dir()]
    joint = choice.files.get("joint")
    if joint is not None:
        usable = [gt for gt in usable if _is_of(gt, joint)]
    choice.take("gt", usable, "several gt folders")


def _is_of(gt: Path, joint: Path) -> bool:
    """Whether nothing in the folder speaks against that joint: its record, or the names of its outputs."""
    try:
        record = read_record(gt)
        if record is not None and record.case.joint_sha256:
            return record.case.joint_sha256 == file_sha256(joint)
        legs = [gt / leg for leg in ("joint", "lava_joint", "onnx") if (gt / leg).is_dir()]
        return any(_holds_outputs(stems_in(leg), joint) for leg in legs)
    except (EvidenceError, UnreadableTensor, OSError):
        return False


def _sort_samples(choice: Choice, samples: Sequence[Samples]) -> None:
    joint = choice.files.get("joint")
    goldens = [one.path for one in samples if one.path.name.lower().startswith("golden")]
    for one in samples:
        if one.path in goldens:
            choice.golden.append(one)
        elif any(path in goldens for path in one.path.parents) or one.path.resolve() in choice.sets:
            continue
        elif joint is not None and one.files and one.has_tensors_alone and _holds_outputs(one.stems, joint):
            choice.finished.append(one)
        else:
            choice.cases.append(one)


def _holds_outputs(stems: Iterable[str], joint: Path) -> bool:
    """Whether every output of the joint has a file."""
    names = names_of(joint, FileKind.JOINT)
    try:
        return names is not None and bool(names[1]) and set(match_stems(sorted(names[1]), stems)) == names[1]
    except ContractError:
        return False


def _only(paths: Sequence[Path], holds: Callable[[Path], bool]) -> Path | None:
    fitting = [path for path in paths if holds(path)]
    return fitting[0] if len(fitting) == 1 else None


def _resolved(folder: Path, written: str) -> Path:
    try:
        return (folder / written).resolve()
    except (OSError, ValueError, RuntimeError):
        return folder / "?"
