"""A failing part of a model as a folder that needs nothing else: models, input, expected and given bytes, commands."""

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
from axpair_proto.gt.folders import whole_folder
from axpair_proto.gt.marks import MARK, plain_file
from axpair_proto.gt.tensors import write_tensors
from axpair_proto.names import file_stems
from axpair_proto.simulator import Models
from axpair_proto.text import json_text, printable
from msgspec.structs import replace

from axpair_host.digests import file_sha256
from axpair_host.documents.json_form import json_form
from axpair_host.documents.layers import NamedOperator
from axpair_host.documents.reduced import FailingPart, PartTensor, ReducedCase
from axpair_host.layers.trials import Bench, Tried
from axpair_host.reduce.submodel import Reduced

MANIFEST = "manifest.json"
PART = "part"
"""What its mark says that it is."""
_TENTH = 10


class _Files(msgspec.Struct):
    files: dict[str, str]


class _Manifest(msgspec.Struct):
    part: _Files


def encoded(document: ReducedCase) -> bytes:
    """JSON for people."""
    return (json_text(json_form(document)) + "\n").encode()


def named_part(folder: Path) -> Mapping[str, str]:
    """What the manifest says that was written there, itself included; nothing where there is none."""
    path = plain_file(folder, MANIFEST)
    try:
        files = msgspec.json.decode(path.read_bytes(), type=_Manifest).part.files if path is not None else {}
        return {**files, MANIFEST: file_sha256(folder / MANIFEST)} if files else {}
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def write_part(bench: Bench, found: Reduced, target: Path, document: ReducedCase) -> FailingPart:
    """Cut the part, run it on simulator and board once more, write it whole or not at all; what the manifest says.

    Without a part it is the whole model.
    """
    with whole_folder(target, PART, named=named_part) as fresh:
        inner, outputs = (found.part.inner, found.part.outputs) if found.part else ((), ())
        tried = bench.tried(bench.models, inner, outputs, fresh)
        if not found.part:
            _copy_models(bench.models, fresh)
        told = _told(bench, found, tried)
        _write_tensors(bench, tried, fresh)
        (fresh / "README.txt").write_text(_readme(told, document, fresh), encoding="utf-8")
        files = sorted(path for path in fresh.rglob("*") if path.is_file() and path.name != MARK)
        told = replace(told, files={path.relative_to(fresh).as_posix(): file_sha256(path) for path in files})
        manifest = replace(document, out=None, log=None, source=None, part=told)
        (fresh / MANIFEST).write_bytes(encoded(manifest))
    return replace(told, folder=str(target))


def _copy_models(models: Models, folder: Path) -> None:
    named = {"model.joint": models.joint, "model.lava_joint": models.lava_joint, "model.onnx": models.onnx}
    for name, path in named.items():
        if path is not None:
            shutil.copyfile(path, folder / name)


def _told(bench: Bench, found: Reduced, tried: Tried) -> FailingPart:
    nodes = found.part.nodes if found.part else ()
    count = len(nodes) or found.operators
    description = bench.simulator.describe(tried.models.joint)
    inputs, outputs = (file_stems(one.name for one in side) for side in (description.inputs, description.outputs))
    return FailingPart(
        operators=count,
        share=count / found.operators if found.operators else 1.0,
        at_most_a_tenth=count * _TENTH <= found.operators,
        nodes=tuple(NamedOperator(one.name, one.kind, one.output) for one in nodes),
        fails=bool(tried.differs) and tried.repeatable and not tried.failure,
        differs=tried.differs,
        failure=tried.failure or None,
        rounds=len(tried.rounds),
        inputs={
            one.name: PartTensor(one.dtype, one.shape, f"input/{inputs[one.name]}.bin") for one in description.inputs
        },
        outputs={one.name: PartTensor(one.dtype, one.shape, f"{outputs[one.name]}.bin") for one in description.outputs},
        files={},
        folder=".",
    )


def _write_tensors(bench: Bench, tried: Tried, fresh: Path) -> None:
    description = bench.simulator.describe(tried.models.joint)
    inputs = {
        one.name: np.frombuffer(tried.inputs[one.name], one.dtype).reshape(one.shape) for one in description.inputs
    }
    write_tensors(fresh / "input", inputs, file_stems(inputs))
    stems = file_stems(one.name for one in description.outputs)
    write_tensors(fresh / "expected", tried.expected, stems)
    for tensors in tried.rounds[:1]:
        write_tensors(fresh / "board", tensors, {name: stems[name] for name in tensors})


def _readme(told: FailingPart, document: ReducedCase, fresh: Path) -> str:
    given = [part for name, one in told.inputs.items() for part in ("--input", one.file, "--layer", name)]
    models = ["--joint", "model.joint"]
    if (fresh / "model.lava_joint").is_file():
        models += ["--lava-joint", "model.lava_joint"]
    pair = ["axpair", "pair", *models, *given, "--board", str(document.board), "--out", "gt"]
    data = ";".join(one.file for one in told.inputs.values())
    vendor = ["run_joint", "model.joint", "--data", data, "--bin-out-dir", "out", "--repeat", "2"]
    lines = [
        f"The smallest part of a model that {document.board} computes otherwise than {document.simulator}:",
        f"{told.operators} of {document.operators} operators.",
        "",
        *(f"  {one.name} ({one.kind}) -> {one.output}" for one in told.nodes),
        "",
        f"The case showed: {document.finding}",
        f"The part shows: {document.why}",
        "",
        "model.joint   the part; model.lava_joint: the quantised model of the same, where there was one",
        "input/        what the simulator has in these tensors; those inside the model are codes",
        "expected/     what the simulator makes of it",
        "board/        what the board made of it",
        "",
        "Run it, compare and judge:",
        f"  {shlex.join(pair)}",
        "With the vendor's own command, on the board, with this folder there:",
        f"  mkdir -p out && {shlex.join(vendor)}",
        *(
            f"  cmp {shlex.quote('out/' + one.file)} {shlex.quote('expected/' + one.file)}"
            for one in told.outputs.values()
        ),
        "",
        f"{MANIFEST} has shapes, dtypes, and the sha256 of every file.",
    ]
    return "\n".join(map(printable, lines)) + "\n"
