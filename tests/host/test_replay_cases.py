"""Which BadCases are found, under which ids, in which order."""

import os
from pathlib import Path

import pytest
from axpair_host.errors import UsageError
from axpair_host.files import check_apart
from axpair_host.replay.cases import discover


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))


def ids(folder: Path, inputs: tuple[str, ...] = ("data",)) -> list[str]:
    return [case.id for case in discover(folder, inputs).cases]


def test_ids_are_paths_below_the_folder_sorted(tmp_path: Path) -> None:
    write(tmp_path, "b.jpg", "night/z.PNG", "night/a.bin", "a.npy")
    assert ids(tmp_path) == ["a.npy", "b.jpg", "night/a.bin", "night/z.PNG"]


def test_other_files_are_left_out_and_named(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "notes/readme.txt", ".DS_Store", ".hidden/b.jpg")
    found = discover(tmp_path, ["data"])
    assert [case.id for case in found.cases] == ["a.jpg"]
    assert found.left_out == ("notes/readme.txt",)


def test_the_run_folder_inside_is_no_case(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "run/cases/a.jpg/input/data.npy")
    assert [case.id for case in discover(tmp_path, ["data"], run=tmp_path / "run").cases] == ["a.jpg"]


def test_with_several_inputs_a_folder_is_a_case_and_its_files_are_matched_by_escaped_name(tmp_path: Path) -> None:
    write(tmp_path, "one/left_image.jpg", "one/mask.bin", "two/left_image.jpg", "two/other.bin")
    one, two = discover(tmp_path, ["left/image", "mask"]).cases
    assert (one.id, two.id) == ("one", "two")
    assert {name: path.name for name, path in one.files.items()} == {
        "left/image": "left_image.jpg",
        "mask": "mask.bin",
    }
    assert set(two.files) == {"left/image"}


def test_a_list_names_files_relative_to_itself(tmp_path: Path) -> None:
    write(tmp_path, "pictures/b.jpeg2", "pictures/a.jpg")
    listing = tmp_path / "cases.txt"
    listing.write_text("# the two that failed\npictures/b.jpeg2\n\n./pictures/a.jpg\n", encoding="utf-8")
    assert ids(listing) == ["pictures/a.jpg", "pictures/b.jpeg2"]


def test_a_list_that_names_a_case_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    (tmp_path / "cases.txt").write_text("a.jpg\n\n./a.jpg\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"lines 1 and 3 name the same case 'a\.jpg'"):
        ids(tmp_path / "cases.txt")


def test_a_line_in_gbk_that_is_utf_8_by_chance_names_its_file(tmp_path: Path) -> None:
    write(tmp_path, "猫.png")
    (tmp_path / "cases.txt").write_bytes("猫.png\n".encode("gbk"))
    assert "猫.png".encode("gbk").decode("utf-8") == "\xe8.png"
    assert ids(tmp_path / "cases.txt") == ["猫.png"]


def test_a_list_with_a_missing_file_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "cases.txt").write_text("gone.jpg\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"line 1: gone\.jpg: no such file"):
        ids(tmp_path / "cases.txt")


def test_a_picture_in_place_of_a_list_is_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 not text")
    with pytest.raises(UsageError, match="is a picture, neither a folder nor a list of cases"):
        ids(tmp_path / "photo.jpg")


@pytest.mark.parametrize("second", ["a_b.jpg", "A/B.jpg"])
def test_two_cases_that_would_be_kept_in_one_folder_are_refused(tmp_path: Path, second: str) -> None:
    write(tmp_path, "a/b.jpg", second)
    with pytest.raises(UsageError, match="would both be kept as"):
        ids(tmp_path)


def test_nothing_to_replay_is_bad_usage(tmp_path: Path) -> None:
    write(tmp_path, "notes.txt")
    with pytest.raises(UsageError, match="no cases in it; 1 other files"):
        ids(tmp_path)
    with pytest.raises(UsageError, match="gone: No such file or directory"):
        ids(tmp_path / "gone")


@pytest.mark.skipif(os.name == "nt", reason="names there are Unicode")
def test_a_name_that_is_not_utf_8_is_still_a_case(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    (case,) = discover(tmp_path, ["data"]).cases
    assert case.id == r"caf\xe9.jpg"
    assert case.files["data"].read_bytes() == b"x"


def test_the_digest_follows_the_bytes(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    (case,) = discover(tmp_path, ["data"]).cases
    before = case.digest()
    assert case.digest() == before
    (tmp_path / "a.jpg").write_bytes(b"mended")
    assert case.digest() != before


def test_what_is_no_file_is_passed_over_and_named(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "circle.png").symlink_to("circle.png")
    (tmp_path / "around").symlink_to(".")
    found = discover(tmp_path, ["data"])
    assert [case.id for case in found.cases] == ["a.jpg"]
    assert found.passed_over == (
        "around (a link to a folder)",
        "circle.png (links in a circle)",
        "pipe.png (a pipe)",
        "zero.png (a device)",
    )


def test_a_gt_folder_among_the_cases_is_none(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    (tmp_path / "gt" / "joint").mkdir(parents=True)
    write(tmp_path / "gt", "pair.json", "joint/y.bin")
    found = discover(tmp_path, ["data"])
    assert [case.id for case in found.cases] == ["a.jpg"]
    assert found.passed_over == ("gt (a gt folder)",)


def test_a_list_passes_over_what_is_no_file(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "list.txt").write_text("a.jpg\npipe.png\n")
    found = discover(tmp_path / "list.txt", ["data"])
    assert [case.id for case in found.cases] == ["a.jpg"]
    assert found.passed_over == ("pipe.png (a pipe)",)


def test_a_name_that_is_spelled_like_another_is_refused(tmp_path: Path) -> None:
    write(tmp_path, os.fsdecode(b"\xd5.png"), "\\xd5.png")
    with pytest.raises(UsageError, match="would both be kept"):
        discover(tmp_path, ["data"])


@pytest.mark.parametrize("run", [".", "cases", "cases/deep", "cases/deep/../.."])
def test_a_run_that_is_or_holds_the_cases_is_refused(tmp_path: Path, run: str) -> None:
    write(tmp_path, "cases/deep/a.jpg")
    with pytest.raises(UsageError, match="lies in it"):
        check_apart("--run", tmp_path / run, [tmp_path / "cases" / "deep" / "a.jpg"])
    (tmp_path / "link").symlink_to("cases")
    with pytest.raises(UsageError, match="lies in it"):
        check_apart("--run", tmp_path / run, [tmp_path / "link" / "deep"])


def test_a_run_beside_or_inside_the_cases_is_well(tmp_path: Path) -> None:
    write(tmp_path, "cases/a.jpg")
    for run in ("run", "cases/run", "cases.run"):
        check_apart("--run", tmp_path / run, [tmp_path / "cases", tmp_path / "cases" / "a.jpg"])


def test_a_quoted_line_is_the_name_within(tmp_path: Path) -> None:
    write(tmp_path, "my picture.jpg", "b.jpg", "'odd'")
    (tmp_path / "cases.txt").write_text("\"my picture.jpg\"\n'b.jpg'\n'odd'\n", encoding="utf-8")
    assert ids(tmp_path / "cases.txt") == ["'odd'", "b.jpg", "my picture.jpg"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("path,id\na.jpg,one\nb.jpg,\n", {"one": "a.jpg", "b.jpg": "b.jpg"}),
        ("a.jpg,cat\n'b.jpg,dog\n", None),
        ("a.jpg\tcat\nb.jpg\tdog\n", {"a.jpg": "a.jpg", "b.jpg": "b.jpg"}),
        ("Label;Image\ncat;a.jpg\ndog;b.jpg\n", {"a.jpg": "a.jpg", "b.jpg": "b.jpg"}),
    ],
)
def test_a_csv_list_says_by_its_head_what_its_columns_are(
    tmp_path: Path, text: str, found: dict[str, str] | None
) -> None:
    write(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "cases.csv").write_text(text, encoding="utf-8")
    if found is None:
        with pytest.raises(UsageError, match=r"line 2: 'b\.jpg: no such file"):
            discover(tmp_path / "cases.csv", ["data"])
    else:
        cases = discover(tmp_path / "cases.csv", ["data"]).cases
        assert {case.id: case.files["data"].name for case in cases} == found


def test_a_csv_list_of_several_inputs_has_a_column_for_each(tmp_path: Path) -> None:
    write(tmp_path, "l.jpg", "m.bin")
    (tmp_path / "cases.csv").write_text("id,left:image,mask\none,l.jpg,m.bin\n", encoding="utf-8")
    (case,) = discover(tmp_path / "cases.csv", ["left:image", "mask"]).cases
    assert {name: path.name for name, path in case.files.items()} == {"left:image": "l.jpg", "mask": "m.bin"}
    assert case.id == "one"
