"""A .joint as it lies on disk: a gzipped (or bare) tar whose topo.bin names inputs and outputs in order.

Reading never extracts to disk and never takes more memory than a limit says; member names are keys, not paths.
Facts: container and topo.bin of nineteen models in the AX620A SDK and of sixteen in AXERA-TECH/ax-models.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from google.protobuf.message import DecodeError

from axpair_proto.errors import ContractError
from axpair_proto.pulsar import config_pb2
from axpair_proto.regular import open_regular
from axpair_proto.slim_neu import Shape, edge_shapes
from axpair_proto.topology import topology_pb2

TOPOLOGY_MEMBER = "topo.bin"
PERFORMANCE_MEMBER = "performance.json"
DEFAULT_LIMIT_BYTES = 1 << 30
MAX_MEMBERS = 10_000
_PIECE_BYTES = 1 << 20
"""Read at once: what is kept of a member is in memory once, what isn't never."""
_GZIP_MAGIC = b"\x1f\x8b"
NEU, AXE = 1, 5
EMULATED_TOOLS = "axpair-emulator"
"""How the release begins that the emulated toolchain writes into its joints."""
PART_KINDS = {NEU: "NEU", AXE: "AXE"}
"""Types of parts in topo.bin: the NPU's, and a CPU part."""
UINT8 = 2
"""Endpoint.data_type of every input of a published joint [I]."""
_COMMIT = re.compile(r"([0-9a-f]{7,40})(?:-dirty)?", re.IGNORECASE)
_SLIM_SUFFIX = ".slim_neu"
SLIM_MEMBERS = tuple(f"part_{index}{_SLIM_SUFFIX}" for index in range(16))
"""What `read_joint` keeps for the shapes of four axes."""


@dataclass(frozen=True)
class Toolchain:
    """What built a joint; "" is unknown."""

    release: str = ""
    """Such as "0.6.1.4"."""
    commit: str = ""
    """7 to 40 hexadecimal digits."""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.release, self.commit)))

    def differs_from(self, other: Toolchain) -> bool | None:
        """Whether they are two releases; None where that can't be compared: either isn't known.

        Commits decide where both have one; they may be cut to different lengths.
        """
        if self.commit and other.commit:
            length = min(len(self.commit), len(other.commit))
            return self.commit[:length] != other.commit[:length]
        if self.release and other.release:
            return self.release != other.release
        return None


@dataclass(frozen=True)
class JointTensor:
    """One input or output of a joint as its files say it."""

    name: str
    """As a runtime lists it: '.' of the ONNX model's name is ':'."""
    inner_name: str
    """In its part, such as "op_1882"; "" where topo.bin doesn't say."""
    part_type: int
    """Of the part that takes or makes it: NEU, AXE, another number; 0 is unknown."""
    color_space: str = ""
    """"BGR", "RGB", "GRAY", "NV12", "NV21", "BGR0"; "" for none or unknown."""
    dtype: str = ""
    """"uint8" where the file says eight bits; "" is unknown."""
    shape: Shape | None = None
    """None is unknown."""

    @property
    def cpu_part(self) -> bool:
        """Whether a CPU part makes it."""
        return self.part_type == AXE


@dataclass(frozen=True)
class JointArchive:
    """A joint's members in order, topo.bin decoded."""

    topology: topology_pb2.Topology
    members: Mapping[str, bytes]
    """Those that were wanted."""
    sizes: Mapping[str, int]
    """Bytes of every member."""

    @property
    def input_names(self) -> tuple[str, ...]:
        """In the order in which a runtime lists them."""
        return tuple(self.topology.input_names)

    @property
    def output_names(self) -> tuple[str, ...]:
        """In the order in which a runtime lists them."""
        return tuple(self.topology.output_names)

    @property
    def toolchain(self) -> Toolchain:
        """What built it, as far as topo.bin says."""
        return toolchain_of(self.topology.tool_commit)

    def inputs(self) -> tuple[JointTensor, ...]:
        """What the files say of each input; shapes of four axes only where the .slim_neu members were wanted."""
        return self._tensors(self.topology.input_names, self.topology.model_inputs)

    def outputs(self) -> tuple[JointTensor, ...]:
        """What the files say of each output; as `inputs`."""
        return self._tensors(self.topology.output_names, self.topology.model_outputs)

    def _tensors(self, names: Iterable[str], endpoints: Sequence[topology_pb2.Endpoint]) -> tuple[JointTensor, ...]:
        types = {part.name: part.type for part in self.topology.parts}
        shapes: dict[str, tuple[Shape, int]] = {}
        for name, data in self.members.items():
            if name.endswith(_SLIM_SUFFIX):
                shapes.update(edge_shapes(data))
        known = dict(enumerate(endpoints))
        return tuple(_tensor(name, known.get(index), types, shapes) for index, name in enumerate(names))


def toolchain_of(text: str) -> Toolchain:
    """Release and commit of "release, newline, commit", of one of them alone, or of "Unknown".

    Only a last line of 7 to 40 hexadecimal digits, with "-dirty" or without, is a commit (topo.bin of published joints;
    run_joint's "tools version", SDK V0.31).
    """
    lines = [line for line in text.split() if line.lower() != "unknown"]
    if lines and (commit := _COMMIT.fullmatch(lines[-1])):
        return Toolchain(" ".join(lines[:-1]), commit[1].lower())
    return Toolchain(" ".join(lines))


def read_joint(
    path: Path, *, wanted: Collection[str] | None = None, limit_bytes: int = DEFAULT_LIMIT_BYTES
) -> JointArchive:
    """The archive, at most `limit_bytes` of it unpacked; of members not `wanted` (None = all are) only the sizes.

    Raises ContractError when the file is missing, no joint, cut off, unsafe or too large.
    """
    try:
        with open_regular(path) as file:
            return _read(file, str(path), wanted, limit_bytes)
    except OSError as error:
        raise ContractError(
            f"the joint {path} can't be read: {error.strerror or error}", next_step="check the path"
        ) from error


def _read(file: IO[bytes], name: str, wanted: Collection[str] | None, limit_bytes: int) -> JointArchive:
    magic = file.read(2)
    file.seek(0)
    if not magic:
        raise ContractError(f"the joint {name} is empty", next_step="copy or build it again")
    stream = cast(IO[bytes], gzip.GzipFile(fileobj=file, mode="rb")) if magic == _GZIP_MAGIC else file
    members: dict[str, bytes] = {}
    sizes: dict[str, int] = {}
    try:
        with tarfile.open(fileobj=_Bounded(stream, limit_bytes, name), mode="r|") as archive:
            for place, member in enumerate(archive):
                # "tar cf x.joint ." lists its own folder, and "./topo.bin".
                member.name = member.name.removeprefix("./")
                if member.isdir() and member.name == "." and place < MAX_MEMBERS:
                    continue
                if not member.isfile() or member.name in sizes or len(sizes) >= MAX_MEMBERS:
                    raise ContractError(
                        f"{name} is no joint: member {member.name!r} is a link, a folder, a repetition or one too many",
                        next_step="build the joint again",
                    )
                if member.size > limit_bytes:
                    raise ContractError(
                        f"{name} unpacks to more than {limit_bytes} bytes: {member.name!r} declares {member.size}",
                        next_step="no joint is that large",
                    )
                content = archive.extractfile(member)
                keeps = wanted is None or member.name in wanted or member.name == TOPOLOGY_MEMBER
                kept = io.BytesIO()
                sizes[member.name] = 0
                while content and (piece := content.read(_PIECE_BYTES)):
                    sizes[member.name] += len(piece)
                    if keeps:
                        kept.write(piece)
                if sizes[member.name] != member.size:
                    raise EOFError(f"member {member.name!r} is cut off")
                if keeps:
                    members[member.name] = kept.getvalue()
        if magic == _GZIP_MAGIC and len(stream.read(1 << 16)) == 1 << 16:
            raise EOFError("bytes follow the archive")
    except ContractError:
        raise
    except Exception as error:  # tarfile and zlib raise anything on damaged archives
        raise ContractError(
            f"{name} is not a joint, or is cut off: {error}", next_step="copy or build the joint again"
        ) from error
    return JointArchive(_topology(members, name), members, sizes)


def _topology(members: Mapping[str, bytes], name: str) -> topology_pb2.Topology:
    topology = topology_pb2.Topology()
    try:
        topology.ParseFromString(members[TOPOLOGY_MEMBER])
    except KeyError as error:
        raise ContractError(
            f"{name} is a tar archive without {TOPOLOGY_MEMBER}, so no joint", next_step="give the .joint itself"
        ) from error
    except DecodeError as error:
        raise ContractError(
            f"{TOPOLOGY_MEMBER} of {name} can't be decoded", next_step="copy or build the joint again"
        ) from error
    return topology


def _tensor(
    name: str,
    endpoint: topology_pb2.Endpoint | None,
    types: Mapping[str, int],
    shapes: Mapping[str, tuple[Shape, int]],
) -> JointTensor:
    if endpoint is None:
        return JointTensor(name, "", 0)
    part_type = types.get(endpoint.part, 0)
    # A part's file lists the part's own edges: those of a NEU part say nothing of what a CPU part makes of them.
    shape, bits = shapes.get(endpoint.name, (None, 0)) if part_type == NEU else (None, 0)
    is_byte = endpoint.data_type == UINT8 and bits in (0, 8)
    return JointTensor(
        name=name,
        inner_name=endpoint.name,
        part_type=part_type,
        color_space=color_space_of(endpoint.color_space),
        dtype="uint8" if is_byte else "",
        shape=tuple(endpoint.shape) or shape,
    )


def color_space_of(number: int) -> str:
    """The configuration's name of a color space, without its prefix; "" for none or an unknown number."""
    known = config_pb2.ColorSpace.items()
    return next((key.rpartition("_")[2] for key, value in known if value == number and number), "")


def color_space_number(name: str) -> int:
    """The inverse of `color_space_of`."""
    return config_pb2.ColorSpace.Value(f"TENSOR_COLOR_SPACE_{name}") if name else 0


class _Bounded(io.RawIOBase):
    """Reads on until a limit, so that a few compressed bytes can't fill the memory."""

    def __init__(self, stream: IO[bytes], limit: int, name: str) -> None:
        self._stream = stream
        self._left = limit
        self._limit = limit
        self._name = name

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, 1 << 20) if size >= 0 else 1 << 20)
        self._left -= len(data)
        if self._left < 0:
            raise ContractError(
                f"{self._name} unpacks to more than {self._limit} bytes", next_step="no joint is that large"
            )
        return data


def pack_joint(topology: topology_pb2.Topology, members: Mapping[str, bytes]) -> bytes:
    """The bytes of a gzipped tar with topo.bin first; the same content gives the same bytes (no times, no owners)."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile("compiled.joint", "wb", compresslevel=6, fileobj=packed, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        first = {TOPOLOGY_MEMBER: topology.SerializeToString(deterministic=True)}
        for name, data in (first | dict(members)).items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()
