"""Lines that users draw: read, taken from axpair.toml, and refused where they say nothing."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from axpair_host.compare import compare
from axpair_host.compare.lines import METRICS
from axpair_host.config_file import model_defaults
from axpair_host.errors import UsageError
from axpair_host.own_lines import parsed, refuse_unknown, refuse_vacuous
from command_line import Done, axpair_here

from benchmarks.campaign.losses.net import photo
from benchmarks.campaign.losses.pictures import upscaling


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("y:psnr>=30", ("y", "psnr", 30.0)),
        ("scale_0:tmp_1:cosine>=0.99", ("scale_0:tmp_1", "cosine", 0.99)),
        ("maps/x : rmse <= 2.5", ("maps/x ", "rmse", 2.5)),
        ("a>=b:angle<=5", ("a>=b", "angle", 5.0)),
        ("y:max_abs<=0", ("y", "max_abs", 0.0)),
        ("y:cosine>=1", ("y", "cosine", 1.0)),
    ],
)
def test_a_line_names_output_measure_and_value(text: str, read: tuple[str, str, float]) -> None:
    (line,) = parsed([text]).values()
    assert (line.output, line.metric, line.value) == read
    assert parsed([line.text]) == {(line.output, line.metric): line}


@pytest.mark.parametrize(
    ("texts", "said", "step"),
    [
        (["y"], "no line", "--line 'y:psnr>=30'"),
        (["psnr>=30"], "no line", "--line 'y:psnr>=30'"),
        (["y:psnr>=high"], "'high' is no number", "--line 'y:psnr>=30'"),
        (["y:psnr>=nan"], "nan is no number", "--line 'y:psnr>=30'"),
        (["y:psmr>=30"], "there is no measure 'psmr'; did you mean 'psnr'?", "measures: cosine, correlation, psnr"),
        (["y:psnr<=30"], "the larger its", "write 'y:psnr>=30'"),
        (["y:psnr=30"], "the larger its", "write 'y:psnr>=30'"),
        (["y:rmse>=3"], "the smaller its", "write 'y:rmse<=3'"),
        (["y:cosine>=-1"], "this line can't fail", "lie between -1 and 1"),
        (["y:cosine>=1.5"], "this line can't hold", "lie between -1 and 1"),
        (["y:correlation>=0"], "this line can't fail", "lie between 0 and 1"),
        (["y:angle<=180"], "this line can't fail", "lie between 0 and 180"),
        (["y:angle<=-1"], "this line can't hold", "lie between 0 and 180"),
        (["y:rmse<=-1"], "this line can't hold", "lie above 0"),
        (["y:relative_error<=1"], "this line can't fail", "lie between 0 and 1"),
        (["y:similarity<=0.1"], "one case has no similarity", "axpair replay takes it"),
        (["y:psnr>=30", "y:psnr>=31"], "y:psnr>=30 was given before", "once"),
    ],
)
def test_what_is_no_line_or_says_nothing_is_refused(texts: Sequence[str], said: str, step: str) -> None:
    with pytest.raises(UsageError) as refused:
        parsed(texts)
    assert said in refused.value.message
    assert step in refused.value.next_step.one_line


def test_lines_over_all_cases_are_a_replay_s() -> None:
    (line,) = parsed(["emb:similarity<=0.05"], across_cases=True).values()
    assert (line.metric, line.value) == ("similarity", 0.05)
    with pytest.raises(UsageError, match="can't fail"):
        parsed(["emb:similarity<=2"], across_cases=True)


def test_an_output_that_is_not_there_is_refused_with_one_that_is() -> None:
    lines = parsed(["boxs:cosine>=0.99"]).values()
    with pytest.raises(UsageError, match=r"no output is named 'boxs'; did you mean 'boxes'\?"):
        refuse_unknown(lines, ["scores", "boxes"])


PICTURE = photo(np.random.default_rng(0), 32, low=120, high=235)
GIVEN = (PICTURE + np.random.default_rng(1).normal(scale=4, size=PICTURE.shape)).astype(np.float32)


@pytest.mark.parametrize(
    "text",
    [
        "y:psnr>=5",
        "y:cosine>=0.9",
        "y:sqnr>=3",
        "y:rmse<=1e6",
        "y:relative_error<=0.5",
        "y:max_abs<=200",
        "y:angle<=60",
    ],
)
def test_a_line_that_an_answer_of_one_value_holds_is_refused(text: str) -> None:
    """Held against the comparison of such an answer itself: it really holds there."""
    found = compare(PICTURE, GIVEN, layout="NCHW")
    (line,) = parsed([text]).values()
    low, high = float(PICTURE.min()), float(PICTURE.max())
    middle = (low + high) / 2 if line.metric == "max_abs" else float(PICTURE.mean())
    assert line.held(compare(PICTURE, np.full_like(PICTURE, middle), layout="NCHW")).holds
    with pytest.raises(UsageError, match=r"AX004: .* can't fail: an answer of one value throughout would") as refused:
        refuse_vacuous([line], {"y": found})
    edge = METRICS[line.metric].constant(found)
    assert edge is not None
    assert f"{edge:.4g}" in refused.value.next_step.one_line
    tight = edge * 1.01 if METRICS[line.metric].at_least else edge * 0.99
    refuse_vacuous([replace(line, value=tight)], {"y": found})


def test_a_measure_that_the_output_has_not_got_is_refused() -> None:
    with pytest.raises(UsageError, match="this output has no agreement of identities"):
        refuse_vacuous(parsed(["y:agreement>=0.9"]).values(), {"y": compare(PICTURE, GIVEN, layout="")})
    flat = np.full((1, 3, 32, 32), 7, np.float32)
    with pytest.raises(UsageError, match="this output has no correlation without the mean"):
        refuse_vacuous(parsed(["y:correlation>=0.9"]).values(), {"y": compare(flat, flat + 1, layout="")})
    with pytest.raises(UsageError, match="held against the float model"):
        refuse_vacuous(parsed(["y:psnr>=30"]).values(), {"y": None})


def written(folder: Path, text: str) -> Path:
    (folder / "axpair.toml").write_text(text)
    return folder


def test_axpair_toml_holds_lines_by_output_and_measure(tmp_path: Path) -> None:
    text = '[model]\njoint = "m.joint"\n[model.lines.y]\npsnr = 30\nrmse = 7.5\n[model.lines."a.b"]\nsimilarity = 0.1\n'
    defaults = model_defaults(written(tmp_path, text))
    assert defaults is not None
    assert [line.text for line in defaults.lines.values()] == ["y:psnr>=30", "y:rmse<=7.5", "a.b:similarity<=0.1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lines = 3", "[model.lines] must be a table of outputs, not 3"),
        ("[model.lines]\ny = 3", "'y' must be a table of measures, not 3"),
        ("[model.lines.y]\npsnr = 'high'", "[model.lines.y]: psnr must be a number, not 'high'"),
        ("[model.lines.y]\npsnr = true", "psnr must be a number, not True"),
        ("[model.lines.y]\npsrn = 30", "there is no measure 'psrn'; did you mean 'psnr'?"),
        ("[model.lines.y]\ncosine = -1", "[model.lines.y] cosine = -1: this line can't fail"),
        ("[model.lines.y]\ncosine = inf", "inf is no number that a line can have"),
        ("line = 3", "unknown key 'line'"),
    ],
)
def test_lines_in_axpair_toml_that_say_nothing_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        model_defaults(written(tmp_path, f"[model]\n{text}\n"))
    assert said in refused.value.message


@pytest.fixture(scope="module")
def conversion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net whose output is a picture, sound, with two cases and an axpair.toml; a gt folder of the first."""
    folder = tmp_path_factory.mktemp("picture")
    net = upscaling(1.0)
    net.convert(folder)
    (folder / "cases").mkdir()
    for number, files in enumerate(net.write_cases(folder)[:2]):
        files["x"].rename(folder / "cases" / f"{number}.npy")
    done = run(folder, "pair", "--input", "cases/0.npy", "--line", "y:psnr>=40", lines="[model.lines.y]\npsnr = 70\n")
    assert done.returncode == 0, done.stderr
    assert "y:psnr>=40  holds: PSNR 5" in done.stdout
    assert "y:psnr>=70" not in done.stderr  # what is given counts before it
    return folder


FILES = 'onnx = "m.onnx"\njoint = "m.joint"\nlava_joint = "m.lava_joint"\nconfig = "oc.prototxt"\n'


def run(folder: Path, *arguments: str, lines: str = "") -> Done:
    (folder / "axpair.toml").write_text(f"[model]\n{FILES}{lines}")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return axpair_here(*arguments)


def test_pair_takes_lines_of_axpair_toml(conversion: Path) -> None:
    done = run(
        conversion, "pair", "--input", "cases/0.npy", "--out", "lined", "--json", lines="[model.lines.y]\npsnr = 70\n"
    )
    document = json.loads(done.stdout)
    assert (done.returncode, document["findings"][0]["code"]) == (1, "AX201")
    assert "below 70" in document["findings"][0]["summary"]
    (line,) = document["outputs"][0]["lines"]
    assert (line["line"], line["holds"]) == ("y:psnr>=70", False)
    assert "--line 'y:psnr>=70'" in done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("z:psnr>=30", "--line z:psnr>=30: no output is named 'z'"),
        ("y:psnr>=1", "AX004: --line y:psnr>=1: this line can't fail"),
        ("y:snr>=30", "did you mean 'sqnr'?"),
    ],
)
@pytest.mark.parametrize("command", ["pair", "diagnose"])
def test_a_line_that_says_nothing_ends_with_2_and_leaves_no_trace(
    conversion: Path, command: str, line: str, said: str
) -> None:
    case = ("--input", "cases/1.npy", "--out", "never") if command == "pair" else ("gt",)
    done = run(conversion, command, *case, "--line", line)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (conversion / "never").exists()


def test_an_output_that_axpair_toml_names_and_the_joint_has_not_got_is_refused(conversion: Path) -> None:
    done = run(conversion, "pair", "--input", "cases/0.npy", "--out", "never", lines="[model.lines.yy]\npsnr = 30\n")
    assert done.returncode == 2
    assert "axpair.toml: [model.lines.yy] psnr = 30: no output is named 'yy'; did you mean 'y'?" in done.stderr


def test_diagnose_judges_by_lines_and_passes_over_those_of_another_model(conversion: Path) -> None:
    assert run(conversion, "diagnose", "gt", "--line", "y:psnr>=70").returncode == 1
    done = run(conversion, "diagnose", "gt", lines="[model.lines.other]\npsnr = 30\n")
    assert done.returncode == 0, done.stderr
    assert "is of another model: none of those lines are taken" in done.stderr


def test_without_a_float_model_there_is_nothing_to_hold_a_line_against(conversion: Path, tmp_path: Path) -> None:
    shutil.copytree(conversion / "gt", tmp_path / "gt")
    shutil.rmtree(tmp_path / "gt" / "onnx")
    done = run(tmp_path, "diagnose", "gt", "--line", "y:psnr>=30")
    assert done.returncode == 2
    assert "lines are held against the float model" in done.stderr


def test_a_replay_belongs_to_its_lines_and_says_which_say_nothing(conversion: Path) -> None:
    """One that can't fail on a case is a warning there: of others it may say much."""
    lines = ("--line", "y:psnr>=1", "--line", "y:similarity<=0.1")
    done = run(conversion, "replay", "cases", "--run", "run", *lines, "--json")
    summary = json.loads(done.stdout)["summary"]
    assert (done.returncode, summary["verdicts"]["PASS"], summary["warnings"]) == (1, 2, {"AX004": 2})
    (missed,) = summary["missed"]
    assert missed == "y:similarity<=0.1: nothing was measured: no two cases have this output as a vector"
    done = run(conversion, "replay", "cases", "--run", "run", "--line", "y:psnr>=40")
    assert done.returncode == 2
    assert "--line: y:psnr>=1 y:similarity<=0.1 there, y:psnr>=40 now" in done.stderr
    done = run(conversion, "replay", "cases", "--run", "never", "--line", "z:psnr>=30")
    assert (done.returncode, (conversion / "never").exists()) == (2, False)


def test_compare_takes_lines_in_place_of_a_relation(conversion: Path) -> None:
    folders = (str(conversion / "gt/onnx"), str(conversion / "gt/joint"))
    assert axpair_here("compare", *folders).returncode == 1
    done = axpair_here("compare", *folders, "--line", "y:psnr>=40")
    assert done.returncode == 0, done.stderr
    assert "y:psnr>=40  holds" in done.stdout
    assert axpair_here("compare", *folders, "--line", "y:psnr>=70").returncode == 1
    for line in ("z:psnr>=40", "y:psnr>=1"):
        assert axpair_here("compare", *folders, "--line", line).returncode == 2
