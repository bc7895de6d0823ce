"""What the commands leave in a home that had nothing: our own cache, and no library's reports of what was run."""

import subprocess
from pathlib import Path

import pytest
from axpair_proto.simulator import Models
from command_line import CACHE, axpair, command, environment
from layer_models import build_branching
from tiny import write_picture


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A model with its configuration and set, and a folder cases/ of two pictures beside it."""
    models = build_branching(tmp_path_factory.mktemp("private"))
    cases = models.joint.with_name("cases")
    cases.mkdir()
    for name in ("a", "b"):
        write_picture(cases / f"{name}.png")
    return models


def left_in_home(home: Path, folder: Path, *arguments: str | Path) -> set[str]:
    """Run it as on a machine of a user's own, and list all that is in the home then, empty folders too, but ours."""
    home.mkdir(exist_ok=True)
    unset = {"CI", "XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY", CACHE}
    variables = {name: value for name, value in environment(HOME=str(home)).items() if name not in unset}
    done = subprocess.run(command(*arguments), cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    left = {path.relative_to(home).as_posix() for path in home.rglob("*")}
    # pip fetches the demo's model, and asks a Rust compiler for its version where there is one: rustup notes that.
    ours = (".cache", ".cache/axpair", ".rustup")
    return {path for path in left if path not in ours and not path.startswith((".cache/axpair/", ".rustup/"))}


COMMANDS = ("pair", "replay", "lint", "tune", "layers", "diagnose", "build", "tools")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_leaves_nothing_in_an_empty_home_but_our_cache(models: Models, tmp_path: Path, name: str) -> None:
    folder = models.joint.parent
    flags = [f"--{leg}={getattr(models, leg.replace('-', '_'))}" for leg in ("joint", "onnx", "lava-joint", "config")]
    conversion = ["--onnx", "m.onnx", "--config", "c.prototxt"]
    arguments: dict[str, list[str | Path]] = {
        "pair": ["--input", "cases/a.png", "--out", tmp_path / "gt", *flags],
        "replay": ["cases", "--run", tmp_path / "run", *flags],
        "lint": ["c.prototxt", "--onnx", "m.onnx", "--input", "cases/a.png", "--score", "4"],
        "tune": ["--input", "cases/a.png", "--sizes", "1", "--int16", "1", *conversion],
        "layers": ["--input", "cases/a.png", *flags],
        "diagnose": [tmp_path / "before"],
        "build": ["--input", "m.onnx", "--config", "c.prototxt", "--output", tmp_path / "n.joint"],
        "tools": [tmp_path / "bin"],
    }
    if name == "diagnose":
        assert (
            axpair("pair", "--input", "cases/a.png", "--out", tmp_path / "before", *flags, cwd=folder).returncode == 0
        )
    called = {"build": ["emulator", "build"], "tools": ["emulator", "tools"]}.get(name, [name])
    assert left_in_home(tmp_path / "home", folder, *called, *arguments[name]) == set()


def test_the_demo_leaves_nothing_in_an_empty_home(tmp_path: Path) -> None:
    assert left_in_home(tmp_path / "home", tmp_path, "demo") == set()
