"""axpair board info."""

import json
import re
from pathlib import Path

from command_line import axpair, said_once


def test_the_emulated_board_says_what_it_is() -> None:
    done = axpair("board", "info", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["schema_version"], found["url"], found["runtime"]) == (1, "emulator:", "emulator")
    assert "emulator" in found["versions"]["runtime"]
    assert found["diagnostics"]["quota_bytes"] > 0


def test_people_get_aligned_lines() -> None:
    lines = axpair("board", "info").stdout.splitlines()
    assert re.fullmatch(r"board {2,}emulator:", lines[0])
    assert any(line.startswith("runtime ") for line in lines)


def test_an_option_that_the_runtime_refuses_is_exit_2_with_its_words() -> None:
    message = said_once(axpair("board", "info", "--board", "emulator:?fault=nope"), 2)
    assert "nope" in message


def test_an_address_in_a_broken_axpair_toml_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "axpair.toml").write_text("[boards")
    assert "not TOML" in said_once(axpair("board", "info", "--board", "lab", cwd=tmp_path), 2)
