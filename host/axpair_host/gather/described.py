"""What a model's inputs and outputs are, where no simulator that knows the joint is at hand."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from axpair_proto.advice import UNKNOWN, again
from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.dtypes import size_bytes
from axpair_proto.gt.tensors import read_npy, stems_within
from axpair_proto.joint import JointArchive, JointTensor
from axpair_proto.names import find_name, match_stems

from axpair_host.errors import UsageError
from axpair_host.evidence.record import Record
from axpair_host.evidence.unrecorded import record_of


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
            color_space=by_name[stems[one.name]].color_space or one.color_space,
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
    description: ModelDescription, inputs: Sequence[_Known], outputs: Sequence[_Known], *, is_whole: bool = False
) -> str:
    """What shows that it isn't of the model with these inputs and outputs, in a sentence's part; "" where nothing does.

    Names count where a side has several; sizes where they are known, but for the items of a batch. One that
    `is_whole`, such as what a program lists of the model it loaded, has every name and as many of them.
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
            if not _fits(one.shape, found.shape):
                here, there = ("x".join(map(str, shape)) for shape in (found.shape, one.shape))
                return f"its {side} {found.name!r} is {here}, the joint's {there}"
    return ""


def _found(known: Sequence[str], described: Collection[str]) -> dict[str, str]:
    """Known name to described name: spelled alike, or one of the two being the other's file."""
    alike = {name: other for name in known if (other := find_name(name, described)) is not None}
    if alike:
        return alike
    return dict(match_stems(known, described)) or {stem: name for name, stem in match_stems(described, known).items()}


def _fits(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two shapes have as many elements, but for the number of items in a batch, along the first axis."""
    if 0 in (*one, *other) or not one or not other:
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


def from_files(gt: Path) -> ModelDescription:
    """As the files of a gt folder have it: names are theirs (escaped), order is the alphabet's, layouts stay open.

    Raises UsageError when an input's .npy, which says its dtype and shape, isn't there.
    """
    folder = gt / "input"
    inputs = []
    for stem, path in stems_within(folder, gt).items() if folder.is_dir() else ():
        npy = path.with_name(path.name + ".npy")
        if not npy.is_file():
            raise UsageError(
                f"{path}.bin: its dtype and shape aren't known without an .npy beside it",
                next_step=again("with run_joint's log (or --board):", "--board-log", UNKNOWN["run_log"]),
            )
        array = read_npy(npy)
        inputs.append(TensorDescription(stem, array.dtype.name, array.shape, size_bytes=array.nbytes))
    if not inputs or not (gt / "joint").is_dir():
        raise UsageError(
            f"--gt {gt}: needs input/ and joint/ with tensors in them",
            next_step="give the folder that 'pulsar run' wrote with --output_gt",
        )
    return ModelDescription(tuple(inputs), from_record(record_of(gt, ["joint"])).outputs)
