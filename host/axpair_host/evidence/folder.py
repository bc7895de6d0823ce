"""A gt folder as evidence: its record, and its tensors as they lie, read when they are asked for.

Folders of other making are read too: one that `pulsar run` wrote has no pair.json, so its record is made up from
the tensors, and what only gathering could know (rounds, digests, steps) stays unknown.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from axpair_proto.advice import UNKNOWN, Next, calling
from axpair_proto.dtypes import size_bytes
from axpair_proto.errors import ContractError
from axpair_proto.filekinds import kind_of
from axpair_proto.gt.spelling import one_spelling
from axpair_proto.gt.tensors import (
    MAX_TENSOR_BYTES,
    UnreadableTensor,
    bin_size,
    leads_out,
    read_npy,
    read_tensor,
    stem_leads_out,
    stems_below,
    stems_named,
)
from axpair_proto.names import match_stems
from axpair_proto.sentences import say

from axpair_host.digests import file_sha256
from axpair_host.errors import EvidenceError, HostError
from axpair_host.evidence.arranged import FLOAT_LEGS, as_declared, as_dumped, float_form
from axpair_host.evidence.record import LEGS, OutputFacts, Record, Round
from axpair_host.evidence.store import read_record
from axpair_host.evidence.unrecorded import record_of
from axpair_host.files import where_it_belongs

Array = np.ndarray[Any, Any]
Tensors = Mapping[str, Array]

OTHER_INPUTS = "trials/other_inputs"
"""Numbered folders of other inputs, with what simulator and board make of them."""
_UNTYPED = say("differs from joint/ as bytes, and nothing says of which dtype it is: give .npy, or --board-log")
_LINK = "a link that leads out of the gt folder, which isn't followed"


class Evidence:
    """One case: what was recorded, and the tensors. Reading them is lazy and happens once."""

    def __init__(self, path: Path, record: Record, recorded: bool) -> None:
        self.path = path
        self.record = record
        self.recorded = recorded
        """False where no pair.json was there and the record was made up from the tensors."""
        self._folders: dict[str, Tensors] = {}
        self.unread: dict[str, dict[str, str]] = {}
        """By folder and output, of the folders that were asked for so far: why a tensor that lies there isn't to be
        had. It is damaged, can't be read, or is a link that leads out of the gt folder."""
        self.dumped: dict[str, str] = {}
        """By output of board/, once that was asked for: the form in which it lies there, where that is another than
        declared and holds the same values. Only of a run that wasn't ours: what our worker read is evidence as it is.
        """

    def with_record(self, record: Record) -> "Evidence":
        """The same tensors under another record."""
        return Evidence(self.path, record, self.recorded)

    @property
    def outputs(self) -> tuple[OutputFacts, ...]:
        """The model's outputs in its order."""
        return self.record.outputs

    @property
    def legs(self) -> dict[str, Tensors]:
        """The legs that are there, by name; those without a single tensor are left out."""
        return {leg: tensors for leg in LEGS if (tensors := self.leg(leg))}

    def leg(self, leg: str) -> Tensors:
        """Output name to tensor of one leg; empty when the leg isn't there."""
        return self.tensors_in(leg)

    def tensors_in(self, folder: str) -> Tensors:
        """Output name to tensor of a folder below the gt folder, such as "runs/probe/joint"; empty when not there.

        Those that can't be read are left out, see `unread`. Raises EvidenceError when .npy and .bin disagree.
        """
        if folder not in self._folders:
            self._folders[folder] = self._read(folder)
        return self._folders[folder]

    def is_unread(self, folder: str, name: str) -> bool:
        """Whether that tensor lies there and can't be read; the folder was asked for before."""
        unread = self.unread.get(folder, {})
        return name in unread or "" in unread

    def fed_in(self, folder: str) -> Tensors:
        """Input name to tensor of a folder of the float model's own inputs, such as "golden/input"; .npy alone.

        Those that can't be read are left out, see `unread`.
        """
        found = self._stems(folder)
        stems = match_stems([one.name for one in self.record.inputs], found)
        paths = {name: found[stem] for name, stem in stems.items()}
        return self._each(folder, paths, lambda name, stem: read_npy(stem.with_name(f"{stem.name}.npy")))

    def strangers(self, leg: str) -> tuple[str, ...]:
        """Stems in a leg's folder that stand for none of the outputs."""
        found = self._stems(leg)
        return tuple(sorted(set(found) - set(self._matched(found).values())))

    @property
    def case_rounds(self) -> tuple[Round, ...]:
        """The case's rounds on the board, in order; empty when nothing is known of them."""
        board = self.record.board
        return tuple(r for r in board.rounds if r.kind == "case") if board else ()

    @property
    def probe(self) -> Round | None:
        """The probe's round, if there was one."""
        board = self.record.board
        return next((r for r in board.rounds if r.kind == "probe"), None) if board else None

    def round_output(self, round_: Round, name: str) -> Array | None:
        """One output of one round; None where its bytes weren't kept.

        A case round without a folder of its own answered as round 1 did: its bytes are those in board/.
        """
        if round_.folder and round_.folder != "board":
            kept = self.tensors_in(round_.folder).get(name)
            if kept is not None or not self._answered_as_first(round_, name):
                return kept
        elif round_.kind != "case":
            return None
        return self.leg("board").get(name)

    def other_inputs(self, name: str) -> list[tuple[Array, Array]]:
        """One output for each other input that was run: the simulator's tensor and the board's."""
        place = self.path / OTHER_INPUTS
        numbers = sorted(p.name for p in place.iterdir() if p.is_dir()) if place.is_dir() else []
        legs = [[self.tensors_in(f"{OTHER_INPUTS}/{one}/{leg}") for leg in ("joint", "board")] for one in numbers]
        return [(joint[name], board[name]) for joint, board in legs if name in joint and name in board]

    def earlier_answers(self) -> dict[str, Tensors]:
        """Answers to other inputs that lie in the folder, by a name for people: simulated first, then the board's."""
        runs = self.path / "runs"
        labels = sorted(p.name for p in runs.iterdir() if p.is_dir()) if runs.is_dir() else []
        others = [label for label in labels if not label.isdigit()]
        found: dict[str, Tensors] = {}
        for leg in ("joint", "board"):
            for label in others:
                tensors = self.tensors_in(f"runs/{label}/{leg}")
                if tensors:
                    whose = say("the probe") if label == "probe" else label
                    simulated = say("the simulated answer to {whose}", whose=whose)
                    found[simulated if leg == "joint" else say("the board's answer to {whose}", whose=whose)] = tensors
        return found

    @cached_property
    def changed_files(self) -> tuple[str, ...]:
        """Files whose digest is no longer the recorded one, those that are gone included, by path."""
        changed = []
        for name, sha256 in sorted(self.record.digests.items()):
            if self._sha256(inside(name)) != sha256:
                changed.append(name)
        return tuple(changed)

    def _answered_as_first(self, round_: Round, name: str) -> bool:
        digests = [
            {output.name: output.sha256 for output in r.outputs}.get(name) for r in (round_, *self.case_rounds[:1])
        ]
        return len(digests) == 2 and digests[0] is not None and digests[0] == digests[1]

    def _sha256(self, name: str) -> str:
        """Of a file; "" where there is none, or none that is read here: what is larger than any tensor isn't."""
        path = self.path / name
        try:
            if not path.is_file() or leads_out(path, self.path) or path.stat().st_size > MAX_TENSOR_BYTES:
                return ""
            return file_sha256(path)
        except (OSError, HostError):
            return ""

    def _stems(self, folder: str) -> Mapping[str, Path]:
        path = self.path / inside(folder)
        try:
            if not path.is_dir():
                return {}
            if leads_out(path, self.path):
                raise UnreadableTensor(f"{path}: {_LINK}")
            names = [one.name for one in self.outputs]
            found = stems_named(path, names, [one.file for one in self.outputs])
        except (OSError, UnreadableTensor) as error:  # OSError: a name that is too long
            self.unread.setdefault(folder, {}).setdefault("", str(error))
            return {}
        except ContractError as error:
            raise EvidenceError(f"{self.path}: {error.message}", next_step=error.next_step) from error
        named = [*names, *(one.file for one in self.outputs), *(one.name for one in self.record.inputs)]
        try:
            # Of a board's leftovers it is known which is whose: run_joint writes the joint's spelling.
            return one_spelling(found, named, refuses=PurePosixPath(folder).name != "board")
        except ContractError as error:
            raise EvidenceError(error.message, next_step=error.next_step) from error

    def _matched(self, found: Mapping[str, Path]) -> dict[str, str]:
        """Output name to stem: as recorded, else by the naming rules of the toolchains."""
        matched = {output.name: output.file for output in self.outputs if output.file in found}
        missing = [output.name for output in self.outputs if output.name not in matched]
        try:
            matched.update(match_stems(missing, set(found) - set(matched.values())))
        except ContractError as error:
            raise EvidenceError(f"{self.path}: {error.message}", next_step=error.next_step) from error
        return matched

    def _read(self, folder: str) -> Tensors:
        found = self._stems(folder)
        declared = {output.name: output for output in self.outputs}
        paths = {name: found[stem] for name, stem in self._matched(found).items()}
        is_board = PurePosixPath(folder).name == "board"

        def read_one(name: str, stem: Path) -> Array:
            output = declared[name]
            is_float = folder in FLOAT_LEGS
            form = float_form(stem, output.dtype, output.shape) if is_float else (output.dtype, output.shape)
            tensor = read(stem, form)
            # What a board gave is evidence as it lies.
            return tensor if is_board else as_declared(tensor, output)

        tensors = self._each(folder, paths, read_one)
        if folder in FLOAT_LEGS:
            return self._without_untyped(folder, tensors)
        return self._arranged(tensors, declared) if folder == "board" else tensors

    def _without_untyped(self, folder: str, tensors: Tensors) -> Tensors:
        """Without those that differ as bytes from the compiled model's, where nothing says what numbers they are."""
        compiled = self.leg("joint")
        for output in self.outputs:
            one, other = tensors.get(output.name), compiled.get(output.name)
            if output.is_untyped and one is not None and other is not None and one.tobytes() != other.tobytes():
                self.unread.setdefault(folder, {})[output.name] = _UNTYPED
        return {name: tensor for name, tensor in tensors.items() if not self.is_untyped(folder, name)}

    def is_untyped(self, folder: str, name: str) -> bool:
        """Whether that tensor can be read, and nothing says what numbers its bytes are."""
        return self.unread.get(folder, {}).get(name) == _UNTYPED

    def _arranged(self, tensors: Mapping[str, Array], declared: Mapping[str, OutputFacts]) -> Tensors:
        if self.record.board is not None and self.record.board.model_sha256:
            return tensors
        simulated = self.leg("joint")
        # What the run itself wrote is evidence as it lies, as of our own worker.
        written = self.record.board.written if self.record.board is not None else ()
        found = {
            name: as_dumped(tensor, declared[name].dtype, declared[name].shape, simulated.get(name))
            if name not in written
            else (tensor, "")
            for name, tensor in tensors.items()
        }
        self.dumped = {name: words for name, (_, words) in found.items() if words}
        return {name: tensor for name, (tensor, _) in found.items()}

    def _each(self, folder: str, paths: Mapping[str, Path], read_one: Callable[[str, Path], Array]) -> Tensors:
        """The tensors that can be read; of the others it is kept why not."""
        tensors = {}
        for name, stem in paths.items():
            try:
                if stem_leads_out(stem, self.path):
                    raise UnreadableTensor(f"{stem}: {_LINK}")
                tensors[name] = read_one(name, stem)
            except UnreadableTensor as error:
                self.unread.setdefault(folder, {})[name] = error.message
            except ContractError as error:
                raise EvidenceError(error.message, next_step=error.next_step) from error
        return tensors


def load(gt: Path) -> Evidence:
    """Open a gt folder, with or without pair.json. Raises EvidenceError when it holds nothing to judge."""
    if not gt.exists():
        raise EvidenceError(f"{gt}: there is no such folder", next_step="check the path")
    if not gt.is_dir():
        kind = kind_of(gt)
        next_step = where_it_belongs(gt, kind) or calling(
            *("axpair", "compare", gt, UNKNOWN["second"]), text="single tensors are compared:"
        )
        raise EvidenceError(f"{gt}: is {kind.value}, not a gt folder", next_step=next_step)
    record = read_record(gt)
    there = [leg for leg in LEGS if _has_tensors(gt, leg)]
    if not there and (record is None or record.board is None):
        raise EvidenceError(
            f"{gt}: no tensors in {', '.join(f'{leg}/' for leg in LEGS)}: nothing to judge", next_step=_advice(gt)
        )
    evidence = Evidence(gt, record or record_of(gt, there), recorded=record is not None)
    for output in evidence.outputs:
        inside(output.file)
        _bytes((output.dtype, output.shape))
    return evidence


def _has_tensors(gt: Path, leg: str) -> bool:
    try:
        return (gt / leg).is_dir() and not leads_out(gt / leg, gt) and bool(stems_below(gt / leg))
    except UnreadableTensor:
        return True  # something is there, and it is said of it that it can't be read


def inside(name: str) -> str:
    """A path from a record. Raises EvidenceError when it leads out of the gt folder, or is no path."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise EvidenceError(f"pair.json names {name!r}, which leads out of the gt folder")
    return name


def read(stem: Path, declared: tuple[str, tuple[int, ...]]) -> Array:
    """One tensor as it lies; a .bin of another size than declared comes as flat uint8, for the checks to judge.

    Raises ContractError as `read_tensor` does.
    """
    raw = stem.with_name(stem.name + ".bin")
    if not stem.with_name(stem.name + ".npy").is_file() and bin_size(raw) != _bytes(declared):
        return read_tensor(stem)
    return read_tensor(stem, declared)


def _bytes(declared: tuple[str, tuple[int, ...]]) -> int:
    try:
        return size_bytes(*declared)
    except ContractError as error:
        raise EvidenceError(f"pair.json: {error.message}") from error


def _advice(gt: Path) -> Next:
    for place, what in (
        (gt, "holds gt folders"),
        (gt / "cases", "is a replay's run, which kept failing cases"),
    ):
        found = place.iterdir() if place.is_dir() else ()
        below = sorted(one for one in found if any((one / leg).is_dir() for leg in LEGS))
        if below:
            more = f" (and {len(below) - 1} more)" if below[1:] else ""
            return calling("axpair", "diagnose", below[0], text=f"that folder {what}{more}:")
    wrote = say("give the gt folder that axpair or pulsar wrote")
    if not _has_tensors(gt.parent, gt.name):
        return Next(wrote)
    return calling("axpair", "compare", gt, UNKNOWN["second"], text=wrote + say("; tensors alone are compared:"))
