"""The import arrows between the rooms: host -> proto <- agent <- emulator; emulator -> proto."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axpair_agent.launch.archive import TRAVELS

ROOT = Path(__file__).parent.parent
ROOMS = {
    "proto": set(),
    "agent": {"axpair_proto"},
    "emulator": {"axpair_proto", "axpair_agent"},
    "host": {"axpair_proto"},
}
BASE = {"grpc", "google", "grpc_health", "grpc_reflection"}
"""What the base install brings: all that a board must carry."""


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def sources(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*.py") if "_pb2" not in path.name]
    assert found, folder
    return found


def foreign(room: str, path: Path) -> set[str]:
    own = f"axpair_{room}"
    return {
        name for name in imports(path) if name.startswith("axpair_") and name.split(".")[0] not in {own, *ROOMS[room]}
    }


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_along_the_arrows(room: str) -> None:
    wrong = {str(path.relative_to(ROOT)): names for path in sources(ROOT / room) if (names := foreign(room, path))}
    assert not wrong


def test_the_emulator_takes_only_the_worker_from_the_agent() -> None:
    wrong = {
        (str(path.relative_to(ROOT)), name)
        for path in sources(ROOT / "emulator")
        for name in imports(path)
        if name.split(".")[0] == "axpair_agent" and not name.startswith("axpair_agent.worker")
    }
    assert not wrong


def test_the_worker_imports_the_standard_library_alone() -> None:
    worker, proto = ROOT / "agent" / "axpair_agent" / "worker", ROOT / "proto" / "axpair_proto"
    travels = {f"axpair_proto.{path.stem}": path for path in TRAVELS}
    wrong = {
        (path.name, name)
        for path in [*sources(worker), worker.parent / "__init__.py", proto / "__init__.py", *travels.values()]
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not name.startswith("axpair_agent.worker")
        and name not in travels
    }
    assert not wrong


def test_the_agent_needs_nothing_beyond_the_base_install() -> None:
    allowed = {*sys.stdlib_module_names, *BASE, "axpair_agent", "axpair_proto", "paramiko"}
    wrong = {
        (str(path.relative_to(ROOT)), name)
        for path in sources(ROOT / "agent")
        for name in imports(path)
        if name.split(".")[0] not in allowed
    }
    assert not wrong


def test_a_wrong_arrow_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("def late() -> None:\n    from axpair_host.main import main\n    main()\n")
    assert foreign("agent", module) == {"axpair_host.main"}
