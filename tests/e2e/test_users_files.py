"""A user's files in the way of real commands; `python -m benchmarks hostile files` has many more ways."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from axpair_host.evidence.record import FILE_NAME, CaseFacts, Record
from axpair_host.evidence.store import write_pair_json
from axpair_host.replay.store import lock_run
from axpair_proto.errors import ContractError
from axpair_proto.gt.folders import whole_folder
from axpair_proto.gt.listing import write_listed
from axpair_proto.gt.marks import MARK
from axpair_proto.simulator import Models
from command_line import Done, axpair_here, command, environment, said_once
from pairs import Case, Paired
from replays import flags
from tiny import build_tiny, write_picture

from benchmarks.hostile.attack import digests
from benchmarks.hostile.support.refusing import Refusing, is_possible

FAILING = ("--board", "emulator:?fault=stale-output")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


def pictures(folder: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_picture(folder / name, seed=seed)


def test_a_run_above_the_cases_is_refused(models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path, "cases/monday/1.png", "cases/2.png")
    before = digests(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert "lies in it" in said_once(axpair_here("replay", "cases", "--run", ".", *flags(models)), 2)
    assert digests(tmp_path) == before


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "of release 0.1.0"])
def test_photos_in_a_run_survive_while_its_cases_go_on(models: Models, tmp_path: Path, marked: bool) -> None:
    pictures(tmp_path, "bad/1.png", "bad/2.png", "bad/3.png")
    call = ("replay", tmp_path / "bad", "--run", tmp_path / "run", *flags(models), *FAILING)
    assert axpair_here(*call).returncode == 1
    kept = list((tmp_path / "run" / "cases").iterdir())
    if not marked:
        for mark in tmp_path.rglob(MARK):
            mark.unlink()
    theirs = [tmp_path / "run" / "cases" / "monday" / "a.png", *(path / "board" / "b.png" for path in kept)]
    for path in theirs:
        pictures(path.parent, path.name)
    before = [path.read_bytes() for path in theirs]
    pictures(tmp_path, "bad/3.png", "bad/2.png", "bad/1.png", "bad/4.png")  # other bytes: all of them run again
    assert axpair_here(*call).returncode == 1
    assert [path.read_bytes() for path in theirs] == before


def test_the_board_is_added_to_a_toolchains_folder_and_no_byte_of_it_changes(
    page: Case, paired_page: Paired, tmp_path: Path
) -> None:
    gt = tmp_path / "gt"
    for leg in ("input", "onnx", "joint"):
        shutil.copytree(paired_page.gt / leg, gt / leg)
    for path in (gt / "onnx").glob("*.bin"):
        path.unlink()
    (gt / "input" / "filename.txt").write_text("/elsewhere/page.jpg\n")
    before = digests(gt)
    for _ in range(2):
        done = axpair_here("pair", "--joint", page.models.joint, "--gt", gt, "--out", gt, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["verdict"] == "PASS"
        after = digests(gt)
        assert {name: after.get(name) for name in before} == before
        added = {name.partition("/")[0] for name in after.keys() - before.keys()}
        assert added == {MARK, "board", "pair.json"}


def test_overwrite_replaces_what_is_ours_alone(page: Case, face: Case, tmp_path: Path) -> None:
    axpair_here("pair", *page.flags, "--out", tmp_path / "gt")
    (tmp_path / "gt" / "board" / "why.txt").write_text("mine")
    axpair_here("pair", *face.flags, "--out", tmp_path / "gt", "--overwrite")
    assert (tmp_path / "gt" / "board" / "why.txt").read_text() == "mine"
    assert json.loads((tmp_path / "gt" / "pair.json").read_text())["gathered"]["case"]["id"] == "astronaut"
    pictures(tmp_path, "photos/1.png")
    for more in ((), ("--overwrite",)):
        message = said_once(axpair_here("pair", *page.flags, "--out", tmp_path / "photos", *more), 2)
        assert "--overwrite" not in message
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["1.png"]


def test_a_verdict_written_into_a_folder_leaves_it_ours(page: Case, tmp_path: Path) -> None:
    for _ in range(2):
        assert axpair_here("pair", *page.flags, "--out", tmp_path / "gt").returncode == 0
        assert axpair_here("diagnose", tmp_path / "gt", "--cosine", "0.5", "--write").returncode == 0


def test_what_a_run_keeps_is_no_place_for_other_evidence(models: Models, tmp_path: Path) -> None:
    pictures(tmp_path, "bad/1.png", "bad/2.png")
    call = ("replay", tmp_path / "bad", "--run", tmp_path / "run", *flags(models), *FAILING)
    assert axpair_here(*call).returncode == 1
    kept = sorted((tmp_path / "run" / "cases").iterdir())
    before = digests(tmp_path / "run")
    pair = ("pair", *flags(models), "--input", tmp_path / "bad" / "2.png", "--out")
    assert "is its evidence" in said_once(axpair_here(*pair, kept[0], "--overwrite"), 2)
    assert "keeps it as evidence" in said_once(axpair_here("diagnose", kept[0], "--write"), 2)
    assert digests(tmp_path / "run") == before
    shutil.rmtree(kept[0])
    shutil.copytree(kept[1], kept[0])
    assert "its kept folder holds another case (1): 1.png" in axpair_here(*call).stdout
    assert axpair_here("reduce", tmp_path / "run", "--out", tmp_path / "least").returncode == 1
    manifest = json.loads((tmp_path / "least" / "manifest.json").read_text())
    assert [one["id"] for one in manifest["kept"]] == ["2.png"]


@pytest.mark.parametrize("left", ["with its mark", "copied", "of release 0.1.0"])
def test_results_lock_no_run_and_no_gt_folder_out(tmp_path: Path, left: str) -> None:
    made, folder = tmp_path / "made", tmp_path / "folder"
    with lock_run(made):
        pass
    for document in (None, FILE_NAME):
        if document is not None:
            with whole_folder(made, "gt") as fresh:
                write_pair_json(fresh, Record(CaseFacts("a", "a" * 64), (), (), ""), None)
        if left == "copied":
            shutil.copytree(made, folder)
        else:
            made.rename(folder)
        if left == "of release 0.1.0":
            (folder / MARK).unlink()
        before = digests(folder)
        with pytest.raises(ContractError, match="nothing else is put into it"):
            write_listed(folder, "layers.json", b"{}", "results", is_ours=lambda path: True)
        assert "nothing else is put into it" in said_once(axpair_here("emulator", "tools", folder), 2)
        assert digests(folder) == before
        shutil.rmtree(folder)
        shutil.rmtree(made, ignore_errors=True)


def test_nothing_is_written_among_the_cases(models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path, "bad/1.png", "bad/2.png")
    before = digests(tmp_path)
    monkeypatch.chdir(tmp_path)
    tune: tuple[str | Path, ...] = ("tune", "--onnx", models.onnx or "", "--config", models.config or "")
    tune = (*tune, "--cases", "bad", "--out")
    layers: tuple[str | Path, ...] = ("layers", *flags(models), "--input", "bad/1.png", "--out")
    for words, out in ((tune, "bad"), (tune, "."), (tune, "bad/new"), (layers, "bad")):
        message = said_once(axpair_here(*words, out), 2)
        assert f"--out {out}" in message
        assert "lies in" in message
    assert "holds cases, such as 1.png" in said_once(axpair_here("emulator", "tools", "bad"), 2)
    assert digests(tmp_path) == before


def test_results_go_into_no_run_and_become_no_cases(models: Models, tmp_path: Path) -> None:
    pictures(tmp_path, "bad/1.png")
    run = tmp_path / "run"
    call = ("replay", tmp_path / "bad", "--run", run, *flags(models), *FAILING)
    assert axpair_here(*call).returncode == 1
    before = digests(run)
    tune = ("tune", "--onnx", models.onnx or "", "--config", models.config or "", "--input", tmp_path / "bad" / "1.png")
    layers = ("layers", *flags(models), "--input", tmp_path / "bad" / "1.png")
    for words in (
        ("reduce", run, "--out", run / "cases" / "least"),
        (*layers, "--out", run / "new" / "layers"),
        (*tune, "--out", run / "cases" / "1.png" / "tuned"),
        ("emulator", "tools", run / "tools"),
        ("demo", "--out", run / "demo"),
    ):
        message = said_once(axpair_here(*words), 2)
        assert f"lies in {run}" in message
        assert "nothing else is put into it" in message
    assert digests(run) == before
    assert axpair_here("reduce", run, "--out", tmp_path / "bad" / "least").returncode == 1
    again = axpair_here(*call).stdout
    assert "passed over, as no files (1): least (written by axpair: reduced)" in again
    assert "all      1" in again


def test_names_that_are_no_utf8_are_escaped(models: Models, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xd5\xd5.png")
    pictures(tmp_path, f"bad/{name}", "bad/plain.png")
    done = axpair_here("replay", tmp_path / "bad", "--run", tmp_path / "run", *flags(models), "--json", *FAILING)
    assert done.returncode == 1, done.stderr
    assert [case["id"] for case in json.loads(done.stdout)["cases"]] == ["\\xd5\\xd5.png", "plain.png"]
    done = axpair_here("pair", *flags(models), "--input", tmp_path / "bad" / name, "--out", tmp_path / "gt", "--json")
    assert done.returncode in (0, 1), done.stderr
    record = json.loads((tmp_path / "gt" / "pair.json").read_text())["gathered"]
    assert record["case"]["id"] == "\\xd5\\xd5"
    assert (tmp_path / "gt" / "input" / "filename.txt").read_bytes().endswith(b"/\xd5\xd5.png\n")


@contextmanager
def mounted(place: Path, *what: str | Path) -> Iterator[None]:
    """A file system at `place`: one of its own in memory, or as `mount` is told."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["mount", *(what or ("-t", "tmpfs", "none")), place], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_place_where_a_disk_is_mounted_is_not_replaced(page: Case, tmp_path: Path) -> None:
    gt = tmp_path / "a gt"
    with mounted(gt):
        refused = said_once(axpair_here("pair", *page.flags, "--out", gt), 2)
        assert "a disk is mounted there, and its place can't be taken" in refused
        assert list(gt.iterdir()) == []
    assert axpair_here("pair", *page.flags, "--out", gt).returncode == 0
    (gt / "notes.txt").write_text("mine")
    before = digests(gt)
    with mounted(gt, "--bind", gt):
        assert "a disk is mounted there" in said_once(axpair_here("pair", *page.flags, "--out", gt), 2)
        assert digests(gt) == before
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.txt").write_text("mine")
    with mounted(gt / "board" / "photos", "--bind", tmp_path / "photos"):
        refused = said_once(axpair_here("pair", *page.flags, "--out", gt), 2)
        assert f"{gt}/board/photos: a disk is mounted there" in refused
        assert f"umount '{gt}/board/photos'" in refused
    assert (tmp_path / "photos" / "1.txt").read_text() == "mine"
    assert {name: digest for name, digest in digests(gt).items() if "photos" not in name} == before


def test_a_run_whose_cases_lie_on_a_disk_of_their_own_keeps_them_there(models: Models, tmp_path: Path) -> None:
    pictures(tmp_path, "bad/1.png", "bad/2.png")
    with mounted(tmp_path / "run" / "cases"):
        for _ in range(2):
            done = axpair_here("replay", tmp_path / "bad", "--run", tmp_path / "run", *flags(models), *FAILING)
            assert done.returncode == 1, done.stderr
            kept = [path.name for path in (tmp_path / "run" / "cases").iterdir()]
            assert kept
            assert axpair_here("diagnose", tmp_path / "run" / "cases" / kept[0]).returncode == 1


def test_a_backup_of_hard_links_is_not_changed_by_the_next_call(models: Models, tmp_path: Path) -> None:
    pictures(tmp_path, "bad/1.png", "bad/2.png")
    call = ("replay", tmp_path / "bad", "--run", tmp_path / "run", *flags(models), *FAILING)
    assert axpair_here(*call).returncode == 1
    shutil.copytree(tmp_path / "run", tmp_path / "backup", copy_function=os.link)  # as cp -al
    before = digests(tmp_path / "backup")
    pictures(tmp_path, "bad/3.png", "bad/1.png")
    assert axpair_here(*call).returncode == 1
    assert digests(tmp_path / "backup") == before
    assert digests(tmp_path / "run") != before
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        path.name for path in (tmp_path / "backup").iterdir()
    }


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv, for root to be bound by modes")
def test_a_folder_among_the_cases_that_may_not_be_read_is_passed_over(models: Models, tmp_path: Path) -> None:
    pictures(tmp_path, "bad/1.png", "bad/2.png", "bad/lost+found/3.png")
    (tmp_path / "bad" / "lost+found").chmod(0)
    bound = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    replayed = command("replay", tmp_path / "bad", "--run", tmp_path / "run", *flags(models))
    for called, code in ((replayed, 0), (command("init", tmp_path), 0)):
        done = subprocess.run([*bound, *called], capture_output=True, text=True, check=False, env=environment())
        assert done.returncode == code, done.stderr
        assert "lost+found" in done.stdout + done.stderr
    (tmp_path / "bad" / "lost+found").chmod(0o755)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv, for root to be bound by modes")
def test_of_a_run_that_cant_be_opened_nobody_says_that_it_is_empty(models: Models, tmp_path: Path) -> None:
    pictures(tmp_path, "bad/1.png")
    call = ("replay", tmp_path / "bad", "--run", tmp_path / "run", *flags(models))
    assert axpair_here(*call).returncode == 0
    (tmp_path / "run" / MARK).unlink()
    (tmp_path / "run" / "run.sqlite").chmod(0)
    bound = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    for called in (call, ("reduce", tmp_path / "run", "--out", tmp_path / "least")):
        done = subprocess.run([*bound, *command(*called)], capture_output=True, text=True, env=environment())
        assert done.returncode == 2, done.stderr
        assert "unable to open database file" in done.stderr
        assert "no case was finished" not in done.stderr
        assert ("--run" in done.stderr) == (called is call)


@pytest.mark.skipif(not is_possible(), reason="needs a C compiler")
@pytest.mark.parametrize("lacking", ["sharing", "modes"])
def test_a_share_that_lacks_what_disks_have_takes_runs_and_gt_folders(
    models: Models, page: Case, tmp_path: Path, lacking: Literal["sharing", "modes"]
) -> None:
    pictures(tmp_path, "bad/1.png", "bad/2.png")
    share = tmp_path / "share"
    share.mkdir()
    variables = Refusing.built(tmp_path / "built").without(share, lacking)

    def there(*arguments: str | Path) -> Done:
        done = subprocess.run(
            command(*arguments), capture_output=True, text=True, check=False, env=environment(**variables)
        )
        assert done.returncode in (0, 1), done.stderr
        return done

    replayed = ("replay", tmp_path / "bad", "--run", share / "run", *flags(models), *FAILING)
    assert there(*replayed).returncode == 1
    pictures(tmp_path, "bad/3.png")
    done = there(*replayed)
    assert done.returncode == 1, done.stderr
    assert "cases run now: 1, by earlier calls: 2" in done.stdout
    assert there("diagnose", share / "run" / "cases" / "3.png").returncode == 1
    for _ in range(2):
        assert there("pair", *page.flags, "--out", share / "gt").returncode == 0


def test_what_sqlite_would_remove_is_refused_and_named(models: Models, tmp_path: Path) -> None:
    pictures(tmp_path, "bad/1.png")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.sqlite-wal").write_bytes(b"mine")
    message = said_once(axpair_here("replay", tmp_path / "bad", "--run", tmp_path / "run", *flags(models)), 2)
    assert "run.sqlite-wal: there is no run.sqlite beside it" in message
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.sqlite-wal"]


@pytest.mark.skipif(not is_possible(), reason="needs a C compiler")
def test_a_share_without_locks_is_named_for_a_run_and_serves_as_cache(
    models: Models, page: Case, tmp_path: Path
) -> None:
    pictures(tmp_path, "bad/1.png")
    share = tmp_path / "share"
    share.mkdir()
    variables = Refusing.built(tmp_path / "built").without(share, "locks")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        replayed = command("replay", tmp_path / "bad", "--run", share / "run", *flags(models))
        done = subprocess.run(replayed, capture_output=True, text=True, check=False)
        assert "its file system gives no locks: No locks available" in said_once(done, 2)
        paired = command("pair", *page.flags, "--out", tmp_path / "gt")
        cache = {**os.environ, "HOME": str(share), "XDG_CACHE_HOME": str(share / "cache")}
        done = subprocess.run(paired, capture_output=True, text=True, check=False, env=cache)
        assert done.returncode == 0, done.stderr
        assert list(share.rglob("whole/*"))


def test_a_working_directory_that_is_gone_is_said(models: Models, tmp_path: Path) -> None:
    pictures(tmp_path, "bad/1.png")
    (tmp_path / "gone").mkdir()
    call = command("replay", tmp_path / "bad", "--run", tmp_path / "run", *flags(models))
    script = 'rmdir "$PWD"; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *call], cwd=tmp_path / "gone", capture_output=True, text=True, check=False
    )
    assert "the working directory isn't there any more" in said_once(done, 2)


def test_a_limit_of_file_sizes_is_no_broken_disk(models: Models, tmp_path: Path) -> None:
    pictures(tmp_path, *(f"bad/{number}.png" for number in range(12)))
    call = command("replay", tmp_path / "bad", "--run", tmp_path / "run", *flags(models), *FAILING)
    limited = ["sh", "-c", 'ulimit -f 40; exec "$@"', "sh", *call]
    message = said_once(subprocess.run(limited, capture_output=True, text=True, check=False), 2)
    assert "ulimit -f" in message
    assert "limit" in message
