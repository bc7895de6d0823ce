"""The gt folder that a case goes into: what may be replaced, and what not."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from axpair_proto.advice import UNKNOWN, in_other_folder, with_other
from axpair_proto.gt.marks import changed, files_written, read_mark, unchanged
from axpair_proto.names import joint_name
from axpair_proto.syncing import copy_stat

from axpair_host.errors import UsageError
from axpair_host.evidence.named import KIND, SOURCES, is_kept, named_files
from axpair_host.evidence.record import FILE_NAME, CaseFacts, Record
from axpair_host.evidence.store import read_record
from axpair_host.gather.request import GatherRequest

_GIVEN = ("input", "onnx", "lava_joint", "joint")
"""What a gt folder of the toolchain's has."""
_ADDED = ("board", "runs", "trials", "second_opinion")


class Target:
    """Where one case's result goes: --out and --overwrite against what lies there."""

    def __init__(
        self, out: Path, request: GatherRequest, *, overwrite: bool, also: Sequence[tuple[str, Path]] = ()
    ) -> None:
        """Raises UsageError where nothing can be written there, or where the case's own files, or `also` (option and
        path), lie in it.
        """
        check_writable(out)
        if is_kept(out):
            raise UsageError(
                f"--out {out}: lies among the cases that a replay's run keeps, and is its evidence",
                next_step="give another folder with --out",
            )
        self.path = out.resolve()
        """Links followed: it is the folder that is replaced, not the link."""
        self._out = out
        self._overwrite = overwrite
        self._is_gt = request.gt is not None and self.path == request.gt.resolve()
        """The result goes into the very folder that half of it comes from."""
        if out.is_dir():
            check_outside(out, request, also)

    def check_case(self, case: CaseFacts, inputs: Mapping[str, str]) -> None:
        """Raise UsageError where it holds anything but this case of ours, or but another of ours that may be
        overwritten, and where a file of ours was changed by someone since."""
        if not self.path.is_dir() or not any(self.path.iterdir()):
            return
        mark = read_mark(self.path)
        is_ours = mark is not None and mark.kind == KIND
        found = None if is_ours and self._overwrite else read_record(self.path)
        if not self._is_gt or found is not None:
            check_same_case(self._out, found, case, inputs, is_ours=is_ours, overwrite=self._overwrite)
        self._refuse_changed(mark.files if mark is not None else named_files(self.path))

    def begin(self, fresh: Path) -> None:
        """Where the case's simulated half lies in the target and isn't ours, put it into `fresh` as it is."""
        if not self._is_gt:
            return
        ours = self._ours()
        for leg in _GIVEN:
            folder = self.path / leg
            files = files_written(folder) if folder.is_dir() and not folder.is_symlink() else {}
            named = [name for name in files if _is_tensor(name) or name == SOURCES]
            theirs = {joint_name(name) for name in named if f"{leg}/{name}" not in ours}
            # Another program's file of the same tensor, under the ONNX model's spelling, takes the place of ours.
            named = [name for name in named if f"{leg}/{name}" not in ours or joint_name(name) not in theirs]
            if any(f"{leg}/{name}" not in ours for name in named):
                (fresh / leg).mkdir()
                for name in (one for one in named if "/" not in one):
                    shutil.copyfile(folder / name, fresh / leg / name)
                    copy_stat(folder / name, fresh / leg / name)

    def _refuse_changed(self, files: Mapping[str, str]) -> None:
        """Bytes that someone put in place of ours are theirs."""
        found = [name for name in changed(self.path, files) if not (self._is_gt and name.partition("/")[0] in _GIVEN)]
        if self._is_gt:
            ours = unchanged(self.path, files)
            found += [name for name in _tensors_in(self.path, _ADDED) if name not in ours]
        if found:
            raise UsageError(
                f"--out {self._out}: {', '.join(found[:3])}{', ...' if found[3:] else ''}: axpair didn't write it, or "
                "it was changed since, and it won't be replaced",
                next_step=in_other_folder("--out", self._out, "move it elsewhere, or give another folder:"),
            )

    def _ours(self) -> Mapping[str, str]:
        mark = read_mark(self.path)
        return unchanged(self.path, mark.files if mark is not None else named_files(self.path))


def _tensors_in(folder: Path, names: tuple[str, ...]) -> list[str]:
    return [
        f"{name}/{below}"
        for name in names
        if (folder / name).is_dir() and not (folder / name).is_symlink()
        for below in files_written(folder / name)
        if _is_tensor(below)
    ]


def _is_tensor(name: str) -> bool:
    return name.endswith((".bin", ".npy"))


def check_writable(out: Path) -> None:
    """Raise UsageError where `out` can't be made or replaced; nothing is left behind."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: is a file", next_step=in_other_folder("--out", out))
    parent = out.absolute().parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        raise UsageError(f"--out {out}: {parent} is a file, no folder can be made in it")
    try:
        Path(tempfile.mkdtemp(prefix=".axpair-", dir=parent)).rmdir()  # permissions alone don't tell
    except OSError as error:
        raise UsageError(
            f"--out {out}: {parent} can't be written: {error.strerror}",
            next_step=with_other("--out", UNKNOWN["folder"]),
        ) from error


_OR_OVERWRITE = "with another folder (or --overwrite, which replaces what axpair wrote there):"


def check_same_case(
    out: Path,
    found: Record | None,
    case: CaseFacts,
    inputs: Mapping[str, str],
    *,
    is_ours: bool = False,
    overwrite: bool = False,
) -> None:
    """Raise UsageError where `out` holds anything but this case; `inputs` is the sha256 of each input by name.

    `found` is the record in `out`, None where it holds none. A case is the same when model, configuration and inputs
    have the same digests. Another case of ours (`is_ours`: its mark says so) may be overwritten.
    """
    if not out.is_dir() or not any(out.iterdir()):
        return
    if found is None and not is_ours:
        raise UsageError(
            f"--out {out}: holds files that aren't a case of axpair's; the case {case.id!r} won't replace them",
            next_step=in_other_folder("--out", out),
        )
    if overwrite:
        return
    if found is None:
        raise UsageError(
            f"--out {out}: there is no readable {FILE_NAME} any more, so what case it holds isn't known",
            next_step=in_other_folder("--out", out, _OR_OVERWRITE),
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
            next_step=in_other_folder("--out", out, _OR_OVERWRITE),
        )


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "none"


def check_outside(out: Path, request: GatherRequest, also: Sequence[tuple[str, Path]] = ()) -> None:
    """Raise UsageError where a file that the case is made from lies in `out`, or where we ourselves stand in it."""
    whole = out.resolve()
    for flag, path in (*_read_from(request), *also, ("the working directory", Path.cwd())):
        place = path.resolve()
        if flag == "--gt" and place == whole:
            continue
        if place == whole or whole in place.parents:
            raise UsageError(
                f"--out {out}: {flag} ({path}) lies in it and would be lost when it is replaced",
                next_step=in_other_folder("--out", out, "with a folder of its own:"),
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
