"""Steps of a report: filled with the paths of the case, and never with options that a command lacks."""

import shlex
from pathlib import Path

import click
import msgspec
import pytest
from axpair_host.advice.commands import Filling, Known, Step, filled_row, general
from axpair_host.advice.known import known_of
from axpair_host.cli import axpair
from axpair_host.codebook import entries
from axpair_host.digests import bytes_sha256
from axpair_host.evidence.record import BoardFacts, Called, CaseFacts, InputFacts, Record

ALL = Known(
    joint=Path("m.joint"),
    onnx=Path("my models/m.onnx"),
    lava_joint=Path("m.lava_joint"),
    config=Path("oc.prototxt"),
    shapes={"x": (1, 3, 8, 8)},
    inputs=(("x", Path("a.png")),),
    fed=(("x", Path("gt/input/x.bin")),),
    gt=Path("gt"),
    board="ssh://root@ax",
    options=("--expect", "F", "--postprocess", "post:top"),
)
STEPS = [(code, step) for code, entry in entries().items() for step in entry.next_steps if step.command]


def parsed(words: list[str]) -> None:
    """Through the command's own parser. Raises click.UsageError for an option that it lacks."""
    command: click.Command = axpair
    context = click.Context(command, info_name="axpair")
    rest = words[1:]
    while isinstance(command, click.Group):
        found = command.get_command(context, rest[0])
        assert found is not None, rest[0]
        command, context, rest = found, click.Context(found, info_name=rest[0], parent=context), rest[1:]
    command.make_parser(context).parse_args(rest)


@pytest.mark.parametrize("known", [Known(), ALL], ids=["nothing known", "all known"])
@pytest.mark.parametrize(("code", "step"), STEPS, ids=[f"{code}-{step.command[:30]}" for code, step in STEPS])
def test_every_command_of_the_book_has_options_that_it_knows(code: str, step: Step, known: Known) -> None:
    line = Filling(known).of(step.document())["command"]
    for call in line.split(" && "):
        words = shlex.split(call)
        if words[0] == "axpair":
            parsed(words)


def test_a_parser_refuses_what_diagnose_lacks() -> None:
    with pytest.raises(click.NoSuchOption):
        parsed(["axpair", "diagnose", "gt", "--lava-joint", "m.lava_joint"])


def test_a_field_that_there_isnt_is_refused_where_it_is_written() -> None:
    with pytest.raises(KeyError, match="modles"):
        Step("Look.", "axpair layers {modles}")


def command(template: str, known: Known = ALL) -> str:
    return str(Filling(known).of(Step("", template).document())["command"])


def test_paths_are_quoted_and_the_last_of_an_option_counts() -> None:
    assert (
        command("{lint}") == "axpair lint oc.prototxt --onnx 'my models/m.onnx' --input-shape x:1x3x8x8 --input a.png"
    )
    assert command("{pair} --expect 3").endswith("--board ssh://root@ax --postprocess post:top --out gt-2 --expect 3")


def test_a_picture_that_was_fitted_otherwise_is_given_as_bytes_where_it_would_be_stretched() -> None:
    known = Known(joint=ALL.joint, inputs=ALL.inputs, fed=ALL.fed, options=("--resize", "crop"))
    assert "--input gt/input/x.bin" in command("{layers}", known)
    assert "--input a.png" in command("{pair}", known)


def test_a_folder_that_run_joint_takes_is_made_first() -> None:
    assert command("{run_joint}").startswith("mkdir -p out && run_joint m.joint --data gt/input/x.bin")


def test_steps_of_one_report_write_to_names_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("gt", "gt-2", "best.prototxt"):
        Path(name).mkdir()
    filling = Filling(ALL)
    made = [filling.of(Step("", one).document())["command"] for one in ("{pair}", "{on_board}", "{tune}", "{pair}")]
    assert [one.split("--out ")[1].split()[0] for one in (made[0], made[1])] == ["gt-3", "gt-4"]
    assert "--write-config best-2.prototxt" in made[2]
    assert made[3] == made[0]


def test_nothing_is_written_beside_a_case_that_a_run_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = Known(joint=Path("m.joint"), gt=Path("run/cases/a.png"), is_kept=True)
    assert Filling(kept).of(Step("", "{pair}").document())["command"].endswith(" --out gt")


def test_what_isnt_known_is_named_with_what_it_stands_for() -> None:
    found = Filling(Known()).of(Step("See.", "{layers}").document())
    assert found["command"] == "axpair layers --joint MODEL.joint --onnx MODEL.onnx --input INPUT"
    assert set(found["placeholders"]) == {"MODEL.joint", "MODEL.onnx", "INPUT"}
    assert general(Step("See.", "{layers}")) == {**found, "placeholders": {}}


def test_documents_of_other_releases_are_filled_as_far_as_they_go() -> None:
    document = {
        "findings": [
            {"next_steps": ["A sentence of release 0.1.0."]},
            {"next_steps": [{"text": "See.", "template": "{x}"}]},
        ],
        "warnings": [],
    }
    told = filled_row(document, Known())
    assert [one["next_steps"][0]["text"] for one in told["findings"]] == ["A sentence of release 0.1.0.", "See."]
    assert [one["next_steps"][0]["command"] for one in told["findings"]] == [None, None]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """A case that was gathered in the folder "work", in which the caller stands."""
    work = tmp_path / "work"
    (work / "gt").mkdir(parents=True)
    monkeypatch.chdir(work)
    for name in ("m.joint", "m.onnx", "a.png"):
        (work / name).write_bytes(name.encode())
    return Record(
        case=CaseFacts("a", bytes_sha256(b"m.joint"), bytes_sha256(b"m.onnx")),
        inputs=(InputFacts("x", "x", "uint8", (1,), "", "", "", "a.png"),),
        outputs=(),
        simulator="",
        called=Called(joint="m.joint", onnx="m.onnx", board="emulator:?fault=race", options=("--repeat", "3")),
        board=BoardFacts("emulator:?fault=race", ()),
        has_expect=True,
        expect={"label": "cat"},
    )


def test_a_stored_case_knows_how_it_was_called(stored: Record) -> None:
    known = known_of(stored, Path("gt"), is_ours=True)
    assert (known.joint, known.onnx, known.inputs) == (Path("m.joint"), Path("m.onnx"), (("x", Path("a.png")),))
    assert known.board == "emulator:?fault=race"
    assert known.options == ("--repeat", "3", "--expect", '{"label":"cat"}')


def test_what_runs_programs_is_taken_from_no_folder_that_came_from_elsewhere(stored: Record) -> None:
    board = "ssh://root@10.0.0.9"
    options = ("--repeat", "3", "--postprocess", "cmd:sh {dir}/x", "--preprocess", "p:f", "--second-opinion", "/tmp/x")
    assert stored.called is not None
    called = msgspec.structs.replace(stored.called, board=board, options=options)
    foreign = known_of(msgspec.structs.replace(stored, called=called), Path("gt"))
    said = ("--expect", '{"label":"cat"}')
    named = ("--postprocess", "MODULE:FUNCTION", "--preprocess", "MODULE:PREPROCESS")
    assert (foreign.board, foreign.options) == ("BOARD", ("--repeat", "3", *named, *said))
    step = Filling(foreign).of(Step("Again.", "{pair}").document())
    assert set(step["placeholders"]) == {"BOARD", "MODULE:FUNCTION", "MODULE:PREPROCESS"}

    uncalled = known_of(msgspec.structs.replace(stored, called=None, board=BoardFacts(board, ())), Path("gt"))
    assert (uncalled.board, uncalled.options) == ("BOARD", said)
    ours = known_of(msgspec.structs.replace(stored, called=called), Path("gt"), is_ours=True)
    assert (ours.board, ours.options) == (board, (*options, *said))


def test_from_elsewhere_its_files_are_found_beside_its_folder(
    stored: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert known_of(stored, Path("work/gt")).joint == Path("work/m.joint")
    assert known_of(stored, Path("work/gt")).inputs == (("x", Path("work/a.png")),)


def test_another_file_of_the_same_name_isnt_proposed(stored: Record) -> None:
    Path("m.onnx").write_bytes(b"another")
    known = known_of(stored, Path("gt"))
    assert (known.joint, known.onnx) == (Path("m.joint"), None)


def test_of_an_archive_nothing_is_known_but_what_lies_here(stored: Record) -> None:
    assert known_of(stored, None).gt is None
    assert known_of(stored, None).joint == Path("m.joint")
