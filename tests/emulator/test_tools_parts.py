"""Parts of the drop-in commands: metrics, tables, launchers, costs."""

from __future__ import annotations

import contextlib
import io
import math
import os
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.commands import emulator
from axpair_emulator.errors import EmulatorError
from axpair_emulator.metrics import cosine, relative_error
from axpair_emulator.text_table import table
from axpair_emulator.tools.launchers import TOOLS, write_launchers
from axpair_emulator.tools.pulsar.log import DUMPED, Log
from axpair_emulator.tools.pulsar.report import costs
from axpair_emulator.tools.streams import BLOCK_BYTES, CStdout
from axpair_host.compare.whole import compare
from axpair_proto.errors import ContractError
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emulator import programs

FLOATS = st.sampled_from([0.0]) | st.floats(0.125, 1e3, width=32) | st.floats(-1e3, -0.125, width=32)
SHAPES = arrays.array_shapes(max_dims=3, max_side=20)


@settings(max_examples=60, deadline=None)
@given(st.data(), SHAPES, st.sampled_from(["float32", "int16", "uint8"]))
def test_the_two_metrics_are_the_hosts(data: st.DataObject, shape: tuple[int, ...], dtype: str) -> None:
    elements = FLOATS if dtype == "float32" else None
    first, second = (data.draw(arrays.arrays(dtype, shape, elements=elements)) for _ in range(2))
    for other in (second, first, np.zeros_like(first), first + first.dtype.type(1)):
        check_against_the_host(first, other)


@pytest.mark.parametrize("scale", [0.0, 1e-7, 1e-3, 1.0, -2.0])
def test_the_two_metrics_are_the_hosts_on_large_tensors(scale: float) -> None:
    random = np.random.default_rng(3)
    first, noise = (random.standard_normal((3, 100, 200)).astype(np.float32) for _ in range(2))
    check_against_the_host(first, first + np.float32(scale) * noise)


def check_against_the_host(reference: np.ndarray, other: np.ndarray) -> None:
    wanted = compare(reference, other)
    assert wanted.cosine is not None
    assert math.isclose(cosine(reference, other), wanted.cosine, abs_tol=1e-9)
    if wanted.relative_error is None:  # the host has no number where the reference is zero
        assert relative_error(reference, other) == math.inf
    else:
        assert math.isclose(relative_error(reference, other), wanted.relative_error, rel_tol=1e-9, abs_tol=1e-12)


def test_tables_come_in_the_styles_that_are_offered() -> None:
    rows = [("a", 1), ("long", 22)]
    assert table(rows) == "----  --\na     1\nlong  22\n----  --"
    assert table(rows, ("x", "y")) == "x     y\n----  --\na     1\nlong  22"
    assert table(rows, ("x", "y"), "plain") == "x     y\na     1\nlong  22"
    assert table(rows, ("x", "y"), "tsv") == "x\ty\na\t1\nlong\t22"
    assert table(rows, ("x", "y"), "github") == "| x    | y  |\n| ---- | -- |\n| a    | 1  |\n| long | 22 |"
    assert table([]) == ""


def test_log_lines_are_stamped_once() -> None:
    written: list[str] = []
    log = Log(written.append, lambda: datetime(2023, 4, 26, 7, 14, 45))
    log.say(DUMPED, "one\ntwo")
    assert written == ["[26 07:14:45 <frozen super_pulsar.func_wrappers.pulsar_run.utils>:70] one\ntwo\n"]


def test_stdout_leaves_in_blocks_unless_flushed() -> None:
    stream = io.BytesIO()
    stdout = CStdout(stream, {})
    stdout.write("x" * (BLOCK_BYTES - 1))
    assert stream.getvalue() == b""
    stdout.write("yz")
    assert len(stream.getvalue()) == BLOCK_BYTES
    stdout.flush()
    assert stream.getvalue().endswith(b"yz")


@pytest.mark.parametrize("kind", ["conv", "conv_transpose", "gemm", "matmul"])
def test_multiplications_are_those_of_a_naive_loop(kind: str) -> None:
    program = getattr(programs, kind)(np.random.default_rng(4), 8)
    (op,) = program.ops
    shapes = [program.tensors[name].shape for name in op.inputs]
    result = program.tensors[op.output].shape
    if kind == "matmul":
        counted = sum(1 for _ in np.ndindex(*result) for _ in range(shapes[0][-1]))
    else:
        weight = program.arrays["weight"].shape
        outer = shapes[0] if kind == "conv_transpose" else result
        inner = weight[:1] if kind == "gemm" else weight[1:]
        counted = sum(1 for _ in np.ndindex(*outer) for _ in np.ndindex(*inner))
    assert costs(program)[0].macs == counted


def test_the_command_writes_launchers_and_says_where(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "bin"
    for _ in range(2):
        shown = CliRunner().invoke(emulator, ["tools", str(folder)], catch_exceptions=False).stdout
        assert "export PATH=" in shown
    assert {path.stem for path in folder.iterdir()} == set(TOOLS)


def test_launchers_that_can_not_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ContractError, match="is a file where a folder goes"):
        write_launchers(tmp_path / "file")
    (tmp_path / "pulsar" / "x").mkdir(parents=True)
    with pytest.raises(EmulatorError, match="can't be written"):
        write_launchers(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", ["pulsar", "run_joint"])
def test_a_launcher_that_its_user_changed_stays(tmp_path: Path, name: str) -> None:
    path = next(path for path in write_launchers(tmp_path) if path.stem == name)
    changed = path.read_bytes().replace(b"exec ", b"export AXPAIR_FAULT=race; exec ") + b"rem mine\n"
    path.write_bytes(changed)
    with pytest.raises(EmulatorError, match=f"{path.name} can't be written: something .* was changed since"):
        write_launchers(tmp_path)
    assert path.read_bytes() == changed


@pytest.mark.skipif(os.name == "nt", reason="a shell's launcher")
def test_a_launcher_of_the_first_release_is_replaced_and_an_edited_one_stays(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path[:] = filter(None, sys.path); from axpair_emulator.tools.pulsar.main import main; main()"
    )
    for text, ours in (
        (f"#!/bin/sh\nexec /opt/python -c '{code}' \"$@\"\n", True),
        (f"#!/bin/sh\nexec '/my venv/python' -c '{code}' \"$@\"\n", True),
        (f"#!/bin/sh\nexec /opt/python -c '{code}' \"$@\"\n# mine\n", False),
        (f"#!/bin/sh\nexec /opt/python -c '{code}' --mine \"$@\"\n", False),
        (f"#!/bin/sh\nA=b exec /opt/python -c '{code}' \"$@\"\n", False),
    ):
        (tmp_path / "pulsar").write_text(text)
        with contextlib.nullcontext() if ours else pytest.raises(EmulatorError, match="isn't one of our launchers"):
            write_launchers(tmp_path)
        assert ((tmp_path / "pulsar").read_text() == text) == (not ours)


def test_launchers_go_behind_no_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "bin").symlink_to("real")
    with pytest.raises(ContractError, match="is a link to real"):
        write_launchers(tmp_path / "bin")
    assert not list((tmp_path / "real").iterdir())


def test_launchers_never_replace_the_real_commands(tmp_path: Path) -> None:
    (tmp_path / "run_joint").write_bytes(b"\x7fELF the vendor's")
    with pytest.raises(EmulatorError, match="isn't one of our launchers"):
        write_launchers(tmp_path)
    (tmp_path / "run_joint").rename(tmp_path / "real")
    (tmp_path / "run_joint").symlink_to(tmp_path / "real")
    with pytest.raises(EmulatorError, match="isn't one of our launchers"):
        write_launchers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["real", "run_joint"]
    assert (tmp_path / "real").read_bytes() == b"\x7fELF the vendor's"
