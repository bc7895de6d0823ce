"""Shapes of an ONNX model's inputs that it leaves open, where the joint leaves no doubt."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.joint import SLIM_MEMBERS, read_joint
from axpair_proto.names import find_name
from axpair_proto.onnx_file import read_onnx

from axpair_host.errors import UsageError
from axpair_host.simulators import simulator_for

Open = tuple[int | str, ...]


def certain_shapes(onnx: Path, joint: Path | None) -> tuple[dict[str, tuple[int, ...]], dict[str, Open]]:
    """Input name to lengths, and those that stay open. A model that declares every length needs none."""
    try:
        inputs = read_onnx(onnx).inputs
    except ContractError:
        return {}, {}
    declared_shapes = ((one.name, one.shape) for one in inputs if one.shape is not None)
    open_inputs = {name: shape for name, shape in declared_shapes if not all(map(_is_length, shape))}
    known = _joint_shapes(joint) if joint is not None and open_inputs else {}
    certain: dict[str, tuple[int, ...]] = {}
    for name, declared in open_inputs.items():
        own = find_name(name, known)
        if own is not None and (shape := fitted(declared, known[own])) is not None:
            certain[name] = shape
    return certain, {name: shape for name, shape in open_inputs.items() if name not in certain}


def fitted(declared: Sequence[int | str], shape: Sequence[int]) -> tuple[int, ...] | None:
    """The joint's shape as the ONNX model has it: as it is, or with channels moved to the front; None where neither
    or both agree with the declared lengths."""
    orders = [tuple(shape)]
    if len(shape) == 4:
        orders.append((shape[0], shape[3], shape[1], shape[2]))
    agreeing = {order for order in orders if _agrees(declared, order)}
    return agreeing.pop() if len(agreeing) == 1 else None


def proposed(shape: Open) -> Open:
    """What to run an open shape with: a batch that is open is 1, lengths that the model has are the model's, and the
    others stay as they are named, for whoever knows them."""
    is_open_batch = len(shape) > 1 and not _is_length(shape[0])
    return (1, *shape[1:]) if is_open_batch else shape


def _agrees(declared: Sequence[int | str], shape: Sequence[int]) -> bool:
    return len(declared) == len(shape) and all(
        one == other for one, other in zip(declared, shape, strict=True) if _is_length(one)
    )


def _is_length(length: int | str) -> bool:
    return isinstance(length, int) and length > 0


def _joint_shapes(joint: Path) -> Mapping[str, tuple[int, ...]]:
    """By input; planes of YUV say nothing of the model's shape and are left out."""
    try:
        described = simulator_for(joint).describe(joint).inputs
        return {one.name: one.shape for one in described if not one.color_space.startswith("NV")}
    except UsageError:
        pass
    try:
        inputs = read_joint(joint, wanted=SLIM_MEMBERS).inputs()
    except ContractError:
        return {}
    return {
        one.name: tuple(one.shape) for one in inputs if one.shape is not None and not one.color_space.startswith("NV")
    }
