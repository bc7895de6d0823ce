"""Files that nobody here made: each one asked for what it is, and whether what was said is right.

The files are those of the folder that AXPAIR_REAL_FILES names (../shared/data unless said): published joints and
configurations, logs, metadata of axmodels, and cases that users met. Then made-up cases in the real ones' form, by the
hundred, of which none may accuse anybody.
"""

import argparse
import contextlib
import io
import json
import os
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from axpair_host.main import run
from axpair_proto.joint import read_joint, toolchain_of
from axpair_proto.topology import topology_pb2

from benchmarks.campaign.real_form import Finished, finished_run, made_up_topology

REAL = Path(os.environ.get("AXPAIR_REAL_FILES") or Path(__file__).parents[3] / "shared" / "data")
OTHER = "0.5.9.1\nabcdef01"
"""A toolchain that built none of the published joints."""


@dataclass(frozen=True)
class Row:
    """One file, or one case."""

    file: str
    asked: str
    right: str
    said: str
    held: bool


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    output: str
    errors: str

    @property
    def whole(self) -> str:
        return self.output + self.errors


def main(arguments: Sequence[str]) -> int:
    """Print a row for each file and case; 1 where anything said isn't right, 3 where the files aren't there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks campaign files", description=__doc__)
    parser.add_argument("--made-up", type=int, default=1000, metavar="N", help="cases in the real form (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    if not (REAL / "real-joints").is_dir():
        print(f"{REAL}: published files aren't there; AXPAIR_REAL_FILES says where they lie", file=sys.stderr)
        return 3
    print("| file | asked | right | said | held |\n|---|---|---|---|---|")
    wrong = 0
    with TemporaryDirectory(prefix="axpair-files-") as name:
        for row in rows(Path(name)):
            wrong += not row.held
            print(
                f"| {row.file} | {row.asked} | {row.right} | {row.said} | {'yes' if row.held else '**no**'} |",
                flush=True,
            )
        accused = made_up(Path(name) / "made-up", given.made_up, given.seed)
    print(f"\nmade-up cases in the real form: {given.made_up}, accusing anybody: {len(accused)}")
    for text in accused[:10]:
        print(f"  {text}")
    return 1 if wrong or accused else 0


def rows(folder: Path) -> Iterator[Row]:
    """Every file and field case."""
    yield from _joints(folder / "joints")
    yield from _configurations()
    yield from _logs(folder / "logs")
    yield from _axmodels(folder / "axmodels")
    yield from _field_cases(folder / "cases")


def made_up(folder: Path, count: int, seed: int) -> list[str]:
    """Healthy runs of joints that the campaign makes up; a sentence for each that isn't PASS."""
    accused = []
    for index in range(count):
        random = np.random.default_rng((seed, index))
        topology, names, shapes = made_up_topology(random)
        case = finished_run(folder, topology, random, shapes, names)
        said = _pair(case, case.log(topology.tool_commit))
        if said.code != 0 or '"verdict": "PASS"' not in said.output or '"AX109"' in said.output:
            accused.append(f"seed {seed}, index {index}, {names}: exit {said.code}, {said.whole[-300:]}")
        shutil.rmtree(folder)
    return accused


def axpair(*arguments: str | Path) -> Said:
    """Run a command in this process."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = run([str(one) for one in arguments])
    return Said(code, output.getvalue(), errors.getvalue())


def _pair(case: Finished, log: Path | None) -> Said:
    flags: list[str | Path] = ["--joint", case.folder / "m.joint", "--gt", case.folder / "gt"]
    flags += ["--board-out", case.folder / "out", "--out", case.folder / "paired", "--json"]
    if log is not None:
        flags += ["--board-log", log]
    return axpair("pair", *flags)


def _judged(said: Said) -> str:
    if not said.output:
        return f"exit {said.code}: {said.errors.strip()[:120]}"
    document = json.loads(said.output)
    codes = [one["code"] for one in document.get("findings", ())]
    warned = [one["code"] for one in document.get("warnings", ())]
    return " ".join([document["verdict"], *codes, *(f"(warning {code})" for code in warned)])


def topologies() -> dict[str, topology_pb2.Topology]:
    """Of the published joints, by name."""
    found = {}
    for path in sorted((REAL / "real-joints" / "topologies").glob("*/topo.bin")):
        found[path.parent.name] = topology_pb2.Topology.FromString(path.read_bytes())
    return found


def _joints(folder: Path) -> Iterator[Row]:
    for path in sorted((REAL / "real-joints").glob("*.joint")):
        said, archive = axpair("model", "info", path), read_joint(path, wanted=())
        held = said.code == 0 and archive.toolchain.commit in said.output
        held = held and all(name in said.output for name in (*archive.input_names, *archive.output_names))
        yield Row(
            path.name, "model info", "release, commit, parts, names, colors, shapes", said.output.split("\n")[0], held
        )
    for name, topology in topologies().items():
        random = np.random.default_rng(1)
        case = finished_run(folder / name, topology, random)
        own, known = toolchain_of(topology.tool_commit), bool(str(toolchain_of(topology.tool_commit)))
        healthy = _judged(_pair(case, case.log(topology.tool_commit)))
        yield Row(name, f"healthy run, log of {own or 'Unknown'}", "PASS", healthy, healthy == "PASS")
        other = _judged(_pair(case, case.log(OTHER)))
        right = "PASS (warning AX109)" if known else "PASS"
        yield Row(name, "equal bytes, log of another release", right, other, other == right)
        case.dump({key: array + np.float32(1) for key, array in case.outputs.items()})
        differing = _pair(case, case.log(OTHER))
        codes = _judged(differing)
        held = ("AX109" in codes) is known and codes.startswith(("FAULT", "INCONCLUSIVE"))
        said_open = known or "couldn't be compared" in differing.output
        right = "FAULT AX109" if known else "no AX109, and that releases couldn't be compared"
        yield Row(name, "other bytes, log of another release", right, codes, held and said_open)


def _configurations() -> Iterator[Row]:
    for path in sorted((REAL / "real-joints" / "config").glob("*.prototxt")):
        said = axpair("lint", path)
        yield Row(
            path.name, "lint, unchanged", "exit 0, its hints", f"exit {said.code}, {_first(said)}", said.code == 0
        )
    for path in sorted((REAL / "pulsar2-configs").glob("*.json")):
        said = axpair("lint", path)
        strict = axpair("lint", path, "--strict").code
        text = f"exit {said.code}, with --strict {strict}, {_first(said)}"
        yield Row(path.name, "lint", "exit 0, its traps; nothing silently green", text, said.code == 0 and strict == 1)


def _first(said: Said) -> str:
    lines = [line.strip() for line in said.whole.splitlines() if line.strip()]
    return lines[0][:100] if lines else "nothing"


def _logs(folder: Path) -> Iterator[Row]:
    topology = topology_pb2.Topology(input_names=["in"], output_names=["out"], tool_commit="Unknown")
    case = finished_run(folder, topology, np.random.default_rng(2))
    for path in sorted((REAL / "logs").glob("ax_run_model*.log")):
        said = _pair(case, path)
        held = _judged(said) == "PASS" and "log of ax_run_model" in said.output
        held = held and "whether the board was handed this input isn't known" in said.output
        yield Row(path.name, "as --board-log", "PASS, log recognized, input not known", _judged(said), held)
    for path in sorted((REAL / "logs").glob("build-*.log")):
        said = axpair("layers", "--build-log", path)
        table = "Precision Table" in path.read_text(encoding="utf-8", errors="replace")
        held = (
            (said.code in (0, 1) and "onnx" in said.output) if table else (said.code == 2 and "pulsar2" in said.errors)
        )
        right = "the table's layers" if table else "a log of pulsar2 without the table, and how to get it"
        yield Row(path.name, "layers --build-log", right, f"exit {said.code}, {_first(said)}", held)


def _axmodels(folder: Path) -> Iterator[Row]:
    from benchmarks.campaign.axmodels import write_axmodel

    folder.mkdir(parents=True)
    for path in sorted((REAL / "axmodels").glob("ax6*.json")):
        facts = json.loads(path.read_text())
        model = write_axmodel(folder / f"{path.stem}.axmodel", facts)
        said = axpair("model", "info", model)
        version = facts["doc_string"].split("Version:")[1].split()[0]
        held = said.code == 0 and f"release {version}" in said.output
        yield Row(path.name, "model info", f"release {version}, names, dtypes, shapes, target", _first(said), held)


def _field_cases(folder: Path) -> Iterator[Row]:
    for name, check in _CASES.items():
        place = folder / name
        shutil.copytree(REAL / "field-cases" / name, place)
        right, said, held = check(place)
        yield Row(name, "field case", right, said, held)


def _made(place: Path, script: str = "make.py") -> None:
    """Run a case's own script in its folder."""
    before, path = Path.cwd(), list(sys.path)
    os.chdir(place)
    sys.path.insert(0, str(place))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(script, run_name="__main__")
    finally:
        os.chdir(before)
        sys.path[:] = path


def _finished(place: Path, *more: str | Path) -> Said:
    return axpair(
        *("pair", "--joint", place / "m.joint", "--gt", place / "gt", "--board-out", place / "out"),
        *("--out", place / "paired", "--json", *more),
    )


def _case_01(place: Path) -> tuple[str, str, bool]:
    _made(place)
    said = _judged(_finished(place, "--board-log", place / "run.log"))
    return "PASS", said, said == "PASS"


def _case_02(place: Path) -> tuple[str, str, bool]:
    said = axpair("lint", place / "config.prototxt")
    return "goes on; NATIVE has no effect here", _first(said), said.code == 0 and "NATIVE" in said.whole


def _case_03(place: Path) -> tuple[str, str, bool]:
    said = axpair("lint", place / "config.prototxt")
    held = said.code == 0 and "0.225" in said.whole and "BGR" in said.whole
    return "two hints, and that the set wasn't looked at", _first(said), held


def _case_04(place: Path) -> tuple[str, str, bool]:
    shutil.copytree(
        REAL / "field-cases" / "01-real-tool-version", place.parent / "01-real-tool-version", dirs_exist_ok=True
    )
    _made(place)
    said = _judged(_finished(place))
    compared = axpair("compare", place / "gt" / "joint", place / "out").code
    return "PASS, compare too", f"{said}, compare exit {compared}", said == "PASS" and compared == 0


def _case_05(place: Path) -> tuple[str, str, bool]:
    _made(place)
    said = _judged(_finished(place))
    return "AX314", said, "AX314" in said and "AX306" not in said


def _case_06(place: Path) -> tuple[str, str, bool]:
    _made(place, "make_axmodel.py")
    lint, info = axpair("lint", place / "config.json"), axpair("model", "info", place / "m.axmodel")
    refused = axpair("pair", "--joint", place / "m.axmodel", "--input", place / "m.axmodel")
    held = lint.code == 0 and info.code == 0 and "release 4.0" in info.output and ".axmodel" in refused.errors
    return "each named and read", f"lint {lint.code}, info {_first(info)}", held


def _case_07(place: Path) -> tuple[str, str, bool]:
    base = place.parent / "07-base"
    shutil.copytree(REAL / "field-cases" / "01-real-tool-version", base)
    script = (base / "make.py").read_text().replace('TOOLS = "0.6.1.4\\n59588c54"', 'TOOLS = "Unknown"')
    (base / "make.py").write_text(script)
    _made(base)
    (place / "hello.log").write_text("hello\n")
    said = {
        path.name: _finished(base, "--board-log", path)
        for path in sorted(place.glob("*.log"))
        if "build" not in path.name
    }
    known = all("whether the board was handed this input isn't known" in one.output for one in said.values())
    nothing = "nothing in this log is known" in said["hello.log"].output
    layers = axpair("layers", "--build-log", place / "pulsar2_build.log")
    held = known and nothing and layers.code == 1 and all(_judged(one) == "PASS" for one in said.values())
    return "what is recognized is said; the table is read", f"PASS x{len(said)}, {_first(layers)}", held


def _case_08(place: Path) -> tuple[str, str, bool]:
    base = place.parent / "08-base"
    shutil.copytree(REAL / "field-cases" / "01-real-tool-version", base)
    _made(base)
    (base / "empty").mkdir()
    flags: list[str | Path] = ["--joint", base / "m.joint", "--gt", base / "gt", "--board-out", base / "empty"]
    said = _judged(axpair("pair", *flags, "--board-log", place / "fail.log", "--out", base / "paired", "--json"))
    return "AX309", said, said.startswith("FAULT AX309")


_CASES: dict[str, Callable[[Path], tuple[str, str, bool]]] = {
    "01-real-tool-version": _case_01,
    "02-ir-type-native": _case_02,
    "03-lint-without-set": _case_03,
    "04-dot-colon": _case_04,
    "05-axe-tail": _case_05,
    "06-pulsar2-files": _case_06,
    "07-log-of-another-tool": _case_07,
    "08-failed-run": _case_08,
}
"""The others (09 to 14) are of a model's loss and of decisions; 15 and 18 need a build and are tests of their own."""
