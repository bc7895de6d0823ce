"""The toolchain's table of layers, whatever happened to the log on its way to a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from axpair_host.errors import UsageError
from axpair_host.layers.build_log import layers_in, rows_in
from command_line import axpair_here

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
    assert "--write-config" in str(refused.value.next_step)


def test_a_long_log_without_rows_is_read_quickly() -> None:
    assert rows_in("Layer: " * 20000 + "x" * 200000) == []


def precision_table(*cosines: str) -> str:
    """A table in pulsar2's form, made up."""
    head = "┃ Operator ┃ Type ┃ Output Tensor ┃ Shape ┃ DType ┃ QDType ┃ Cosin ┃ MSE ┃"
    form = "│ Op_{0} │ AxQuantizedConv │ t{0} │ (1, 4, 8, 8) │ FP32 │ U8 │ {1} │ 0.1 │"
    rows = [form.format(at, cosine) for at, cosine in enumerate(cosines)]
    inner = "\n├──┼──┼──┼──┼──┼──┼──┼──┤\n".join(rows)
    return (
        f"Quant Precision Table【PerLayer Reference】\n┏━━┳━━┓\n{head}\n┡━━╇━━┩\n{inner}\n└──┴──┴──┴──┴──┴──┴──┴──┘\n"
    )


def said(tmp_path: Path, text: str) -> tuple[str, str | None, str]:
    """Verdict, the first layer below the line, and what is said beside."""
    (tmp_path / "build.log").write_text(text)
    done = axpair_here("layers", "--build-log", tmp_path / "build.log", "--json")
    document = json.loads(done.stdout)
    first = document["first_below"]
    return document["verdict"], first and first["name"], done.stderr


def test_a_whole_table_of_pulsar2_is_judged(tmp_path: Path) -> None:
    assert said(tmp_path, precision_table("0.9999", "0.9990"))[:2] == ("PASS", None)
    assert said(tmp_path, precision_table("0.9999", "0.97"))[:2] == ("FAULT", "t1")


def test_a_table_that_breaks_off_is_no_pass(tmp_path: Path) -> None:
    whole = precision_table("0.9999", "0.9990", "0.9")
    verdict, first, beside = said(tmp_path, whole[: whole.index("│ Op_2")])
    assert (verdict, first) == ("INCONCLUSIVE", None)
    assert "breaks off after 2 layers" in beside


def test_a_score_that_is_no_number_is_below_every_line(tmp_path: Path) -> None:
    assert said(tmp_path, precision_table("0.9999", "nan"))[:2] == ("FAULT", "t1")


def test_rows_without_a_cosine_come_first_and_are_named(tmp_path: Path) -> None:
    table = precision_table(*["0.99"] * 30, "nan", "0.97", "nan")
    assert said(tmp_path, table)[:2] == ("FAULT", "t30")
    lines = axpair_here("layers", "--build-log", tmp_path / "build.log").stdout.splitlines()
    spoken = " ".join(line.strip() for line in lines[: next(at for at, one in enumerate(lines) if "operator" in one)])
    assert "'t30' (AxQuantizedConv) has no cosine (nan), and is the first that misses the line 0.98" in spoken
    assert "2 layers have none" in spoken
    rows = [line.split() for line in lines if "AxQuantizedConv  " in line]
    assert [row[-1] for row in rows[:3]] == ["nan", "nan", "0.9700"]


def test_a_build_log_in_gb18030_is_read_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "build.log").write_bytes(precision_table("0.9999", "0.97").encode("gb18030"))
    done = axpair_here("layers", "--build-log", tmp_path / "build.log", "--json")
    assert json.loads(done.stdout)["first_below"]["name"] == "t1"
    assert "build.log: read as GBK, as it is no UTF-8" in done.stderr


def test_a_table_with_times_before_its_lines_is_read(tmp_path: Path) -> None:
    for time in ("[2023-01-01 10:00:00]", "2024-09-25 11:45:10 |"):
        stamped = "".join(f"{time} {line}\n" for line in precision_table("0.9999", "0.97").splitlines())
        assert said(tmp_path, stamped)[:2] == ("FAULT", "t1")


def test_layers_of_one_cut_name_are_told_apart(tmp_path: Path) -> None:
    table = precision_table("0.9994", "0.97", "0.9996")
    for name in ("t0", "t1", "t2"):
        table = table.replace(f" {name} ", " /model… ")
    (tmp_path / "build.log").write_text(table)
    lines = axpair_here("layers", "--build-log", tmp_path / "build.log", "--all").stdout.splitlines()
    rows = [line.split() for line in lines if "/model…" in line and "FAULT" not in line]
    assert [row[0] for row in rows] == ["1", "<", "3"]
