"""A configuration as a file: read in the encodings that editors write, and written so that it is known as ours."""

from __future__ import annotations

from pathlib import Path

from axpair_proto.errors import ContractError
from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.gt.replacing import check_replaceable, write_whole_file
from axpair_proto.pulsar import config_pb2
from axpair_proto.pulsar.text import parse_config, write_config
from axpair_proto.pulsar.tokens import ConfigTextError
from axpair_proto.pulsar2.recognized import refuse_other
from axpair_proto.regular import read_regular
from axpair_proto.sentences import say
from axpair_proto.text import Decoded, decoded
from axpair_proto.written import is_as_written, mark_line

MAX_CONFIG_BYTES = 1 << 24
_TEXTS = (FileKind.UNKNOWN, FileKind.TEXT, FileKind.PROTOTXT, FileKind.PULSAR2_CONFIG, FileKind.JSON)
"""What a configuration in another encoding may be taken for."""


def read_config(path: Path) -> tuple[config_pb2.Config, tuple[str, ...]]:
    """The configuration in a file, and warnings. Texts of Chinese Windows' editors (GBK, UTF-16) are read too.

    Raises ConfigTextError for an unreadable file, for a configuration of pulsar2, and as `parse_config` does.
    """
    read = config_text(path)
    refuse_other(read.text, str(path))
    config, warnings = parse_config(read.text, str(path))
    return config, (*not_utf8(path, read), *warnings)


def not_utf8(path: Path, read: Decoded) -> tuple[str, ...]:
    """What is said of a file that a toolchain on Linux may not take."""
    if not read.said:
        return ()
    return (say("{path}: {said}; save it as UTF-8, as the toolchain reads it", path=path, said=read.said),)


def config_text(path: Path) -> Decoded:
    """What a configuration's file holds, without a byte order mark, lines ended by line feeds. Raises ConfigTextError
    for an unreadable file."""
    try:
        data = read_regular(path, MAX_CONFIG_BYTES)
    except OSError as error:
        raise ConfigTextError(
            f"the configuration {path} can't be read: {error.strerror or error}", next_step="check --config"
        ) from error
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigTextError(
            f"{path} has more than {MAX_CONFIG_BYTES} bytes; no configuration is that long",
            next_step="give config.prototxt as --config",
        )
    try:
        read = Decoded(data.decode("utf-8-sig"), "UTF-8")
    except UnicodeDecodeError as error:
        if (kind := kind_of(path)) not in _TEXTS:
            raise ConfigTextError(
                f"{path}: is {kind.value}, not a configuration", next_step="give the prototxt"
            ) from error
        read = decoded(data)
        if "\ufffd" in read.text:
            line = data[: error.start].count(b"\n") + 1
            raise ConfigTextError(
                f"{path}:{line}: byte 0x{data[error.start]:02x} is not UTF-8", next_step="save the file as UTF-8 text"
            ) from error
    return read._replace(text=read.text.replace("\r\n", "\n").replace("\r", "\n"))


def store_config(path: Path, config: config_pb2.Config) -> None:
    """Write a configuration as a file. Raises ContractError as `refuse_other_config` does, and where it can't be
    written."""
    refuse_other_config(path)
    write_whole_file(path, config_file(config))


def config_file(config: config_pb2.Config) -> bytes:
    """The configuration as a file that says that axpair wrote it."""
    text = write_config(config).encode()
    return mark_line(text) + text


def refuse_other_config(path: Path) -> None:
    """Raise ContractError where something is there that axpair didn't write as it is, or that is no file."""
    check_replaceable(path)
    if not path.exists() or not path.stat().st_size:
        return
    if not is_as_written(path.read_bytes()[:MAX_CONFIG_BYTES]):
        raise ContractError(
            f"{path}: axpair didn't write that, or it was changed since, and it won't be replaced",
            next_step="move it away, or give another name",
        )
