"""The training code's own tensors of a case: read from the user's folder, checked, and put into golden/.

Outputs lie in the folder itself; what the model was fed with lies in its input/, or beside them under the inputs'
names. Outputs in the ONNX model's layout, and float results of integer outputs, are turned into the joint's form.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from axpair_proto.advice import UNKNOWN, calling
from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.errors import AxpairError
from axpair_proto.gt.spelling import one_spelling
from axpair_proto.gt.tensors import Array, UnreadableTensor, read_tensor, stems_in, write_tensors
from axpair_proto.names import file_stems, match_stems

from axpair_host.errors import UsageError
from axpair_host.evidence.archives import as_folder
from axpair_host.files import existing_folder

_TURNS = {"NHWC": (0, 2, 3, 1), "NCHW": (0, 3, 1, 2)}
"""From the other of the two layouts."""


def is_of_one_case(golden: Path) -> bool:
    """Whether tensors lie in the folder itself or in its input/; else below it is one folder a case."""
    if golden.is_file():
        return True
    try:
        return any(stems_in(folder) for folder in (golden, golden / "input") if folder.is_dir())
    except UnreadableTensor:
        return False


def store_golden(folder: Path, golden: Path, description: ModelDescription) -> tuple[str, ...]:
    """Write golden/ and golden/input/ of the gt folder; returns sentences on what was turned.

    Raises UsageError when there is nothing, or nothing usable.
    """
    with as_folder(golden) as opened:
        try:
            return _store(folder, golden, existing_folder("--golden", opened), description)
        except AxpairError as error:
            error.message = error.message.replace(str(opened), str(golden))
            raise


def _store(folder: Path, named: Path, golden: Path, description: ModelDescription) -> tuple[str, ...]:
    apart = [tensor.name for tensor in (*description.inputs, *description.outputs)]
    tensors = one_spelling(stems_in(golden), apart)
    fed = one_spelling(stems_in(golden / "input"), apart) if (golden / "input").is_dir() else {}
    if not tensors and not fed:
        raise UsageError(f"--golden {named}: holds neither .npy nor .bin files")
    outputs = match_stems([tensor.name for tensor in description.outputs], tensors)
    inputs = match_stems([tensor.name for tensor in description.inputs], {**_others(tensors, outputs), **fed})
    if not outputs and not inputs:
        listed = ", ".join(tensor.name for tensor in (*description.inputs, *description.outputs))
        raise UsageError(f"--golden {named}: none of {', '.join((*tensors, *fed))} is of the model: {listed}")
    notes: list[str] = []
    declared = {tensor.name: tensor for tensor in description.outputs}
    results = {name: _output(tensors[stem], declared[name], notes) for name, stem in outputs.items()}
    stems = {**file_stems(tensor.name for tensor in description.outputs)}
    (folder / "golden").mkdir()
    if results:
        write_tensors(folder / "golden", results, stems)
    if inputs:
        found = {
            name: _finite({**tensors, **fed}[stem], _npy({**tensors, **fed}[stem])) for name, stem in inputs.items()
        }
        write_tensors(folder / "golden" / "input", found, file_stems(tensor.name for tensor in description.inputs))
    return tuple(notes)


def _others(tensors: Mapping[str, Path], taken: Mapping[str, str]) -> dict[str, Path]:
    return {stem: path for stem, path in tensors.items() if stem not in taken.values()}


def _npy(stem: Path) -> Array:
    if not stem.with_name(f"{stem.name}.npy").is_file():
        raise UsageError(
            f"--golden {stem}.bin: what the model was fed with is wanted as .npy, which says its shape",
            next_step="numpy.save it in the ONNX model's layout",
        )
    return read_tensor(stem)


def _output(stem: Path, declared: TensorDescription, notes: list[str]) -> Array:
    given = "float32" if declared.q else declared.dtype
    tensor = _finite(stem, read_tensor(stem, (given, declared.shape)))
    turn = _TURNS.get(declared.layout)
    if tensor.shape != declared.shape and turn is not None and tensor.ndim == 4:
        turned = tensor.transpose(turn)
        if turned.shape == declared.shape:
            notes.append(f"golden {declared.name!r} was turned into the joint's {declared.layout}")
            tensor = turned
    if tensor.shape != declared.shape and tensor.size == np.prod(declared.shape) and tensor.ndim < len(declared.shape):
        tensor = tensor.reshape(declared.shape)
    if tensor.shape != declared.shape:
        raise UsageError(
            f"--golden {stem}: shape {list(tensor.shape)}, but the output {declared.name!r} has {list(declared.shape)}",
            next_step=calling("axpair", "model", "info", UNKNOWN["joint"], text="save it in the joint's layout:"),
        )
    if declared.q and tensor.dtype.kind == "f":
        limits = np.iinfo(declared.dtype)
        notes.append(f"golden {declared.name!r} was multiplied by Q = {declared.q}, as the joint's output is")
        return np.clip(np.floor(tensor * float(declared.q) + 0.5), limits.min, limits.max).astype(declared.dtype)
    return np.ascontiguousarray(tensor, np.dtype(declared.dtype))


def _finite(stem: Path, tensor: Array) -> Array:
    if tensor.dtype.kind not in "fiu" or not np.isfinite(tensor).all():
        raise UsageError(f"--golden {stem}: holds NaN or Inf, which no result can be held against")
    return tensor
