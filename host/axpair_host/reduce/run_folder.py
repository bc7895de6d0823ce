"""A run's smallest subset as a folder of its own: cases to replay, gt folders to judge, and why each was kept."""

import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from axpair_proto.advice import in_other_folder
from axpair_proto.gt.folders import whole_folder
from axpair_proto.gt.listing import copy_written, refuse_within_ours
from axpair_proto.names import gt_file_stem
from axpair_proto.text import json_text, printable
from msgspec.structs import replace

from axpair_host.digests import file_sha256
from axpair_host.documents.json_form import json_form
from axpair_host.documents.reduced import SCHEMA_VERSION, CaseFile, CopiedFile, KeptCase, ReducedRun
from axpair_host.errors import EvidenceError, UsageError
from axpair_host.evidence.folder import inside
from axpair_host.evidence.named import named_files
from axpair_host.evidence.record import InputFacts, Record
from axpair_host.evidence.store import read_record
from axpair_host.reduce.run_cases import Chosen, choose
from axpair_host.replay.cases import Case
from axpair_host.replay.keeping import wrong_with
from axpair_host.replay.pins import refuse_damaged
from axpair_host.replay.row import Row
from axpair_host.replay.said import SaidOfCases
from axpair_host.replay.store import open_run

MANIFEST = "manifest.json"
_MODELS = {"joint": "--joint", "onnx": "--onnx", "lava_joint": "--lava-joint", "config": "--config"}
_OPTIONS = {"repeat": "--repeat", "atol": "--atol", "rtol": "--rtol", "post_pattern": "--post-pattern"}


def reduce_run(folder: Path, out: Path, models: Mapping[str, Path]) -> ReducedRun:
    """Write the run's smallest subset into `out` and return the manifest; the run stays as it is.

    `models` are files to put beside it, by their names in the run's header. Nothing is written where nothing was found.
    Raises UsageError where `out` holds something, `folder` is no run, or a model isn't the run's.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"--out {out}: holds something already", next_step=in_other_folder("--out", out))
    refuse_within_ours(out)
    with open_run(folder) as run:
        header, rows, damaged = run.header(), run.rows(), run.damaged()
    refuse_damaged(header, len(rows) + len(damaged), str(folder))
    _refuse_other_models(header, models, folder)
    kept = {row.id: folder / row.kept for row in rows if row.kept and not wrong_with(folder, row)}
    records = {id_: record for id_, path in kept.items() if (record := read_record(path)) is not None}
    sizes = {id_: sum(path.stat().st_size for path in _files(kept[id_] / "input")) for id_ in records}
    chosen = choose(rows, sizes)
    document = _document(folder, out, header, len(rows), chosen, damaged)
    if not chosen.kept:
        return document
    with whole_folder(out, "reduced") as fresh:
        document = replace(
            document,
            kept=tuple(_write_case(row, kept[row.id], records[row.id], fresh) for row in chosen.kept),
            models={key: _copied(path, fresh / "models" / path.name, fresh) for key, path in models.items()},
        )
        said = _write_said(fresh, {one.replay_id: records[one.id] for one in document.kept})
        _write_json(fresh / MANIFEST, json_form(document))
        (fresh / "README.txt").write_text(_readme(document, header, said), encoding="utf-8")
    return document


def _refuse_other_models(header: Mapping[str, str], models: Mapping[str, Path], run: Path) -> None:
    for key, path in models.items():
        digest = file_sha256(path)
        if digest != header.get(key, ""):
            theirs = f"sha256 {header[key][:12]}" if header.get(key) else "none"
            raise UsageError(
                f"{_MODELS[key]} {path}: sha256 {digest[:12]}, but {run} was made with {theirs}",
                next_step="give the run's own models, or none",
            )


def _document(
    folder: Path, out: Path, header: Mapping[str, str], cases: int, chosen: Chosen, damaged: Iterable[str]
) -> ReducedRun:
    return ReducedRun(
        schema_version=SCHEMA_VERSION,
        of="run",
        verdict=chosen.verdict,
        source=str(folder),
        out=str(out) if chosen.kept else None,
        run={printable(key): printable(value) for key, value in header.items()},
        cases=cases,
        passed=chosen.passed,
        undecided=chosen.undecided,
        unusable=chosen.unusable,
        without_evidence=chosen.without_evidence,
        findings=chosen.distinct,
        kept=(),
        models={},
        damaged=tuple(damaged),
    )


def _write_case(row: Row, gt: Path, record: Record, fresh: Path) -> KeptCase:
    """Copy a case's files and its gt folder; the entry of the manifest."""
    stem = gt_file_stem(row.id)
    place = fresh / "gt" / stem
    place.mkdir(parents=True)
    copy_written(gt, place, named_files)
    sources = _unchanged_sources(row, record)
    files, ids = [], set()
    for one in record.inputs:
        source = sources.get(one.name) or place / "input" / f"{inside(one.file)}.bin"
        if not source.is_file():
            raise EvidenceError(f"{source}: the case's input is gone", next_step="replay the case again")
        where = _place(row.id, one, len(record.inputs), "" if one.name in sources else ".bin")
        target = fresh / "cases" / where
        ids.add((where if len(record.inputs) == 1 else where.parent).as_posix())
        copied = _copied(source, target, fresh)
        files.append(CaseFile(one.name, one.name in sources, copied.path, copied.sha256, copied.bytes))
    return KeptCase(
        id=row.id,
        replay_id=ids.pop() if ids else "",
        verdict=row.verdict,
        files=tuple(files),
        gt=place.relative_to(fresh).as_posix(),
        gt_sha256={path.relative_to(place).as_posix(): file_sha256(path) for path in _files(place)},
    )


def _unchanged_sources(row: Row, record: Record) -> dict[str, Path]:
    """The user's own files, where they are still what the case was made from; else nothing."""
    files = {one.name: Path(one.source) for one in record.inputs if one.source}
    said = SaidOfCases(
        expect={row.id: record.expect} if record.has_expect else {},
        expect_leg=record.expect_leg,
        observed={row.id: record.observed} if record.has_observed else {},
    )
    if len(files) < len(record.inputs) or not all(path.is_file() for path in files.values()):
        return {}
    return files if Case(row.id, files, "").digest(said.of(row.id)) == row.source_sha256 else {}


def _place(id_: str, one: InputFacts, inputs: int, suffix: str) -> PurePosixPath:
    """Below cases/, so that a replay finds the case under its id where that can be a path."""
    path = PurePosixPath(id_)
    plain = not path.is_absolute() and all(gt_file_stem(part) == part and part[:1] != "." for part in path.parts)
    where = path if plain and path.parts else PurePosixPath(gt_file_stem(id_))
    if inputs > 1:
        return where / f"{one.file}{suffix or Path(one.source).suffix}"
    return where.with_name(where.name + suffix)


def _write_said(fresh: Path, records: Mapping[str, Record]) -> list[str]:
    """What was said of the cases, as files for a replay; the options that name them."""
    options = []
    for option, has, key in (("expect", "has_expect", "expect"), ("observed", "has_observed", "observed")):
        values = {id_: getattr(record, key) for id_, record in records.items() if getattr(record, has)}
        if values:
            _write_json(fresh / f"{option}.json", values)
            options += [f"--{option}", f"{option}.json"]
    if any(record.expect_leg for record in records.values()):
        options += ["--expect", "F"]
    return options


def _readme(document: ReducedRun, header: Mapping[str, str], said: Sequence[str]) -> str:
    models = [
        part
        for key, flag in _MODELS.items()
        if header.get(key)
        for part in (flag, document.models[key].path if key in document.models else f"YOUR.{key}")
    ]
    options = [part for key, flag in _OPTIONS.items() if header.get(key) for part in (flag, header[key])]
    if header.get("postprocess"):
        options += ["--postprocess", header["postprocess"].partition(" (sha256")[0]]
    board = header.get("board", "")
    again = ["axpair", "replay", "cases", "--run", "again", *models, "--board", board, *options, *said]
    lines = [
        f"Of {document.cases} cases the fewest that show every distinct finding: {len(document.kept)}.",
        "",
        *(f"{one.signature.code}  {one.kept}: {one.summary}" for one in document.findings),
        "",
        "Judge what was recorded, without a board:",
        *(f"  axpair diagnose {shlex.quote(one.gt)}" for one in document.kept),
        "Run the cases again:",
        f"  {shlex.join(again)}",
        "",
        f"{MANIFEST} says why each case was kept, which cases show the same, and the sha256 of every file.",
    ]
    return "\n".join(map(printable, lines)) + "\n"


def _copied(source: Path, target: Path, fresh: Path) -> CopiedFile:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return CopiedFile(target.relative_to(fresh).as_posix(), file_sha256(target), target.stat().st_size)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _write_json(path: Path, document: object) -> None:
    path.write_text(json_text(document) + "\n", encoding="utf-8")
