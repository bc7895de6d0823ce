"""Measures how the code is built: `python -m benchmarks house [--at COMMIT] [--trace] [--json]`.

Of the files, as they lie in the checkout or in a commit (a module is a .py file that no generator wrote):

- modules and lines of each package (host, emulator, agent, proto);
- modules with one importer: in the three packages of a product (host, emulator, agent) those that exactly one other
  module of them imports, at any place in it, and how many of them have 60 lines or fewer;
- string-keyed lookups in host: `x["name"]` in any use, and `x.get("name")`. Those at the edges are counted apart:
  `given[...]` is click's own dictionary;
- rooms that import each other: a room is a folder right below a package, or a module there. Two rooms are in a circle
  where each reaches the other by imports that run when modules load or later; those under TYPE_CHECKING don't count.

Of calls (`--trace`), seen by tracing `axpair pair` of one case and `axpair replay` of a folder of one, on a small model
with the emulated board, in the process of the command:

- the request that is followed is a GatherRequest, the case a replay's Case; with each goes what it holds (models,
  paths, files), and the value that holds it, by identity: it is followed as far as it is handed on;
- a stop is a call from one module of ours into another one of ours, one of whose arguments is followed. Calls that come
  back out of a library are counted from the last module of ours. Each call that runs is counted;
- a return is a stop in a module where there was a stop before;
- all calls between modules of ours are counted beside it.

Modules that load, comprehensions, lambdas and generated code are no stops, and other threads and processes aren't seen.
"""

import argparse
import ast
import contextlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import onnx
from axpair_emulator.simulator import EmulatorSimulator
from axpair_host.gather.request import GatherRequest
from axpair_host.main import main as axpair
from axpair_host.replay.cases import Case

from benchmarks.fuzz.small_models import CONFIG, encoded, models, picture, write_pictures

ROOT = Path(__file__).parent.parent
PACKAGES = ("host", "emulator", "agent", "proto")
PRODUCT = ("host", "emulator", "agent")
SHORT = 60
"""Lines, up to which a module with one importer counts as short."""


@dataclass(frozen=True)
class Source:
    """One module."""

    path: str
    """Relative to the checkout."""
    text: str
    tree: ast.Module = field(repr=False)

    @property
    def package(self) -> str:
        """Its first folder."""
        return self.path.split("/")[0]

    @property
    def name(self) -> str:
        """As it is imported."""
        dotted = self.path.removesuffix(".py").split("/")[1:]
        return ".".join(dotted[:-1] if dotted[-1] == "__init__" else dotted)

    @property
    def room(self) -> str:
        """The folder right below the package, or the module there."""
        parts = self.name.split(".")
        return ".".join(parts[:2])

    @property
    def lines(self) -> int:
        """Of the file."""
        return self.text.count("\n")


@dataclass(frozen=True)
class Lookups:
    """String-keyed lookups in host."""

    subscripts: int
    gets: int
    of_click: int
    """Those of `subscripts` that read click's `given`."""

    @property
    def sum(self) -> int:
        """All of them."""
        return self.subscripts + self.gets


@dataclass(frozen=True)
class House:
    """What was measured of the files."""

    modules: Mapping[str, int]
    lines: Mapping[str, int]
    one_importer: tuple[str, ...]
    short: tuple[str, ...]
    """Those of `one_importer` with at most SHORT lines."""
    lookups: Lookups
    circles: tuple[tuple[str, ...], ...]
    """Rooms of one package, each of which reaches every other one."""


def sources(commit: str = "") -> list[Source]:
    """The modules of the checkout, or of a commit. Raises subprocess.CalledProcessError where git doesn't know it."""
    if commit:
        packed = io.BytesIO(_git("archive", commit, "--", *PACKAGES))
        with tarfile.open(fileobj=packed) as files:
            members = [(one.name, files.extractfile(one)) for one in files.getmembers()]
            texts = {path: stream.read().decode() for path, stream in members if stream is not None}
    else:
        paths = _git("ls-files", "--", *PACKAGES).decode().splitlines()
        texts = {path: (ROOT / path).read_text("utf-8") for path in paths if path.endswith(".py")}
    ours = {path: text for path, text in texts.items() if path.endswith(".py") and "_pb2" not in path}
    return [Source(path, text, ast.parse(text)) for path, text in ours.items()]


def _git(*words: str) -> bytes:
    return subprocess.run(("git", *words), cwd=ROOT, capture_output=True, check=True).stdout


def measured(modules: Sequence[Source]) -> House:
    """Everything that the files tell."""
    imported = {one.name: set(imports(one, {other.name for other in modules})) for one in modules}
    product = [one for one in modules if one.package in PRODUCT]
    by: dict[str, set[str]] = defaultdict(set)
    for one in product:
        for other in imported[one.name]:
            by[other].add(one.name)
    alone = [one for one in product if len(by[one.name]) == 1]
    return House(
        Counter(one.package for one in modules),
        {package: sum(one.lines for one in modules if one.package == package) for package in PACKAGES},
        tuple(one.name for one in alone),
        tuple(one.name for one in alone if one.lines <= SHORT),
        lookups([one for one in modules if one.package == "host"]),
        tuple(circles(modules, imported)),
    )


def imports(module: Source, known: set[str]) -> Iterator[str]:
    """The modules of ours that it imports; not itself, and nothing under TYPE_CHECKING."""
    typing = {
        child
        for node in ast.walk(module.tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(module.tree):
        if node in typing:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from package import module` names the module, `from module import name` what is in it.
            names = [
                inner if (inner := f"{node.module}.{alias.name}") in known else node.module for alias in node.names
            ]
        else:
            continue
        yield from (name for name in names if name in known and name != module.name)


def lookups(modules: Sequence[Source]) -> Lookups:
    """How often a value is looked up by a literal text."""
    subscripts = gets = of_click = 0
    for node in (node for one in modules for node in ast.walk(one.tree)):
        if isinstance(node, ast.Subscript) and _is_text(node.slice):
            subscripts += 1
            of_click += isinstance(node.value, ast.Name) and node.value.id == "given"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            gets += bool(node.args) and _is_text(node.args[0])
    return Lookups(subscripts, gets, of_click)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def circles(modules: Sequence[Source], imported: Mapping[str, set[str]]) -> Iterator[tuple[str, ...]]:
    """Groups of rooms of one package, each of which reaches every other one by imports."""
    room = {one.name: one.room for one in modules}
    leads: dict[str, set[str]] = {one.room: set() for one in modules}
    for one in modules:
        of_package = one.name.split(".")[0]
        leads[one.room] |= {
            room[other]
            for other in imported[one.name]
            if other.split(".")[0] == of_package and other != of_package and room[other] != one.room
        }
    reach = {name: _reached(name, leads) for name in leads}
    left = set(leads)
    for name in sorted(leads):
        group = tuple(sorted(other for other in reach[name] if name in reach[other])) if name in left else ()
        if len(group) > 1:
            yield group
            left -= set(group)


def _reached(start: str, leads: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = leads[ahead.pop()] - found
        found |= new
        ahead += new
    return found


@dataclass(frozen=True)
class Stop:
    """One call that hands on what is followed."""

    caller: str
    line: int
    module: str
    function: str


@dataclass(frozen=True)
class Way:
    """All stops of what is followed, in order."""

    stops: tuple[Stop, ...]
    calls: int
    """Between modules of ours, with whatever argument."""

    @property
    def modules(self) -> int:
        """With a stop."""
        return len({stop.module for stop in self.stops})

    @property
    def returns(self) -> int:
        """Stops in a module where there was one before."""
        return len(self.stops) - self.modules


class Follower:
    """Sees every call while a command runs (sys.setprofile), and keeps those that hand on what it follows."""

    def __init__(self, kind: type[object]) -> None:
        self._kind = kind
        self._followed: dict[int, object] = {}
        """By identity; held, so that no other object gets it."""
        self._modules: dict[CodeType, str] = {}
        self._stops: list[Stop] = []
        self._calls = 0

    def way(self, words: Sequence[str]) -> Way:
        """Run `axpair` with these words. Raises RuntimeError where it ends with another exit code than 0."""
        was, code, printed = sys.argv, 0, io.StringIO()
        sys.argv = ["axpair", *words]
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                sys.setprofile(self._see)
                axpair()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            sys.setprofile(None)
            sys.argv = was
        if code:
            raise RuntimeError(f"axpair {' '.join(words)}: exit {code}\n{printed.getvalue()}")
        return Way(tuple(self._stops), self._calls)

    def _see(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or frame.f_code.co_name.startswith("<") or not (module := self._module(frame.f_code)):
            return
        caller = frame.f_back
        while caller is not None and not self._module(caller.f_code):
            caller = caller.f_back
        if caller is None or self._module(caller.f_code) == module:
            return
        self._calls += 1
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if any(self._is_followed(frame.f_locals.get(name)) for name in names):
            self._stops.append(Stop(self._module(caller.f_code), caller.f_lineno, module, code.co_name))

    def _module(self, code: CodeType) -> str:
        """Of ours, relative to the checkout; "" for anything else."""
        if code not in self._modules:
            path = Path(code.co_filename)
            inside = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
            self._modules[code] = inside if inside.split("/")[0] in PACKAGES and "_pb2" not in inside else ""
        return self._modules[code]

    def _is_followed(self, value: object) -> bool:
        if isinstance(value, self._kind):
            self._follow(value)
        if id(value) in self._followed:
            return True
        return any(isinstance(held, self._kind) for held in _held(value))

    def _follow(self, value: object) -> None:
        """It, and what it holds; texts and numbers are shared by everyone and can't be followed."""
        if isinstance(value, bool | int | float | str | None) or id(value) in self._followed or value in ((), {}, []):
            return
        self._followed[id(value)] = value
        for held in _held(value):
            self._follow(held)


def _held(value: object) -> list[Any]:
    """What a value of ours, a list or a dictionary holds."""
    if isinstance(value, tuple | list):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    return list(getattr(value, "__dict__", {}).values()) if type(value).__module__.startswith("axpair") else []


def followed() -> dict[str, Way]:
    """The way of a request through pair and of a case through replay."""
    with tempfile.TemporaryDirectory(prefix="axpair-house-") as name:
        folder = Path(name)
        given = _case(folder)
        ways = {"a request through pair": Follower(GatherRequest).way(["pair", *given, "--out", str(folder / "gt")])}
        models, place = given[: given.index("--input")], str(folder / "cases")
        ways["a case through replay"] = Follower(Case).way(["replay", place, *models, "--run", str(folder / "run")])
    return ways


def _case(folder: Path) -> list[str]:
    """A small model of several kinds of operators, built, and the options of its case; a folder cases/ beside it."""
    onnx.save(models()[1], folder / "m.onnx")
    write_pictures(folder / "c.tar")
    (folder / "c.prototxt").write_text(CONFIG, encoding="utf-8")
    simulator = EmulatorSimulator()
    built = simulator.build(folder / "m.onnx", folder / "c.prototxt", folder / "m.joint")
    (folder / "cases").mkdir()
    (folder / "cases" / "a.png").write_bytes(encoded(picture(3)))
    given = {
        "--joint": built.joint,
        "--onnx": built.onnx,
        "--lava-joint": built.lava_joint,
        "--config": built.config,
        "--input": folder / "cases" / "a.png",
    }
    return [str(word) for option, path in given.items() if path is not None for word in (option, path)]


def main(arguments: Sequence[str]) -> int:
    """Print the figures, as a table or JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks house", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--at", metavar="COMMIT", default="", help="files as they were there")
    parser.add_argument("--trace", action="store_true", help="trace calls too, of this checkout")
    parser.add_argument("--stops", action="store_true", help="list every stop")
    parser.add_argument("--json", action="store_true", help="names of modules and stops too")
    given = parser.parse_args(arguments)
    house, ways = measured(sources(given.at)), followed() if given.trace or given.stops else {}
    if given.json:
        document = {**asdict(house), "ways": {name: asdict(way) for name, way in ways.items()}}
        print(json.dumps(document, indent=2))
        return 0
    print("\n".join(_table(house)))
    for name, way in ways.items():
        print(
            f"{name}: {len(way.stops)} stops in {way.modules} modules, {way.returns} returns; "
            f"{way.calls} calls between modules in all"
        )
        for stop in way.stops if given.stops else ():
            print(f"  {stop.caller}:{stop.line} -> {stop.module} {stop.function}")
    return 0


def _table(house: House) -> Iterator[str]:
    for package in PACKAGES:
        yield f"{package}: {house.modules[package]} modules, {house.lines[package]} lines"
    yield f"{', '.join(PRODUCT)}: {sum(house.modules[package] for package in PRODUCT)} modules"
    yield f"modules with one importer: {len(house.one_importer)}, {len(house.short)} of them of up to {SHORT} lines"
    found = house.lookups
    yield (
        f"string-keyed lookups in host: {found.sum} ({found.subscripts} subscripts, of them {found.of_click} of "
        f"click's given; {found.gets} get)"
    )
    circles = "; ".join(" <-> ".join(group) for group in house.circles)
    yield f"rooms that import each other: {circles or 'none'}"
