"""A .joint as it lies on disk: a gzipped (or bare) tar whose first member, topo.bin, names inputs and outputs in order.

Reading never extracts to disk and never takes more memory than a limit says; member names are keys, not paths.
Facts: container and topo.bin of nineteen models in the AX620A SDK.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from google.protobuf.message import DecodeError

from axpair_proto.errors import ContractError
from axpair_proto.topology import topology_pb2

TOPOLOGY_MEMBER = "topo.bin"
PERFORMANCE_MEMBER = "performance.json"
DEFAULT_LIMIT_BYTES = 1 << 30
MAX_MEMBERS = 10_000
_PIECE_BYTES = 1 << 20
"""Read at once: what is kept of a member is in memory once, what isn't never."""
_GZIP_MAGIC = b"\x1f\x8b"


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


def read_joint(
    path: Path, *, wanted: Collection[str] | None = None, limit_bytes: int = DEFAULT_LIMIT_BYTES
) -> JointArchive:
    """The archive, at most `limit_bytes` of it unpacked; of members not `wanted` (None = all are) only the sizes.

    Raises ContractError when the file is missing, no joint, cut off, unsafe or too large.
    """
    try:
        with path.open("rb") as file:
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
            for member in archive:
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
