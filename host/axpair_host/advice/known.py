"""What is known of a case that was gathered: the paths of its call that still lead to the same files."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePath

from axpair_proto.advice import UNKNOWN
from axpair_proto.errors import AxpairError
from axpair_proto.filekinds import FileKind, kind_of
from axpair_proto.gt.marks import read_mark
from axpair_proto.regular import FileState, file_state
from axpair_proto.text import json_text

from axpair_host.advice.commands import Known
from axpair_host.digests import file_sha256
from axpair_host.evidence.named import is_kept
from axpair_host.evidence.record import Called, Record

DEFAULT_BOARD = "emulator:"
_HARMLESS = {
    "--atol",
    "--deadline",
    "--expect",
    "--golden",
    "--map",
    "--observed",
    "--other",
    "--post-pattern",
    "--repeat",
    "--resize",
    "--rtol",
}
"""Options that run no program and reach no other machine, whoever wrote them."""
_RUNS = {"--postprocess": UNKNOWN["postprocess"], "--preprocess": UNKNOWN["preprocess"]}


def known_of(record: Record, gt: Path | None, *, is_ours: bool | None = None) -> Known:
    """Of a case whose gt folder lies at `gt`; None where nothing serves as one, as in an archive.

    A path counts as the user named it, from here or from a folder above the gt folder, where the same file lies there.
    A command is pasted unread, so programs and boards are taken from a folder that was written here and nowhere else:
    `is_ours`, or as its mark says.
    """
    if is_ours is None:
        is_ours = gt is not None and read_mark(gt) is not None
    called, facts = record.called or Called(), record.case
    places = _places(gt)
    inputs: tuple[tuple[str, Path], ...] = ()
    if not called.gt:
        sources = [(one.name, _found(one.source, places)) for one in record.inputs]
        if all(path is not None for _, path in sources):
            inputs = tuple((name, path) for name, path in sources if path is not None)
    joint = _found(called.joint, places, facts.joint_sha256)
    canary = _found(record.canary.gt, places) if record.canary is not None else None
    return Known(
        joint=joint,
        onnx=_found(called.onnx, places, facts.onnx_sha256),
        lava_joint=_found(called.lava_joint, places, facts.lava_joint_sha256),
        lava_beside=_lava_beside(joint) if not called.lava_joint else None,
        config=_found(called.config, places, facts.config_sha256),
        inputs=inputs,
        fed=_fed(record, gt),
        gt=gt,
        is_kept=gt is not None and is_kept(gt),
        board=_board(record, is_ours),
        finished=_finished(called, places),
        options=_options(record) if is_ours else _harmless(_options(record)),
        canary=canary,
    )


def _places(gt: Path | None) -> tuple[Path, ...]:
    return (Path(), *(gt.parents if gt is not None else ()))


def _found(named: str, places: tuple[Path, ...], sha256: str | None = None) -> Path | None:
    """The first that is there and, where its digest is known, has it."""
    if not named:
        return None
    for path in dict.fromkeys(place / named for place in places):
        try:
            if path.exists() and (not sha256 or _digest(path) == sha256):
                return path
        except (OSError, ValueError, AxpairError):
            continue
    return None


def _lava_beside(joint: Path | None) -> Path | None:
    """What a build leaves there: the same name with another suffix."""
    path = joint.with_suffix(".lava_joint") if joint is not None else None
    try:
        return path if path is not None and kind_of(path) is FileKind.LAVA_JOINT else None
    except (OSError, AxpairError):
        return None


def _digest(path: Path) -> str:
    return _digest_of(path, file_state(path))


@lru_cache(maxsize=32)
def _digest_of(path: Path, state: FileState) -> str:
    """Of a file as it was then: all cases of a replay have the same models."""
    return file_sha256(path)


def _fed(record: Record, gt: Path | None) -> tuple[tuple[str, Path], ...]:
    if gt is None:
        return ()
    found = [(one.name, gt / "input" / f"{one.file}.bin") for one in record.inputs]
    return tuple(found) if all(_is_inside(one.file) for one in record.inputs) else ()


def _is_inside(stem: str) -> bool:
    """A name from a file: it becomes a path only where it can't lead anywhere else."""
    return bool(stem) and PurePath(stem).name == stem


def _board(record: Record, is_ours: bool) -> str:
    if record.called is not None:
        url = record.called.board
    else:
        url = record.board.url if record.board is not None else ""
        url = "" if " " in url else url
    if url in ("", DEFAULT_BOARD):
        return ""
    return url if is_ours else UNKNOWN["url"]


def _finished(called: Called, places: tuple[Path, ...]) -> tuple[str, ...]:
    folder = _found(called.board_out, places)
    if folder is None:
        return ()
    log = _found(called.board_log, places)
    return ("--board-out", str(folder), *(("--board-log", str(log)) if log is not None else ()))


def _options(record: Record) -> tuple[str, ...]:
    """What the case was called with; of a replay's case what was said of it alone."""
    options = record.called.options if record.called is not None else ()
    return (*options, *(word for one in _said(record) if one[0] not in options for word in one))


def _harmless(options: tuple[str, ...]) -> tuple[str, ...]:
    """Options come in pairs with their values."""
    pairs = zip(options[::2], options[1::2], strict=False)
    kept = ((name, _RUNS.get(name, value)) for name, value in pairs if name in _HARMLESS or name in _RUNS)
    return tuple(word for pair in kept for word in pair)


def _said(record: Record) -> Iterator[tuple[str, str]]:
    if record.postprocess is not None:
        yield "--postprocess", record.postprocess.spec
    if record.has_expect:
        yield "--expect", "F" if record.expect_leg else json_text(record.expect, indent=None)
    if record.has_observed:
        yield "--observed", json_text(record.observed, indent=None)
