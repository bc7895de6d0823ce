"""The gt folder that a case goes into: what may be replaced, and what not."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from axpair_host.errors import UsageError
from axpair_host.evidence.record import CaseFacts, Record


def check_writable(out: Path) -> None:
    """Raise UsageError where `out` can't be made or replaced; nothing is left behind."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: is a file", next_step="give a folder that doesn't exist yet")
    parent = out.absolute().parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        raise UsageError(f"--out {out}: {parent} is a file, no folder can be made in it")
    try:
        Path(tempfile.mkdtemp(prefix=".axpair-", dir=parent)).rmdir()  # permissions alone don't tell
    except OSError as error:
        raise UsageError(
            f"--out {out}: {parent} can't be written: {error.strerror}", next_step="give another folder with --out"
        ) from error


def check_same_case(out: Path, found: Record | None, case: CaseFacts, inputs: Mapping[str, str]) -> None:
    """Raise UsageError where `out` holds anything but this case; `inputs` is the sha256 of each input by name.

    `found` is the record in `out`, None where it holds none. A case is the same when model, configuration and inputs
    have the same digests.
    """
    if not out.is_dir() or not any(out.iterdir()):
        return
    if found is None:
        raise UsageError(
            f"--out {out}: holds files that aren't a case of axpair's; the case {case.id!r} won't replace them",
            next_step="give another folder, or --overwrite to replace everything in it",
        )
    reasons = []
    if found.case.joint_sha256 != case.joint_sha256:
        reasons.append(f"joint {found.case.joint_sha256[:12]} against {case.joint_sha256[:12]}")
    if found.case.config_sha256 != case.config_sha256:
        reasons.append(f"configuration {_short(found.case.config_sha256)} against {_short(case.config_sha256)}")
    there = {one.name: one.sha256 for one in found.inputs}
    for name in dict.fromkeys((*there, *inputs)):
        if there.get(name) != inputs.get(name):
            reasons.append(f"input {name!r} {_short(there.get(name))} against {_short(inputs.get(name))}")
    if reasons:
        raise UsageError(
            f"--out {out}: holds the case {found.case.id!r}, which isn't this case {case.id!r}: {'; '.join(reasons)}",
            next_step="give another folder, or --overwrite to replace it",
        )


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "none"
