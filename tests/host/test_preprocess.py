"""What prepares an input may leave anything: it is refused in a sentence, costs its case alone, and nothing stays."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from axpair_host.preprocess.running import NothingPrepared, load

SIZE = 12


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made meanwhile."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def prepared(folder: Path, program: str) -> np.ndarray:
    """What a program of that Python makes; `d` is its folder."""
    (folder / "program.py").write_text(f"import os, pathlib, shutil, sys\nd = pathlib.Path(sys.argv[2])\n{program}\n")
    return load(f"cmd:{sys.executable} {folder / 'program.py'} {{in}} {{dir}}").prepared(folder / "x.png", SIZE)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("os.mkfifo(d / 'x.bin')", "x.bin: is a pipe, socket or device"),
        ("os.mkfifo(d / 'x.npy')", "x.npy: is a pipe, socket or device"),
        ("os.symlink('/dev/zero', d / 'x.bin')", "x.bin: is a link"),
        ("os.symlink(__file__, d / 'x.bin')", "x.bin: is a link"),
        ("(d / 'x.bin').touch(); os.truncate(d / 'x.bin', 5 << 30)", "x.bin: more than 268435456 bytes"),
        ("(d / 'x.bin').touch(); os.truncate(d / 'x.bin', 50 << 30)", "x.bin: is longer than 16 GiB"),
        ("(d / 'x.npy').touch()", "x.npy: not a readable .npy file"),
        ("(d / 'x.npy').mkdir()", "x.npy: Is a directory"),
        ("import numpy; numpy.save(d / 'x.npy', numpy.array(['a']))", "no array of numbers"),
        ("shutil.rmtree(d)", "can't be read after it: No such file"),
        ("shutil.rmtree(d); d.write_text('')", "can't be read after it: Not a directory"),
        ("d.rmdir(); os.symlink(pathlib.Path(__file__).parent, d)", "a link in the place of"),
        ("shutil.rmtree(d.parent)", "can't be read after it"),
    ],
)
def test_what_no_input_can_be_read_from_is_said_of_the_program(
    tmp_path: Path, temporary: Path, program: str, words: str
) -> None:
    with pytest.raises(NothingPrepared, match=words):
        prepared(tmp_path, program)
    assert list(temporary.iterdir()) == []
    assert (tmp_path / "program.py").is_file()


def test_a_file_of_the_right_kind_is_taken(tmp_path: Path, temporary: Path) -> None:
    assert prepared(tmp_path, "(d / 'x.bin').write_bytes(b'abc')").tobytes() == b"abc"
    assert prepared(tmp_path, "import numpy; numpy.save(d / 'x.npy', numpy.ones(3, bool))").dtype == bool
    assert list(temporary.iterdir()) == []


def test_more_than_any_input_takes_isn_t_taken_from_a_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prepares_much.py").write_text("import numpy\ndef run(path):\n    return numpy.zeros(2 << 30, 'u1')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    preprocessor = load("prepares_much:run")
    try:
        with pytest.raises(NothingPrepared, match="it returned 2147483648 bytes; more than 268435456 aren't taken"):
            preprocessor.prepared(tmp_path / "x.png", SIZE)
    finally:
        preprocessor.close()
