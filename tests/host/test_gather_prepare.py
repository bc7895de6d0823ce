"""Which file becomes which input."""

from pathlib import Path

import numpy as np
import pytest
from axpair_host.errors import UsageError
from axpair_host.gather.prepare import from_gt
from axpair_host.inputs import InputFile, assign, cases_of
from axpair_proto.description import ModelDescription, TensorDescription


def described(*names: str) -> ModelDescription:
    return ModelDescription(
        inputs=tuple(TensorDescription(name, "uint8", (1, 4), size_bytes=4) for name in names),
        outputs=(TensorDescription("y", "float32", (1,), size_bytes=4),),
    )


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.bin" for number in range(3)]
    for path in paths:
        path.write_bytes(b"abcd")
    return paths


def test_files_go_to_inputs_in_the_models_order(files: list[Path]) -> None:
    assigned = assign(["a", "b"], [InputFile(files[0]), InputFile(files[1])])
    assert list(assigned.items()) == [("a", files[0]), ("b", files[1])]


def test_layer_names_the_input_and_the_rest_keeps_its_order(files: list[Path]) -> None:
    given = [InputFile(files[0], "c"), InputFile(files[1]), InputFile(files[2])]
    assigned = assign(["a", "b", "c"], given)
    assert list(assigned.items()) == [("a", files[1]), ("b", files[2]), ("c", files[0])]


@pytest.mark.parametrize(
    ("names", "layers", "words"),
    [
        (("a", "b"), (None,), "1 input file was given, the model has 2 inputs: a, b"),
        (("a",), (None, None), "2 input files were given, the model has 1 input: a"),
        (("a", "b"), ("x", None), "--layer 'x': the model has no such input; its inputs: a, b"),
        (("a", "b"), ("b", "b"), "--layer 'b' is given twice"),
    ],
)
def test_what_doesnt_match_lists_the_models_names(
    files: list[Path], names: tuple[str, ...], layers: tuple[str | None, ...], words: str
) -> None:
    given = [InputFile(path, layer) for path, layer in zip(files, layers, strict=False)]
    with pytest.raises(UsageError, match=words):
        assign(names, given)


def test_a_layer_is_named_in_either_toolchain_s_spelling(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n")
    assert assign(["input:1"], [InputFile(tmp_path / "x.png", "input.1")]) == {"input:1": tmp_path / "x.png"}


def test_a_missing_file_is_named_with_its_option(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--input .*none\.png: No such file"):
        assign(["a"], [InputFile(tmp_path / "none.png")])


def test_inputs_of_a_gt_folder_are_found_by_any_toolchains_naming(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "images_0.bin").write_bytes(b"wxyz")
    prepared = from_gt(tmp_path, described("images:0"))
    assert prepared.data == {"images:0": b"wxyz"}
    assert prepared.id == tmp_path.name


def test_an_input_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "a.bin").write_bytes(b"abc")
    with pytest.raises(UsageError, match=r"3 bytes, but the input 'a' .* has 4"):
        from_gt(tmp_path, described("a"))


def test_a_lacking_input_lists_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    for stem in ("a", "c"):
        np.save(tmp_path / "input" / f"{stem}.npy", np.zeros(4, np.uint8))
    with pytest.raises(UsageError, match="no file for the input 'b'; found: a, c"):
        from_gt(tmp_path, described("a", "b"))


def test_files_are_one_case_each_or_one_of_each_archive(files: list[Path]) -> None:
    one, two, three = (InputFile(file) for file in files)
    assert cases_of(["a"], [one, two, three]) == [{"a": file} for file in files]
    assert cases_of(["a", "b"], [one, two]) == [{"a": files[0], "b": files[1]}]
    pack = [InputFile(file, name, Path("x.npz")) for file, name in zip(files, ("b", "a"), strict=False)]
    other = [InputFile(file, name, Path("y.npz")) for file, name in zip(files[1:], ("a", "b"), strict=True)]
    assert cases_of(["a", "b"], pack + other) == [{"a": files[1], "b": files[0]}, {"a": files[1], "b": files[2]}]
    with pytest.raises(UsageError, match="2 input files were given, the model has 1 input: a"):
        cases_of(["a"], pack)
    with pytest.raises(UsageError, match="1 input file was given, the model has 2 inputs: a, b"):
        cases_of(["a", "b"], [one])
