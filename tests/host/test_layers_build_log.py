"""The toolchain's table of layers, whatever happened to the log on its way to a file."""

from pathlib import Path
from typing import Any

import pytest
from axpair_host.errors import UsageError
from axpair_host.layers.build_log import layers_in, rows_in

ROWS = (
    ("Conv_0", "0.52%", "0.9999", 0.0052),
    ("/head/Sigmoid:0", "61.20%", "0.8412", 0.612),
    ("out put", "0%", "1", 0.0),
)
WANTED = [(name, pytest.approx(error), pytest.approx(float(cosine))) for name, _, cosine, error in ROWS]
PLAIN = "\n".join(f"Layer: {name:<20}  2-norm RE: {error:<8}  cosine-sim: {cosine}" for name, error, cosine, _ in ROWS)
STAMP = "[26 07:14:45 <frozen super_pulsar.func_wrappers.pulsar_run.compare>:82] "


def found(text: str) -> list[tuple[str, float | None, float | None]]:
    return [(row.name, row.lava_joint.relative_error, row.lava_joint.cosine) for row in rows_in(text) if row.lava_joint]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        "\n".join(STAMP + line for line in PLAIN.splitlines()),
        "\n".join(f"builder-1  | {STAMP}{line}" for line in PLAIN.splitlines()),
        "\n".join(f"\x1b[32m{line}\x1b[0m".replace("2-norm", "\x1b[1;34m2-norm\x1b[m") for line in PLAIN.splitlines()),
        "\n".join(f"| {line.replace('  ', ' | ')} |" for line in PLAIN.splitlines()),
        PLAIN.replace("  2-norm", "\n    2-norm").replace("  cosine", "\n    cosine"),
        PLAIN.replace("/head/Sig", "/head/\n  Sig"),
        f"{STAMP}loading\n{STAMP}Score compare table of every layer:\n{PLAIN}\n"
        f"{STAMP}Score compare table:\nLayer: out put  2-norm RE: 0%  cosine-sim: 1\n{STAMP}File saved: m.joint",
    ],
    ids=["plain", "dos", "stamped", "compose", "coloured", "framed", "wrapped columns", "wrapped name", "whole log"],
)
def test_the_rows_are_the_same(text: str) -> None:
    rows: list[Any] = found(text)
    assert rows == WANTED


def test_numbers_that_are_none_are_none() -> None:
    assert found("Layer: a  2-norm RE: inf%  cosine-sim: nan") == [("a", None, None)]


def test_a_log_without_a_table_says_how_to_get_one(tmp_path: Path) -> None:
    log = tmp_path / "b.log"
    log.write_text("Layer: half of a row  2-norm RE:\n")
    with pytest.raises(UsageError, match="no row 'Layer") as refused:
        layers_in(log)
    assert "--write-config" in refused.value.next_step


def test_a_long_log_without_rows_is_read_quickly() -> None:
    assert rows_in("Layer: " * 20000 + "x" * 200000) == []
