"""What a model's inputs and outputs are, where no simulator that knows the joint is at hand."""

import contextlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from axpair_proto.advice import UNKNOWN, again
from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.dtypes import size_bytes
from axpair_proto.errors import ContractError
from axpair_proto.gt.spelling import one_spelling
from axpair_proto.gt.tensors import bin_size, read_npy, stems_below, stems_within
from axpair_proto.joint import JointArchive, JointTensor
from axpair_proto.names import find_name, match_stems

from axpair_host.errors import UsageError
from axpair_host.evidence.record import LEGS, Record, is_untyped
from axpair_host.evidence.unrecorded import record_of
from axpair_host.gather.simulate import files_of


def as_in_joint(description: ModelDescription, joint: JointArchive) -> ModelDescription:
    """The same with the joint's own names and order, and with what its files say besides: outputs of a CPU part, the
    inputs' color spaces. A side of which not every tensor is found by its name stays as it is."""
    return replace(
        description,
        inputs=_as_in_joint(description.inputs, joint.inputs()),
        outputs=_as_in_joint(description.outputs, joint.outputs()),
    )


def _as_in_joint(
    tensors: tuple[TensorDescription, ...], known: tuple[JointTensor, ...]
) -> tuple[TensorDescription, ...]:
    by_name = {one.name: one for one in tensors}
    stems = match_stems([one.name for one in known], by_name)
    if len(stems) != len(known) or len(known) != len(tensors):
        return tensors
    return tuple(
        replace(
            by_name[stems[one.name]],
            name=one.name,
            color_space=one.color_space or by_name[stems[one.name]].color_space,
            cpu_part=by_name[stems[one.name]].cpu_part or one.cpu_part,
        )
        for one in known
    )


class _Known(Protocol):
    """What is known of one tensor."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...] | None: ...

    @property
    def color_space(self) -> str: ...


def unlike(
    description: ModelDescription,
    inputs: Sequence[_Known],
    outputs: Sequence[_Known],
    *,
    is_whole: bool = False,
    same_batch: bool = False,
) -> str:
    """What shows that it isn't of the model with these inputs and outputs, in a sentence's part; "" where nothing does.

    Names count where a side has several; sizes where they are known, but for the items of a batch. One that
    `is_whole`, such as what a program lists of the model it loaded, has every name and as many of them; with
    `same_batch` its inputs are of as many items too.
    """
    for side, tensors, known in (("input", description.inputs, inputs), ("output", description.outputs, outputs)):
        by_name = {one.name: one for one in tensors}
        stems = _found([one.name for one in known], by_name)
        if known and tensors and (not stems or (is_whole and len(stems) < max(len(known), len(tensors)))):
            if is_whole or len(known) > 1 or len(tensors) > 1:
                theirs, ours = (", ".join(one.name for one in some[:4]) for some in (tensors, known))
                return f"its {side}s are {theirs}, the joint's {ours}"
            stems = {known[0].name: tensors[0].name}
        for one in known:
            if one.name not in stems or not one.shape or one.color_space.startswith("NV"):
                continue
            found = by_name[stems[one.name]]
            if is_untyped(found.dtype, found.shape) and found.shape[0] % (math.prod(one.shape) or 1) == 0:
                continue
            exact = same_batch and side == "input"
            if not _fits(one.shape, found.shape) or (exact and math.prod(one.shape) != math.prod(found.shape)):
                here, there = ("x".join(map(str, shape)) for shape in (found.shape, one.shape))
                return f"its {side} {found.name!r} is {here}, the joint's {there}"
    return ""


def _found(known: Sequence[str], described: Collection[str]) -> dict[str, str]:
    """Known name to described name: spelled alike, or one of the two being the other's file."""
    alike = {name: other for name in known if (other := find_name(name, described)) is not None}
    rest, left = ([one for one in some if one not in alike.keys() | alike.values()] for some in (known, described))
    by_rule = dict(match_stems(rest, left)) or {stem: name for name, stem in match_stems(left, rest).items()}
    return alike | by_rule


def _fits(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two shapes have as many elements, but for the number of items in a batch, along the first axis."""
    if math.prod(one) == math.prod(other) or 0 in (*one, *other) or not one or not other:
        return math.prod(one) == math.prod(other)
    return math.prod(one) * other[0] == math.prod(other) * one[0]


def from_record(record: Record) -> ModelDescription:
    """As an earlier gathering wrote it down."""
    return ModelDescription(
        inputs=tuple(
            TensorDescription(
                one.name, one.dtype, one.shape, one.layout, one.color_space, size_bytes=size_bytes(one.dtype, one.shape)
            )
            for one in record.inputs
        ),
        outputs=tuple(
            TensorDescription(
                name=one.name,
                dtype=one.dtype,
                shape=one.shape,
                layout=one.layout,
                q=one.q,
                step=one.step,
                cpu_part=one.cpu_part,
                size_bytes=size_bytes(one.dtype, one.shape),
            )
            for one in record.outputs
        ),
    )


def from_files(gt: Path, joint: JointArchive | None = None) -> ModelDescription:
    """As the files of a gt folder have it: names are theirs (escaped), order is the alphabet's, layouts stay open.

    Raises UsageError where neither an .npy nor the joint says an input's dtype and shape.
    """
    folder = gt / "input"
    inputs = []
    listed = [one.name for one in joint.inputs()] if joint is not None else []
    for stem, path in one_spelling(stems_within(folder, gt, listed), listed).items() if folder.is_dir() else ():
        npy = path.with_name(path.name + ".npy")
        if npy.is_file():
            array = read_npy(npy)
            inputs.append(TensorDescription(stem, array.dtype.name, array.shape, size_bytes=array.nbytes))
            continue
        known = _known_input(stem, joint)
        if known is None or size_bytes(known.dtype, known.shape) != bin_size(path.with_name(path.name + ".bin")):
            raise UsageError(
                f"{path}.bin: its dtype and shape aren't known without an .npy beside it",
                next_step=again("with run_joint's log (or --board):", "--board-log", UNKNOWN["run_log"]),
            )
        inputs.append(known)
    if not inputs or not (gt / "joint").is_dir():
        raise UsageError(
            f"--gt {gt}: needs input/ and joint/ with tensors in them",
            next_step="give the folder that 'pulsar run' wrote with --output_gt",
        )
    legs = [leg for leg in LEGS if leg != "board" and (gt / leg).is_dir()]
    outputs = [one.name for one in joint.outputs()] if joint is not None else []
    return ModelDescription(tuple(inputs), from_record(record_of(gt, legs, outputs)).outputs)


def _known_input(stem: str, joint: JointArchive | None) -> TensorDescription | None:
    """What the joint's own files say of the input with this file; None where that isn't all."""
    inputs = joint.inputs() if joint is not None else ()
    names = match_stems([one.name for one in inputs], [stem])
    found = next((one for one in inputs if one.name in names or len(inputs) == 1), None)
    if found is None or not found.shape or not found.dtype:
        return None
    return TensorDescription(stem, found.dtype, found.shape, size_bytes=size_bytes(found.dtype, found.shape))


def with_dumps(description: ModelDescription, folder: Path, names: Mapping[str, str]) -> ModelDescription:
    """The same with what a board's files say of the outputs' types, where a gt folder says less: an .npy of as many
    bytes as a lone .bin, a .bin of half the bytes where the gt holds float64, which no board gives."""
    stems = stems_below(folder, [one.name for one in description.outputs])
    files = files_of([one.name for one in description.outputs], stems, names)
    outputs = (_as_dumped(one, stems[files[one.name]]) if one.name in files else one for one in description.outputs)
    return replace(description, outputs=tuple(outputs))


def _as_dumped(output: TensorDescription, stem: Path) -> TensorDescription:
    npy, raw = (stem.with_name(stem.name + suffix) for suffix in (".npy", ".bin"))
    with contextlib.suppress(ContractError):
        if is_untyped(output.dtype, output.shape) and npy.is_file():
            array = read_npy(npy)
            if array.nbytes == output.size_bytes:
                return replace(output, dtype=array.dtype.name, shape=array.shape)
        if output.dtype == "float64" and not npy.is_file() and bin_size(raw) * 2 == output.size_bytes:
            return replace(output, dtype="float32", size_bytes=output.size_bytes // 2)
    return output
