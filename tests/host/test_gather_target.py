"""What a gt folder may replace."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axpair_host.errors import UsageError
from axpair_host.evidence.named import KIND
from axpair_host.evidence.record import CaseFacts, InputFacts, Record
from axpair_host.evidence.store import write_pair_json
from axpair_host.gather.request import FinishedRun, GatherRequest
from axpair_host.gather.target import Target, check_same_case, check_writable
from axpair_host.inputs import InputFile
from axpair_proto.gt.folders import whole_folder
from axpair_proto.simulator import Models

CASE = CaseFacts(id="cat", joint_sha256="a" * 64, config_sha256="c" * 64)
INPUTS = {"x": "1" * 64}


def record(case: CaseFacts = CASE, inputs: dict[str, str] = INPUTS) -> Record:
    facts = tuple(InputFacts(name, name, "uint8", (1,), "", "", sha, "") for name, sha in inputs.items())
    return Record(case, facts, (), "emulator")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with something in it."""
    (tmp_path / "gt").mkdir()
    (tmp_path / "gt" / "pair.json").touch()
    return tmp_path / "gt"


def test_the_same_case_may_be_replaced(out: Path) -> None:
    check_same_case(out, record(), CASE, INPUTS)


def test_an_empty_or_absent_folder_is_free(tmp_path: Path) -> None:
    check_same_case(tmp_path / "none", None, CASE, INPUTS)
    (tmp_path / "empty").mkdir()
    check_same_case(tmp_path / "empty", None, CASE, INPUTS)


@pytest.mark.parametrize(
    ("case", "inputs", "words"),
    [
        (CaseFacts("dog", "b" * 64, config_sha256="c" * 64), INPUTS, "joint bbbbbbbbbbbb against aaaaaaaaaaaa"),
        (CaseFacts("dog", "a" * 64), INPUTS, "configuration none against cccccccccccc"),
        (CASE, {"x": "2" * 64}, "input 'x' 222222222222 against 111111111111"),
        (CASE, {"y": "1" * 64}, "input 'y' 111111111111 against none"),
    ],
)
def test_another_case_is_named_with_what_differs(
    out: Path, case: CaseFacts, inputs: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_same_case(out, record(case, inputs), CASE, INPUTS)
    assert words in caught.value.message
    assert f"'{case.id}'" in caught.value.message
    assert "'cat'" in caught.value.message
    assert "--overwrite" in str(caught.value.next_step)


def test_a_folder_of_something_else_is_not_touched(out: Path) -> None:
    with pytest.raises(UsageError, match="aren't a case of axpair's"):
        check_same_case(out, None, CASE, INPUTS, overwrite=True)


def test_a_file_in_the_way_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        check_writable(tmp_path / "file")
    with pytest.raises(UsageError, match="is a file, no folder can be made in it"):
        check_writable(tmp_path / "file" / "a" / "gt")


def test_a_parent_that_cant_be_written_is_refused() -> None:
    with pytest.raises(UsageError, match="can't be written"):
        check_writable(Path("/proc/axpair/gt"))


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("flag", "change"),
    [
        ("--joint", lambda out, elsewhere: GatherRequest(Models(out / "pair.json"))),
        ("--onnx", lambda out, elsewhere: GatherRequest(Models(elsewhere, onnx=out / "pair.json"))),
        ("--input", lambda out, elsewhere: GatherRequest(Models(elsewhere), (InputFile(out / "pair.json"),))),
        ("--golden", lambda out, elsewhere: GatherRequest(Models(elsewhere), golden=out)),
        ("--gt", lambda out, elsewhere: GatherRequest(Models(elsewhere), gt=out / "board")),
        ("--board-out", lambda out, elsewhere: GatherRequest(Models(elsewhere), finished=FinishedRun(out))),
    ],
)
def test_a_folder_that_holds_the_cases_own_files_is_never_replaced(
    out: Path, tmp_path: Path, flag: str, change: Callable[[Path, Path], GatherRequest], overwrite: bool
) -> None:
    with pytest.raises(UsageError, match=f"{flag} .* would be lost"):
        Target(out, change(out, tmp_path / "m.joint"), overwrite=overwrite)


def test_the_working_directory_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below")
    with pytest.raises(UsageError, match="the working directory"):
        Target(Path(".."), GatherRequest(Models(tmp_path / "m.joint")), overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_bytes_that_someone_put_in_place_of_ours_are_theirs(tmp_path: Path, overwrite: bool) -> None:
    with whole_folder(tmp_path / "gt", KIND) as fresh:
        write_pair_json(fresh, record(), None)
        (fresh / "board").mkdir()
        (fresh / "board" / "prob.bin").write_bytes(b"ours")
    target = Target(tmp_path / "gt", GatherRequest(Models(tmp_path / "m.joint")), overwrite=overwrite)
    target.check_case(CASE, INPUTS)
    (tmp_path / "gt" / "board" / "prob.bin").write_bytes(b"by hand")
    with pytest.raises(UsageError, match=r"board/prob\.bin: axpair didn't write it"):
        target.check_case(CASE, INPUTS)


@pytest.mark.parametrize("overwrite", [False, True])
def test_another_kind_of_folder_is_never_replaced(tmp_path: Path, overwrite: bool) -> None:
    with whole_folder(tmp_path / "run", "run") as fresh:
        (fresh / "run.sqlite").write_text("")
    with pytest.raises(UsageError, match="aren't a case of axpair's") as caught:
        Target(tmp_path / "run", GatherRequest(Models(tmp_path / "m.joint")), overwrite=overwrite).check_case(
            CASE, INPUTS
        )
    assert "--overwrite" not in str(caught.value.next_step)


def test_of_the_folder_that_half_of_it_comes_from_the_users_tensors_are_taken_as_they_are(tmp_path: Path) -> None:
    gt, fresh = tmp_path / "gt", tmp_path / "fresh"
    for name in ("joint/prob.npy", "joint/vendor.log", "input/x.bin", "input/filename.txt", "board/notes.txt"):
        (gt / name).parent.mkdir(parents=True, exist_ok=True)
        (gt / name).write_text("theirs")
    fresh.mkdir()
    target = Target(gt, GatherRequest(Models(tmp_path / "m.joint"), gt=gt), overwrite=False)
    target.check_case(CASE, INPUTS)
    target.begin(fresh)
    found = sorted(path.relative_to(fresh).as_posix() for path in fresh.rglob("*") if path.is_file())
    assert found == ["input/filename.txt", "input/x.bin", "joint/prob.npy"]
    (gt / "board" / "prob.bin").write_text("theirs")
    with pytest.raises(UsageError, match=r"board/prob\.bin: axpair didn't write it"):
        target.check_case(CASE, INPUTS)


def test_a_link_is_followed(out: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(out)
    assert Target(tmp_path / "link", GatherRequest(Models(tmp_path / "m.joint")), overwrite=False).path == out.resolve()
