"""Files that the user names, checked before any work."""

from pathlib import Path

import msgspec
from axpair_proto.simulator import Models

from axpair_host.errors import UsageError


def existing_file(flag: str, path: Path) -> Path:
    """Return `path`. Raises UsageError where it is missing, a folder, unreadable or empty."""
    try:
        if path.is_dir():
            raise UsageError(f"{flag} {path}: is a folder, expected a file")
        with path.open("rb") as stream:
            empty = not stream.read(1)
    except OSError as error:
        raise UsageError(f"{flag} {path}: {error.strerror or error}", next_step="check the path") from error
    if empty:
        raise UsageError(f"{flag} {path}: is empty (0 bytes)", next_step="copy or build it again")
    return path


def is_document(path: Path) -> bool:
    """Whether a file is a JSON document of ours: an object with schema_version."""
    try:
        return "schema_version" in msgspec.json.decode(path.read_bytes(), type=dict)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def given_models(joint: Path, onnx: Path | None, lava_joint: Path | None, config: Path | None) -> Models:
    """The files of one conversion, checked; without --config the output_config.prototxt beside the joint counts.

    Raises UsageError as `existing_file` does.
    """
    existing_file("--joint", joint)
    for flag, path in (("--onnx", onnx), ("--lava-joint", lava_joint), ("--config", config)):
        if path is not None:
            existing_file(flag, path)
    beside = joint.with_name("output_config.prototxt")
    return Models(joint, onnx, lava_joint, config or (beside if beside.is_file() else None))
