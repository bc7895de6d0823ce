"""What the user says of single cases: expected results, those of the user's own program, golden outputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axpair_host.errors import UsageError
from axpair_host.postprocess import parse_expect
from axpair_host.postprocess.expect import FLOAT, Expected
from axpair_host.replay.cases import Case, file_digest
from axpair_host.replay.row import to_text


@dataclass(frozen=True)
class SaidOfCases:
    """By case id; cases of which nothing is said are left out."""

    expect: Mapping[str, Any] = field(default_factory=dict)
    """What the post-processor should make of it."""
    expect_leg: str = ""
    """The leg whose decision is expected of every case, instead."""
    observed: Mapping[str, Any] = field(default_factory=dict)
    """What the user's own program made of it."""
    golden: Mapping[str, Path] = field(default_factory=dict)
    """The folder with the user's own float result."""

    def expected_of(self, id_: str) -> Expected:
        """What is expected of a case."""
        return Expected(id_ in self.expect, self.expect.get(id_), self.expect_leg)

    def observed_of(self, id_: str) -> Expected:
        """What was observed of a case."""
        return Expected(id_ in self.observed, self.observed.get(id_))

    def of(self, id_: str) -> str:
        """All that is said of a case, as text that changes with it."""
        said: dict[str, Any] = {
            name: values[id_]
            for name, values in (("expect", self.expect), ("observed", self.observed))
            if id_ in values
        }
        if self.expect_leg:
            said["expect_leg"] = self.expect_leg
        if place := self.golden.get(id_):
            files = sorted(place.iterdir()) if place.is_dir() else [place]
            said["golden"] = {path.name: file_digest(path) for path in files if path.is_file()}
        return to_text(said) if said else ""


def read_said(cases: Sequence[Case], *, expect: str | None, observed: str | None, golden: Path | None) -> SaidOfCases:
    """Read --expect and --observed (a JSON object from case id to result, or a file with one) and --golden.

    F as --expect stands for what the post-processor makes of each case's float outputs.
    Below --golden, a folder of a case's id or of its escaped id, or such an .npz, holds that case's tensors.
    Raises UsageError on anything else, and on ids that no case has.
    """
    is_float = expect == FLOAT
    return SaidOfCases(
        expect=_results(cases, "--expect", None if is_float else expect),
        expect_leg="onnx" if is_float else "",
        observed=_results(cases, "--observed", observed),
        golden=_golden(cases, golden),
    )


def _results(cases: Sequence[Case], option: str, text: str | None) -> Mapping[str, Any]:
    if text is None:
        return {}
    results = parse_expect(text)
    if not isinstance(results, dict):
        raise UsageError(
            f"{option} {text}: a replay takes a JSON object from case id to result",
            next_step=f"write it as {{{to_text(cases[0].id)}: ..., ...}}, best into a file",
        )
    if strangers := sorted(set(results) - {case.id for case in cases}):
        raise UsageError(
            f"{option} {text}: no case has the id {strangers[0]!r}", next_step=f"ids look like {cases[0].id!r}"
        )
    return results


def _golden(cases: Sequence[Case], golden: Path | None) -> Mapping[str, Path]:
    if golden is None:
        return {}
    found = {
        case.id: place
        for case in cases
        for place in (golden / case.id, golden / case.folder, golden / f"{case.folder}.npz")
        if place.is_dir() or (place.suffix == ".npz" and place.is_file())
    }
    if not found:
        raise UsageError(
            f"--golden {golden}: no folder and no .npz of a case in it",
            next_step=f"put each case's tensors into a folder or .npz of its id, such as {golden / cases[0].folder}",
        )
    return found
