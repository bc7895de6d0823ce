"""What holds for every file of the house: sizes, names, links, generated code and documents."""

import ast
import re
import statistics
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMELESS = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def python_sources() -> list[Path]:
    return [path for path in tracked("*.py") if "_pb2" not in path.name]


def test_every_file_has_one_subject() -> None:
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in python_sources()}
    assert {path: length for path, length in lengths.items() if length > 400} == {}
    assert statistics.median(lengths.values()) <= 130


def test_host_and_emulator_print_through_one_outlet() -> None:
    """`axpair_proto.printing` spells out what foreign text holds; rich, on a terminal, is fed through `printable`."""
    own_streams = ("host/axpair_host/postprocess/child.py", "emulator/axpair_emulator/tools", "faults/loading.py")
    past_it = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in tracked("host/*.py", "emulator/*.py")
        if "_pb2" not in path.name and not any(part in path.as_posix() for part in own_streams)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write")
    ]
    assert past_it == []


def test_no_module_is_named_after_nothing() -> None:
    assert [path for path in python_sources() if path.stem in NAMELESS] == []


def test_every_relative_link_in_the_documents_leads_somewhere() -> None:
    broken = []
    for page in tracked("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []


def test_no_large_or_binary_model_file_is_in_the_tree() -> None:
    assert [path for path in tracked() if path.suffix in {".onnx", ".joint", ".npy", ".npz", ".bin"}] == []
    assert [path for path in tracked() if path.stat().st_size > 400_000] == []
