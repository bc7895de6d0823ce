"""The gt folder that a case goes into: what may be replaced, and what not."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from axpair_host.errors import UsageError
from axpair_host.evidence.record import FILE_NAME, CaseFacts, Record
from axpair_host.evidence.store import read_record
from axpair_host.gather.request import GatherRequest
from axpair_host.gather.storing import SOURCES, TENSOR_FOLDERS


class Target:
    """Where one case's result goes: --out and --overwrite against what lies there."""

    def __init__(self, out: Path, request: GatherRequest, *, overwrite: bool) -> None:
        """Raises UsageError where nothing can be written there, or where the case's own files would be replaced."""
        check_writable(out)
        self.path = out.resolve()
        """Links followed: it is the folder that is replaced, not the link."""
        self._out = out
        self._overwrite = overwrite
        self._is_gt = request.gt is not None and self.path == request.gt.resolve()
        """The result goes into the very folder that half of it comes from."""
        if out.is_dir():
            check_outside(out, request)

    def check_case(self, case: CaseFacts, inputs: Mapping[str, str]) -> None:
        """Raise UsageError where it holds anything but this case, unless that may be overwritten."""
        if self._overwrite or not self.path.is_dir():
            return
        found = read_record(self.path)
        if found is not None or not self._is_gt:
            check_same_case(self._out, found, case, inputs)

    def keep(self, fresh: Path) -> None:
        """Copy what lies there beside a case's own files, so that replacing the case doesn't lose it."""
        if not self.path.is_dir() or (self._overwrite and not self._is_gt):
            return
        for path in self.path.iterdir():
            if path.name == FILE_NAME:
                continue
            if path.name in TENSOR_FOLDERS and path.is_dir():
                _keep_others(path, fresh / path.name)
            elif path.is_dir() and not path.is_symlink():
                shutil.copytree(path, fresh / path.name, symlinks=True)
            else:
                shutil.copy2(path, fresh / path.name, follow_symlinks=False)


def _keep_others(folder: Path, fresh: Path) -> None:
    """Copy what in a folder of tensors is no tensor."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in (".bin", ".npy") and path.name != SOURCES:
            kept = fresh / path.relative_to(folder)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, kept, follow_symlinks=False)


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


def check_outside(out: Path, request: GatherRequest) -> None:
    """Raise UsageError where a file that the case is made from lies in `out`, or where we ourselves stand in it."""
    whole = out.resolve()
    for flag, path in (*_read_from(request), ("the working directory", Path.cwd())):
        place = path.resolve()
        if flag == "--gt" and place == whole:
            continue
        if place == whole or whole in place.parents:
            raise UsageError(
                f"--out {out}: {flag} ({path}) lies in it and would be lost when it is replaced",
                next_step="give a folder of its own with --out",
            )


def _read_from(request: GatherRequest) -> Iterator[tuple[str, Path]]:
    models = request.models
    named = [("--joint", models.joint), ("--onnx", models.onnx), ("--lava-joint", models.lava_joint)]
    named += [("--config", models.config), ("--gt", request.gt)]
    named += [("--input", file.path) for file in request.files]
    if request.gt is None:
        named.append(("--golden", request.golden))
    if request.finished is not None:
        named += [("--board-out", request.finished.folder), ("--board-log", request.finished.log)]
    for flag, path in named:
        if path is not None:
            yield flag, path
