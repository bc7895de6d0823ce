"""The simulated legs of a case."""

import time
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from axpair_proto.advice import Next, with_other
from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.dtypes import size_bytes
from axpair_proto.errors import ContractError
from axpair_proto.gt.spelling import one_spelling
from axpair_proto.gt.tensors import Array, other_files, read_tensor, stems_below, stems_within
from axpair_proto.names import match_stems
from axpair_proto.simulator import Models, Simulator, Stage, Tensors

from axpair_host.errors import UsageError
from axpair_host.evidence.arranged import FLOAT_LEGS, float_form
from axpair_host.evidence.matching import belonging, mapped, proposed_map
from axpair_host.progress import Progress

STAGES: tuple[Stage, ...] = ("onnx", "lava_joint", "joint")


def stages_of(models: Models) -> tuple[Stage, ...]:
    """Which legs can be simulated with the files that are there; always "joint"."""
    given = {"onnx": models.onnx, "lava_joint": models.lava_joint, "joint": models.joint}
    return tuple(stage for stage in STAGES if given[stage] is not None)


def simulate(
    simulator: Simulator,
    models: Models,
    inputs: Mapping[str, bytes],
    progress: Progress,
    timings: dict[str, float] | None = None,
    without: Collection[str] = (),
) -> dict[str, Tensors]:
    """Outputs of every form of the model that is there, but for legs that are at hand already, by leg; seconds by leg
    go into `timings`.

    Raises what the simulator raises for a model that it can't run.
    """
    legs: dict[str, Tensors] = {}
    for stage in stages_of(models):
        if stage in without:
            continue
        started = time.perf_counter()
        with progress.task(f"simulate {stage}"):
            legs[stage] = simulator.run(models, stage, inputs)
        if timings is not None:
            timings[stage] = time.perf_counter() - started
    return legs


def legs_from_gt(gt: Path, description: ModelDescription) -> dict[str, Tensors]:
    """The simulated legs that lie in an existing gt folder; at least "joint".

    Raises UsageError when there is no joint/ or none of a leg's files belongs to an output; ContractError for files
    that can't be read or have another size than declared.
    """
    legs: dict[str, Tensors] = {
        stage: read_leg(gt / stage, description, root=gt, is_float=stage in FLOAT_LEGS)
        for stage in STAGES
        if (gt / stage).is_dir()
    }
    if "joint" not in legs:
        raise UsageError(f"--gt {gt}: no folder joint/ in it", next_step="give the folder that 'pulsar run' wrote")
    return legs


def read_leg(
    folder: Path,
    description: ModelDescription,
    *,
    as_it_lies: bool = False,
    root: Path | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
    is_float: bool = False,
) -> dict[str, Array]:
    """Outputs by name from a folder's files, whichever tool named them; `names` says of file stems what they are.

    Nothing outside `root` is read, where that is given. With `as_it_lies` a file of another size than declared becomes
    flat uint8 (evidence) instead of a ContractError. `is_float`: of a leg that may hold float32 where the compiled
    model's are narrower.
    """
    declared = {tensor.name: tensor for tensor in description.outputs}
    lying = one_spelling(
        stems_below(folder, [*declared]) if root is None else stems_within(folder, root, [*declared]),
        declared,
        refuses=not as_it_lies,
    )
    matched = files_of(declared, lying, names)
    found = {stem: path for stem, path in lying.items() if stem not in matched.values()}
    is_part = bool(names) and len(matched) < len(declared) and len(declared) == len(lying)
    if not matched and len(declared) == len(found) == 1:
        matched = {next(iter(declared)): next(iter(found))}
    if not matched or is_part:
        listed = ", ".join(sorted(found)) or "nothing"
        next_step = Next("check that the folder belongs to this joint")
        if not found and (others := other_files(folder)):
            listed = f"no .bin or .npy, but {', '.join(others[:4])}{', ...' if others[4:] else ''}"
            next_step = Next("rename files of raw bytes to NAME.bin, or save .npy")
        runs = sorted({stem.partition("/")[0] for stem in found if "/" in stem})
        if runs[1:] and any(match_stems(declared, stems_below(folder / one)) for one in runs):
            said = f"it holds several runs, {', '.join(runs[:4])}: give one of them, such as {folder / runs[0]}"
            next_step = with_other("--board-out", str(folder / runs[0]), said) if as_it_lies else Next(said)
        elif as_it_lies and found:
            outputs = {name: size_bytes(tensor.dtype, tensor.shape) for name, tensor in declared.items()}
            said_so = proposed_map({stem: _size(path) for stem, path in lying.items()}, outputs, is_ordered=True)
            next_step = belonging(said_so, "check that the folder belongs to this joint; where it does, ")
        if is_part:
            raise UsageError(
                f"{folder}: no file of it is said to be an output of the model that is left; left: {listed}; "
                f"outputs: {', '.join(name for name in declared if name not in matched)}",
                next_step=next_step,
            )
        raise UsageError(
            f"{folder}: no file of it belongs to an output of the model; found: {listed}; "
            f"outputs: {', '.join(declared)}",
            next_step=next_step,
        )
    found_in = {name: lying[stem] for name, stem in matched.items()}
    if is_float:
        return {name: _read_float(stem, declared[name]) for name, stem in found_in.items()}
    return {name: _read(stem, declared[name], as_it_lies) for name, stem in found_in.items()}


def files_of(outputs: Collection[str], lying: Collection[str], names: Mapping[str, str]) -> dict[str, str]:
    """Output to the file stem that stands for it: as --map says, else by the rules. Raises UsageError for a --map of
    what isn't there."""
    said = mapped(names, lying, outputs)
    rest = [stem for stem in lying if stem not in said.values()]
    return said | dict(match_stems([name for name in outputs if name not in said], rest))


def _size(stem: Path) -> int:
    """Bytes of the elements; 0 where they can't be read."""
    try:
        return read_tensor(stem).nbytes
    except ContractError:
        return 0


def _read_float(stem: Path, tensor: TensorDescription) -> Array:
    return read_tensor(stem, float_form(stem, tensor.dtype, tensor.shape))


def _read(stem: Path, tensor: TensorDescription, as_it_lies: bool) -> Array:
    try:
        return read_tensor(stem, (tensor.dtype, tensor.shape))
    except ContractError:
        if not as_it_lies or stem.with_name(stem.name + ".npy").exists():
            raise
        return read_tensor(stem)
