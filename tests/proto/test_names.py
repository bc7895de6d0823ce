"""File stems of tensor names."""

import pytest
from axpair_proto.errors import ContractError
from axpair_proto.names import (
    alike_in_a_joint,
    alike_words,
    file_stems,
    find_name,
    find_spelled,
    gt_file_stem,
    joint_name,
    match_stems,
    pulsar2_file_stem,
    run_joint_file_stem,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("prob/raw", "prob_raw"),
        ("a:0", "a:0"),
        ("two words", "two words"),
        ("名字", "名字"),
        ("..", "__"),
        ("", "_"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a\\b\x00c\n", "a_b_c_"),
    ],
)
def test_a_gt_stem_follows_run_joint_and_is_safe(name: str, stem: str) -> None:
    assert gt_file_stem(name) == stem


def test_the_toolchains_differ_in_what_they_replace() -> None:
    assert run_joint_file_stem("a/b:0") == "a_b:0"
    assert pulsar2_file_stem("a/b:0.x") == "a_b_0_x"


@given(st.text(max_size=600))
def test_no_name_leaves_its_folder(name: str) -> None:
    stem = gt_file_stem(name)
    assert stem.strip(".")
    assert not set(stem) & set("/\\\x00\n")
    assert len(stem.encode("utf-8", "surrogateescape")) <= 200


def test_long_names_that_differ_at_the_end_stay_apart() -> None:
    stems = file_stems(["x" * 300 + "a", "x" * 300 + "b"])
    assert len(set(stems.values())) == 2


@pytest.mark.parametrize("names", [("a/b", "a_b"), ("Out", "out")])
def test_names_that_would_share_a_file_have_one_of_their_own_each(names: tuple[str, str]) -> None:
    stems = file_stems((*names, "x"))
    assert len({stem.casefold() for stem in stems.values()}) == 3
    assert dict(match_stems((*names, "x"), stems.values())) == stems
    # Whoever stores one of the two alone says whose it is all the same.
    assert match_stems(names, [stems[names[0]]]) == {names[0]: stems[names[0]]}


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ContractError, match="AX001: two tensors are named 'a:b'"):
        file_stems(["a:b", "a:b"])


def test_a_file_of_two_names_is_the_one_s_that_is_spelled_so() -> None:
    assert match_stems(["a/b", "a_b", "x"], ["a_b", "x"]) == {"a_b": "a_b", "x": "x"}


def test_a_folder_is_matched_by_the_rule_of_the_tool_that_wrote_it() -> None:
    names = ["a/b:0", "c.d"]
    assert match_stems(names, ["a_b:0", "c.d"]) == {"a/b:0": "a_b:0", "c.d": "c.d"}
    assert match_stems(names, ["a_b_0", "c_d"]) == {"a/b:0": "a_b_0", "c.d": "c_d"}
    assert match_stems(names, ["c.d"]) == {"c.d": "c.d"}


def test_one_file_never_stands_for_two_names() -> None:
    with pytest.raises(ContractError, match="both"):
        match_stems(["a:0", "a.0"], ["a_0"])


def test_a_dot_of_the_onnx_name_is_a_colon_in_a_joint() -> None:
    assert joint_name("conv2d_1.tmp_0") == "conv2d_1:tmp_0"
    assert joint_name("onnx::Reshape_951") == "onnx::Reshape_951"
    names = ["conv2d_1:tmp_0", "conv2d_2:tmp_0"]
    assert match_stems(names, ["conv2d_1.tmp_0", "conv2d_2.tmp_0"]) == {
        "conv2d_1:tmp_0": "conv2d_1.tmp_0",
        "conv2d_2:tmp_0": "conv2d_2.tmp_0",
    }
    assert match_stems(["a/b.c", "d"], ["a_b:c", "d"]) == {"a/b.c": "a_b:c", "d": "d"}


def test_names_that_a_joint_cannot_tell_apart_never_pair_by_chance() -> None:
    assert match_stems(["a.b", "a:b", "c"], ["a:b", "c"]) == {"c": "c"}
    assert match_stems(["a:b.c"], ["a.b.c", "a.b:c"]) == {}
    assert match_stems(["a.b", "a:b"], ["a.b", "a:b"]) == {"a.b": "a.b", "a:b": "a:b"}


def test_of_two_files_that_are_one_name_in_a_joint_the_joint_s_own_is_taken() -> None:
    for name in ("a.b", "a:b"):
        assert match_stems([name, "c"], ["a.b", "a:b", "c"]) == {name: "a:b", "c": "c"}


def test_names_that_are_one_in_a_joint_are_told() -> None:
    assert alike_in_a_joint(["a.b", "c", "a:b", "c"]) == [("a.b", "a:b"), ("c", "c")]
    assert alike_words("output", ["a.b", "a:b"]) == [
        "AX001: the outputs 'a.b' and 'a:b' are both 'a:b' in a joint, which takes '.' for ':'"
    ]


@pytest.mark.parametrize(
    "spelled", ["/m.24/m.0/C:0", "_m.24_m.0_C:0", "_m:24_m:0_C:0", "_m_24_m_0_C_0", "m.24/m.0/C_0"]
)
def test_a_name_is_meant_by_each_of_its_spellings(spelled: str) -> None:
    assert find_spelled(spelled, ["/m:24/m:0/C:0", "c"]) == "/m:24/m:0/C:0"
    assert find_spelled("/m.24/m.0/C:0", [spelled, "c"]) == spelled


def test_a_spelling_of_two_names_means_neither() -> None:
    assert find_spelled("a_b", ["a/b", "a:b"]) == "a/b"  # run_joint's rule comes first
    assert find_spelled("a_b", ["a/b", "a\\b"]) is None
    assert find_spelled("nope", ["a", "b"]) is None


def test_axcl_s_samples_take_a_name_for_a_path() -> None:
    names = ["/model:24/m.0/Conv.output:0", "conv2d_1:tmp_0"]
    found = ["model.24/m.0/Conv_output_0", "conv2d_1:tmp_0"]
    assert match_stems(names, found) == dict(zip(names, found, strict=True))


def test_a_name_is_found_in_either_spelling_where_that_leaves_no_choice() -> None:
    assert find_name("input.1", ["input:1", "mask"]) == "input:1"
    assert find_name("a.b", ["a.b", "a:b"]) == "a.b"
    assert find_name("a.b:c", ["a.b.c", "a:b:c"]) is None
