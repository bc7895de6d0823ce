"""The inputs of a case: files made into the joint's input bytes, or taken as they lie in a gt folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from axpair_proto.capabilities import FitsPictures, Fitting
from axpair_proto.description import ModelDescription
from axpair_proto.errors import AxpairError
from axpair_proto.gt.spelling import one_spelling
from axpair_proto.gt.tensors import read_tensor, stems_within
from axpair_proto.names import as_text, match_stems
from axpair_proto.simulator import Models, PreparedInputs, Simulator

from axpair_host.errors import UsageError
from axpair_host.inputs import InputFile, as_named, assign
from axpair_host.probing import probe_input


@dataclass(frozen=True)
class PreparedCase:
    """What every leg is fed with."""

    id: str
    description: ModelDescription
    data: Mapping[str, bytes] = field(repr=False)
    """By input name, in the model's order."""
    sources: Mapping[str, str]
    """Input name to the file it was made from, as the user named it."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Input name to where that file can be read while the case runs; empty where there is none."""
    notes: tuple[str, ...] = ()
    before: Mapping[str, bytes] | None = field(default=None, repr=False)
    """What the board runs right before the case; None = this case's own inputs, changed by `probing`."""

    def probe(self) -> Mapping[str, bytes]:
        """The probe's inputs, by input name in the model's order."""
        if self.before is not None:
            return self.before
        return {one.name: probe_input(self.data[one.name], one.dtype) for one in self.description.inputs}


def prepare(
    simulator: Simulator,
    models: Models,
    description: ModelDescription,
    files: Sequence[InputFile],
    case_id: str = "",
    fitting: Fitting = "stretch",
) -> PreparedCase:
    """Make the input bytes of one case. Raises UsageError when files and inputs don't match, or the simulator can't
    fit pictures so, or what the simulator raises for a file that it can't use."""
    assigned = assign([tensor.name for tensor in description.inputs], files)
    given = {file.path: file for file in files}
    try:
        prepared = fitted(simulator, models, assigned, fitting)
    except AxpairError as error:
        error.message = as_named(error.message, files)
        raise
    data = {tensor.name: prepared.data[tensor.name] for tensor in description.inputs}
    sources = {name: given[path].named for name, path in assigned.items()}
    named = as_text(case_id or given[next(iter(assigned.values()))].stem)
    notes = tuple(as_named(note, files) for note in prepared.notes)
    return PreparedCase(named, description, data, sources, assigned, notes)


def fitted(simulator: Simulator, models: Models, files: Mapping[str, Path], fitting: Fitting) -> PreparedInputs:
    """The simulator's input bytes with pictures fitted so. Raises UsageError where it only stretches."""
    if fitting == "stretch":
        return simulator.prepare(models, files)
    if not isinstance(simulator, FitsPictures):
        raise UsageError(
            f"--resize {fitting}: the simulator {simulator.name} brings pictures to the input's shape in its own way",
            next_step="give the input's bytes as .bin, or as .npy of the input's shape and dtype",
        )
    return simulator.prepare_fitted(models, files, fitting)


def from_gt(gt: Path, description: ModelDescription, case_id: str = "") -> PreparedCase:
    """Take the inputs as they lie in GT/input. Raises UsageError when one is missing or has another size."""
    folder = gt / "input"
    if not folder.is_dir():
        raise UsageError(f"--gt {gt}: no folder input/ in it", next_step="give the folder that 'pulsar run' wrote")
    names = [tensor.name for tensor in description.inputs]
    found = one_spelling(stems_within(folder, gt, names), names)
    matched = dict(match_stems(names, found))
    if not matched and len(names) == len(found) == 1:
        matched = {names[0]: next(iter(found))}
    data: dict[str, bytes] = {}
    for tensor in description.inputs:
        if tensor.name not in matched:
            listed = ", ".join(sorted(found)) or "nothing"
            raise UsageError(f"{folder}: no file for the input {tensor.name!r}; found: {listed}")
        content = read_tensor(found[matched[tensor.name]]).tobytes()
        if len(content) != tensor.size_bytes:
            raise UsageError(
                f"{folder / matched[tensor.name]}: {len(content)} bytes, but the input {tensor.name!r} "
                f"({tensor.dtype} {list(tensor.shape)}) has {tensor.size_bytes}",
                next_step="check that the folder belongs to this joint",
            )
        data[tensor.name] = content
    sources = {name: str(folder / stem) for name, stem in matched.items()}
    return PreparedCase(as_text(case_id or gt.resolve().name), description, data, sources)
