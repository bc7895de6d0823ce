"""What `run_joint` prints of a model (SDK V0.31, and 0.5.10 in the documentation), read from its log."""

import re
from collections.abc import Sequence
from pathlib import Path

from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.dtypes import ITEM_BYTES, size_bytes
from axpair_proto.joint import toolchain_of

from axpair_host.errors import UsageError

MAX_LOG_BYTES = 16 << 20
_HEAD = re.compile(r"^(Input|Output)\[(\d+)\]: (.*)$")
_SHAPE = re.compile(r"^\s+Shape \[([\d, ]*)\] (\S+) (\S+)(.*)$")
_Q = re.compile(r"\bQ=(\d+)")
_COLORS = {"BGR", "RGB", "GRAY", "NV12", "NV21"}


def read_log(path: Path) -> tuple[str, ...]:
    """The log's lines. Raises UsageError when it can't be read or is larger than 16 MiB."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_LOG_BYTES + 1)
    except OSError as error:
        raise UsageError(f"--board-log {path}: can't be read: {error.strerror}") from error
    if len(data) > MAX_LOG_BYTES:
        raise UsageError(f"--board-log {path}: larger than {MAX_LOG_BYTES} bytes: no log of one run")
    return tuple(data.decode("utf-8", "replace").splitlines())


def versions_in(lines: Sequence[str]) -> dict[str, str]:
    """Versions as in the handshake: runtime, vnpu; empty where the log doesn't say."""
    versions: dict[str, str] = {}
    for line in lines:
        if line.startswith("run joint version: "):
            versions["runtime"] = "run_joint " + line.removeprefix("run joint version: ").strip()
        elif line.startswith("virtual npu "):
            versions["vnpu"] = line.removeprefix("virtual npu ").removeprefix("mode is ").strip()
    return versions


def tools_version_in(lines: Sequence[str]) -> str:
    """Release and commit of the toolchain, such as "0.6.1.14 4111370"; the commit stands on the line after."""
    for index, line in enumerate(lines):
        if line.startswith("tools version: "):
            first = line.removeprefix("tools version: ").strip()
            both = toolchain_of("\n".join((first, *lines[index + 1 : index + 2])))
            return str(both if both.commit else toolchain_of(first))
    return ""


def description_in(lines: Sequence[str]) -> ModelDescription | None:
    """The model's inputs and outputs as run_joint lists them; None where the log doesn't hold them all."""
    sides: dict[str, list[TensorDescription]] = {"Input": [], "Output": []}
    for index, line in enumerate(lines[:-1]):
        if not (head := _HEAD.match(line)):
            continue
        tensor = _tensor(head.group(3), lines[index + 1])
        if tensor is None or int(head.group(2)) != len(sides[head.group(1)]):
            return None
        sides[head.group(1)].append(tensor)
    if not sides["Input"] or not sides["Output"]:
        return None
    return ModelDescription(tuple(sides["Input"]), tuple(sides["Output"]), tools_version_in(lines))


def _tensor(name: str, line: str) -> TensorDescription | None:
    found = _SHAPE.match(line)
    if not found:
        return None
    lengths, layout, dtype, rest = found.groups()
    dtype = dtype.replace("sint", "int")
    if dtype not in ITEM_BYTES:
        return None
    shape = tuple(int(length) for length in lengths.split(",") if length.strip())
    q = _Q.search(rest)
    color = next((word for word in rest.split() if word in _COLORS), "")
    return TensorDescription(
        name,
        dtype,
        shape,
        layout=layout if len(shape) == 4 and layout in ("NHWC", "NCHW") else "",
        color_space=color,
        q=int(q.group(1)) if q else 0,
        size_bytes=size_bytes(dtype, shape),
    )
