"""Finished runs of run_joint: what its log says of the model, and what its folder holds."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from axpair_host.errors import UsageError
from axpair_host.gather.finished import finished_leg
from axpair_host.gather.request import FinishedRun
from axpair_host.gather.run_log import description_in, read_log
from axpair_proto.description import ModelDescription, TensorDescription
from axpair_proto.joint import JointArchive, Toolchain, read_joint, toolchain_of
from axpair_proto.run_logs import read_run_log
from axpair_proto.topology import topology_pb2

# Put together for these tests in the form that run_joint (SDK V0.31) prints.
LOG = """\
run joint version: 0.5.13

virtual npu mode is 1_1

tools version: 0.6.1.14
59588c54
Max Batch Size 1

Input[0]: image
    Shape [1, 4, 6, 3] NHWC uint8 BGR
    Memory Physical
    Size 72
Output[0]: prob/raw
    Shape [1, 10] NHWC float32
    Memory Physical
    Size 40
Output[1]: feat
    Shape [1, 4, 2, 2] NCHW sint16 Q=256
    Memory Physical
    Size 32

Using batch size 1
"""


def test_the_log_describes_the_model() -> None:
    found = description_in(read_run_log(LOG.splitlines()))
    assert found == ModelDescription(
        inputs=(TensorDescription("image", "uint8", (1, 4, 6, 3), "NHWC", "BGR", size_bytes=72),),
        outputs=(
            TensorDescription("prob/raw", "float32", (1, 10), size_bytes=40),
            TensorDescription("feat", "int16", (1, 4, 2, 2), "NCHW", q=256, size_bytes=32),
        ),
        tools_version="0.6.1.14 59588c54",
    )


def test_the_log_tells_versions_and_mode() -> None:
    log = read_run_log(LOG.splitlines())
    assert log.versions == {"runtime": "run_joint 0.5.13", "vnpu": "1_1"}
    assert toolchain_of(log.toolchain) == Toolchain("0.6.1.14", "59588c54")


@pytest.mark.parametrize("commit", ["59588C54", "59588c54-dirty"])
def test_a_commit_is_the_same_in_capitals_and_with_a_remark(commit: str) -> None:
    log = read_run_log(LOG.replace("59588c54", commit).splitlines())
    assert toolchain_of(log.toolchain) == Toolchain("0.6.1.14", "59588c54")


@pytest.mark.parametrize("text", ["Unknown", "unknown", "UNKNOWN", ""])
def test_unknown_is_no_release(text: str) -> None:
    assert toolchain_of(text) == Toolchain()


def test_a_log_that_breaks_off_describes_nothing() -> None:
    cut = LOG[: LOG.index("    Shape [1, 10]")]
    assert description_in(read_run_log(cut.splitlines())) is None


def described() -> ModelDescription:
    found = description_in(read_run_log(LOG.splitlines()))
    assert found is not None
    return found


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    """Outputs as run_joint names them, and the log."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "prob_raw.bin").write_bytes(np.arange(10, dtype=np.float32).tobytes())
    (out / "feat.bin").write_bytes(np.arange(16, dtype=np.int16).tobytes())
    (tmp_path / "log").write_text(LOG + "read file x for input[0] data image failed, using random data\n")
    return FinishedRun(out, tmp_path / "log")


def test_outputs_are_matched_with_their_names_and_the_log_is_kept(run: FinishedRun) -> None:
    leg = finished_leg(run, described())
    outputs = leg.outputs()
    assert outputs is not None
    assert outputs["prob/raw"].tolist() == [list(range(10))]
    assert outputs["feat"].shape == (1, 4, 2, 2)
    assert leg.rounds[0].facts.log_lines[-1].endswith("using random data")
    assert leg.versions["runtime"] == "run_joint 0.5.13"
    assert any("ran once" in note for note in leg.notes)


def test_an_output_of_another_size_is_kept_as_bytes(run: FinishedRun) -> None:
    (run.folder / "feat.bin").write_bytes(bytes(30))
    outputs = finished_leg(run, described()).outputs()
    assert outputs is not None
    assert (outputs["feat"].dtype.name, outputs["feat"].shape) == ("uint8", (30,))


def test_a_missing_output_and_a_strange_file_are_told(run: FinishedRun) -> None:
    (run.folder / "feat.bin").rename(run.folder / "other.bin")
    leg = finished_leg(run, described())
    assert set(leg.outputs() or ()) == {"prob/raw"}
    assert any("no output is named so: other" in note for note in leg.notes)


def test_a_folder_of_another_model_is_refused_with_both_lists(run: FinishedRun) -> None:
    for stem in ("prob_raw", "feat"):
        (run.folder / f"{stem}.bin").rename(run.folder / f"x{stem}.bin")
    with pytest.raises(UsageError, match="found: xfeat, xprob_raw; outputs: prob/raw, feat"):
        finished_leg(run, described())


def test_a_missing_folder_or_log_is_named(run: FinishedRun, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--board-out .*nowhere"):
        finished_leg(FinishedRun(tmp_path / "nowhere"), described())
    with pytest.raises(UsageError, match=r"--board-log .*nolog"):
        finished_leg(FinishedRun(run.folder, tmp_path / "nolog"), described())


def test_an_oversized_log_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as stream:
        stream.truncate((16 << 20) + 1)
    with pytest.raises(UsageError, match="larger than") as refused:
        read_log(tmp_path / "log")
    assert f"tail -c {16 << 20} {tmp_path / 'log'} > last-run.log" in refused.value.next_step.one_line


RAN = """Run task took 3 us (1 rounds for average)
dump output[0] prob/raw as out/prob_raw.bin success
dump output[1] feat as out/feat.bin success
"""
ASSERTED = "run_joint: run_joint.cpp:613: int main(int, char**): Assertion `0 == AX_JOINT_CreateHandle(&h)' failed.\n"


def logged(run: FinishedRun, text: str) -> FinishedRun:
    assert run.log is not None
    run.log.write_text(text)
    return run


@pytest.mark.parametrize("end", [ASSERTED, LOG + "Segmentation fault\n"])
def test_what_lies_in_a_failed_run_s_folder_is_another_run_s(run: FinishedRun, end: str) -> None:
    leg = finished_leg(logged(run, end), described())
    assert leg.outputs() is None
    assert leg.load_failure is not None or leg.rounds[0].facts.failure is not None
    assert any("not read: the log says that this run failed" in note for note in leg.notes)


def test_a_crash_after_the_outputs_were_written_is_told_and_they_are_read(run: FinishedRun) -> None:
    leg = finished_leg(logged(run, LOG + RAN + "Segmentation fault\n"), described())
    assert set(leg.outputs() or ()) == {"prob/raw", "feat"}
    assert "what came after the outputs were written" in str(leg.beside)


def test_an_output_that_was_not_written_is_not_read(run: FinishedRun) -> None:
    failed = LOG + RAN.replace("feat.bin success", "feat.bin failed")
    leg = finished_leg(logged(run, failed), described())
    assert set(leg.outputs() or ()) == {"prob/raw"}
    assert any("it wasn't written: feat" in note for note in leg.notes)
    with pytest.raises(UsageError, match=r"dump output\[0\] prob/raw as out/prob_raw\.bin failed"):
        finished_leg(logged(run, LOG + RAN.replace("success", "failed")), described())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LOG + RAN, "stored its outputs as out/prob_raw.bin, out/feat.bin"),
        (LOG + "Run task took 3 us (1 rounds for average)\n", "stored no outputs"),
        ("Run AxModel:\n  tool ver: 2.3.3sp\n  min =   0.719 ms   max =   0.726 ms\n", "stored no outputs"),
        ("undefined option: --nope\nusage: ./run_joint [options] ... joint-file\n", "the run never began"),
        ("run joint version: 0.5.13\nread file none.joint failed\n", "the run never began: read file none.joint"),
        ("[ERROR] Stimulus file{a/b.bin} is not exist.\n", "the run never began"),
    ],
)
def test_an_empty_folder_of_a_run_that_went_well_or_never_began_is_bad_input(
    run: FinishedRun, text: str, words: str
) -> None:
    for path in run.folder.iterdir():
        path.unlink()
    with pytest.raises(UsageError, match=words):
        finished_leg(logged(run, text), described())


def test_of_several_runs_in_a_log_the_last_one_is_read(run: FinishedRun) -> None:
    first = LOG.replace("0.6.1.14\n59588c54", "0.6.0.17\nd696ee2f")
    first += "input[0] image data not provided, using random data\n" + RAN
    log = read_run_log((first + LOG + RAN).splitlines())
    assert log.not_fed == ()
    assert toolchain_of(log.toolchain) == Toolchain("0.6.1.14", "59588c54")
    leg = finished_leg(logged(run, first + LOG + RAN), described())
    assert any("holds 2 runs: the last one is read" in note for note in leg.notes)


AROUND = (
    "    {}",
    "\t{}",
    "> {}",
    "\x1b[32m{}\x1b[0m",
    "\x1b]0;root@AXERA: ~\x07{}",
    "[2023-01-01 10:00:{number:02d}] {}",
    "2023-01-01T10:00:00.{number}Z {}",
    "2023/06/01 12:00:{number:02d} {}",
    "[Thu Jun 01 12:00:00.{number} 2023] {}",
    "Jun {number:2d} 12:00:00 {}",
    "Jun  1 12:00:00 AX620A user.notice run_joint[123]: {}",
    "01-02 03:04:05.{number:03d}  1234  1234 I run_joint: {}",
    "I/run_joint( 1234): {}",
    "[12:00:00.{number}] {}",
    "[{number:5d}.123456] {}",
    "2023-06-01 12:00:00,123 - INFO - {}",
    "INFO:root:{}",
    "2023-06-01 12:00:00.123 | INFO     | __main__:run:{number} - {}",
    "192.168.1.2: {}",
    "board-1  | {}",
    "{number}:{}",
    "{number:6d}\t{}",
    "{}\n",
    "{}\x00",
    '{{"ts": {number}, "msg": "{}"}}',
    '{{"msg": "{}", "ts": {number}}}',
    '        "{}",',
    "{:<70}| other",
)


@pytest.mark.parametrize("around", AROUND)
def test_what_terminals_and_loggers_put_around_lines_is_read_through(around: str) -> None:
    lines = (LOG + RAN).splitlines()
    around_them = "\n".join(around.format(line, number=number) for number, line in enumerate(lines, 1))
    assert read_run_log(around_them.splitlines())._replace(lines=()) == read_run_log(lines)._replace(lines=())


@pytest.mark.parametrize("around", ["Jun 01 12:00:{number:02d} {}", "192.168.1.2: {}", "{number:6d}\t{}"])
def test_a_failure_is_seen_through_a_logger_s_prefix(around: str) -> None:
    lines = [*LOG.splitlines(), "[Engine] Load model failed.", "Aborted", "root@AXERA:~# ./demo", "Segmentation fault"]
    log = read_run_log([around.format(line, number=number) for number, line in enumerate(lines, 1)])
    assert log.failure == read_run_log(lines).failure
    assert log.failure is not None
    assert log.failure.signal == "SIGABRT"


@pytest.mark.parametrize("line", ["1 " * 400, "1" * 900, ": " * 450, ":1: " * 250, "[Engine]" * 120, "\x1b]" * 400])
def test_a_hostile_log_takes_bounded_work(line: str) -> None:
    begins = [f"{line[:180]}Using batch size 1", f"{line[:180]}Max Batch Size 1"]
    assert read_run_log([*begins, *[line] * 200, line * 500]).failure is None


def test_a_log_that_windows_wrote_as_utf_16_is_read(run: FinishedRun) -> None:
    assert run.log is not None
    run.log.write_bytes(LOG.encode("utf-16"))
    assert description_in(read_run_log(read_log(run.log).lines)) == described()
    run.log.write_bytes(LOG.encode("utf-16-le"))
    assert description_in(read_run_log(read_log(run.log).lines)) == described()


SHELL = "root@AXERA:~# "
OTHERS = (
    "load model /opt/other.joint failed\n[Engine] init failed\ndemo: main.c:10: f: Assertion `x' failed.\nAborted\n"
)
ENDED = "Run task took 3 us (1 rounds for average)\n"
SAMPLE_LOG = "model file : m.joint\nRun-Joint Runtime version: 0.5.10\nTools version: 0.6.1.14\n59588c54\n"
AX_LOG = "Run AxModel:\n  tool ver: 2.3.3sp\n  min =   0.719 ms   max =   0.726 ms\n"


@pytest.mark.parametrize("own", [LOG + RAN, LOG + ENDED, AX_LOG, SAMPLE_LOG], ids=["dumps", "ran", "ax", "sample"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Killed\n", ""),
        (OTHERS, ""),
        ("sh: run_joint: not found\n", ""),
        (f"{SHELL}./demo\n{OTHERS}{SHELL}run\n", f"{SHELL}./demo\n{OTHERS}{SHELL}\n"),
        ("", f"{SHELL}./demo\nSegmentation fault\n"),
        ("", f"{SHELL}run_joint none.joint\nrun joint version: 0.5.13\nread file none.joint failed\n"),
        ("", f"{SHELL}run_joint --help\nrun joint version: 0.5.13\nusage: run_joint ...\n"),
    ],
)
def test_words_before_the_beginning_and_after_the_end_are_another_program_s(own: str, before: str, after: str) -> None:
    log, alone = read_run_log((before + own + after).splitlines()), read_run_log(own.splitlines())
    assert log.failure is None
    assert (log.tool, log.written, log.finished, log.toolchain) == (
        alone.tool,
        alone.written,
        alone.finished,
        alone.toolchain,
    )


def test_a_program_that_printed_on_was_not_ended_by_the_words_before() -> None:
    assert read_run_log(LOG.replace("Using batch", "Killed\nUsing batch").splitlines()).failure is None
    assert read_run_log((LOG + "Killed\n").splitlines()).failure is not None


@pytest.mark.parametrize("words", ["sh: ax_run_model: not found\n", OTHERS])
def test_a_run_that_says_it_ended_was_not_ended_by_words_further_down(words: str) -> None:
    assert read_run_log((LOG + ENDED + "[12.3] usb: new device\n" + words).splitlines()).failure is None


def test_of_several_runs_the_one_that_wrote_the_folder_is_judged(run: FinishedRun) -> None:
    failed = "run joint version: 0.5.13\nvirtual npu mode is disable\n" + ASSERTED
    leg = finished_leg(logged(run, LOG + RAN + failed), described())
    assert set(leg.outputs() or ()) == {"prob/raw", "feat"}
    assert leg.versions["vnpu"] == "1_1"
    assert any(
        "says that it stored these outputs is read; one after it failed: it asserted" in one for one in leg.notes
    )
    for path in run.folder.iterdir():
        path.unlink()
    assert finished_leg(run, described()).load_failure is not None


OTHER = LOG.replace("0.6.1.14\n59588c54", "0.6.0.17\nd696ee2f")
SMALLER = OTHER.replace("[1, 10] NHWC float32\n    Memory Physical\n    Size 40", "[1, 5] NHWC float32\n    Size 20")
RANDOM = LOG + "input[0] image data not provided, using random data\n"


def out_of(folder: str) -> str:
    return RAN.replace("as out/", f"as {folder}/")


def joint_of(release: str, folder: Path) -> JointArchive:
    topology = topology_pb2.Topology(input_names=["image"], output_names=["prob/raw", "feat"], tool_commit=release)
    member = tarfile.TarInfo("topo.bin")
    member.size = topology.ByteSize()
    with tarfile.open(folder / "m.joint", "w:gz") as tar:
        tar.addfile(member, io.BytesIO(topology.SerializeToString()))
    return read_joint(folder / "m.joint")


@pytest.mark.parametrize(
    ("other", "its_folder", "ours"),
    [
        (OTHER, "out2", "out"),  # the folder tells
        (OTHER, "/data/v2/x", "/data/v1/out"),
        (SMALLER, "x", "y"),  # sizes tell
        (SMALLER, "out", "out"),
        (OTHER, "x", "y"),  # the release tells, with a doubt
    ],
)
@pytest.mark.parametrize("ours_last", [False, True])
def test_of_two_models_in_a_log_the_one_that_left_the_folder_is_read(
    run: FinishedRun, tmp_path: Path, other: str, its_folder: str, ours: str, ours_last: bool
) -> None:
    both = [LOG + out_of(ours), other + out_of(its_folder)]
    leg = finished_leg(
        logged(run, "".join(reversed(both) if ours_last else both)),
        described(),
        joint_of("0.6.1.14\n59588c54", tmp_path),
    )
    assert leg.tools_version == "0.6.1.14 59588c54"
    doubted = any("one of another joint (0.6.0.17 d696ee2f)" in one for one in leg.notes)
    assert doubted == (its_folder == "x" and other is OTHER)


def test_a_run_on_random_data_counts_for_its_own_folder(run: FinishedRun) -> None:
    for text in (LOG + out_of("out") + RANDOM + out_of("out3"), RANDOM + out_of("out3") + LOG + out_of("out")):
        assert "random data" not in str(finished_leg(logged(run, text), described()).rounds[0].facts.log_lines)
    for text in (RANDOM + out_of("out") + LOG + out_of("out2"), LOG + out_of("out") + RANDOM + out_of("out")):
        assert "random data" in str(finished_leg(logged(run, text), described()).rounds[0].facts.log_lines)
    leg = finished_leg(logged(run, RANDOM + out_of("x") + LOG + out_of("y")), described())
    assert any("can't be told: one that says 'input[0] image data not provided" in one for one in leg.notes)


def test_right_bytes_beat_a_line_that_says_they_were_not_stored(run: FinishedRun) -> None:
    leg = finished_leg(logged(run, LOG + RAN.replace("feat.bin success", "feat.bin failed")), described())
    assert set(leg.outputs() or ()) == {"prob/raw"}
    assert leg.where_equal is not None
    assert set(leg.where_equal.outputs() or ()) == {"prob/raw", "feat"}
    assert "not every output was stored, and all are right: dump output[1]" in str(leg.where_equal.beside)


def test_bytes_beat_a_log_that_says_the_run_failed(run: FinishedRun) -> None:
    leg = finished_leg(logged(run, SAMPLE_LOG + "Segmentation fault\n"), described())
    assert leg.outputs() is None
    assert leg.where_equal is not None
    assert set(leg.where_equal.outputs() or ()) == {"prob/raw", "feat"}
    assert "and its bytes are right: it was ended by SIGSEGV" in str(leg.where_equal.beside)


@pytest.mark.parametrize("words", [OTHERS, ""])
def test_an_empty_folder_beside_a_log_of_stored_outputs_is_bad_input(run: FinishedRun, words: str) -> None:
    for path in run.folder.iterdir():
        path.unlink()
    with pytest.raises(UsageError, match=r"stored its outputs as out/prob_raw\.bin"):
        finished_leg(logged(run, words + LOG + RAN + "Segmentation fault\n"), described())
