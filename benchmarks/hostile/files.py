"""A user's files in axpair's way: each stays as it is, byte for byte, or the call is refused in one sentence."""

import os
import platform
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support.foreign_outputs import (
    a_build_over_foreign_files,
    documents_of_the_same_name,
    launchers_beside_foreign_commands,
    reduce_sends_only_evidence,
    the_demo,
    tune_twice,
)
from benchmarks.hostile.support.ground import FAILING, LIMIT, RAN, Ground
from benchmarks.hostile.support.small_case import small_case

USUAL = 1000
SHORT = 3
"""The first so many of WAYS; there are fewer than USUAL."""
DEAD = 4_000_000
"""No process has that number."""


def run_above_the_cases(at: Ground) -> None:
    """The attack's worst: every folder of BadCases gone."""
    at.photos("cases/monday/1.png", "cases/monday/2.png", "cases/tuesday/3.png", "cases/4.png")
    at.replay("cases", "--run", ".", codes=[2], says="--run")
    at.replay("cases", "--run", at.here, codes=[2], says="--run")


def photos_in_a_finished_run(at: Ground) -> None:
    """Dropped into it, into what it keeps, and where a case's folder would be; then cases are added and changed."""
    at.photos("bad/1.png", "bad/2.png", "bad/3.png")
    done = at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)
    kept = sorted(path.name for path in (at.here / "run" / "cases").iterdir())
    at.check(bool(kept), f"no case was kept: {done.output[-300:]}")
    at.photos(
        "run/mine.png", "run/cases/monday/5.png", f"run/cases/{kept[0]}/6.png", f"run/cases/{kept[0]}/board/7.png"
    )
    at.notes(f"run/cases/{kept[-1]}/notes.txt", "run/.work/notes.txt")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)
    for name in kept:
        del at.theirs[at.here / "bad" / name]
        at.photos(f"bad/{name}")
    at.photos("bad/0.png")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)


def out_holds_foreign_files(at: Ground) -> None:
    """--overwrite replaces what is ours, nothing else, and isn't proposed."""
    at.photos("in.png", "badcases/1.png", "badcases/deep/2.png")
    done = at.pair("--input", "in.png", "--out", "badcases", codes=[2])
    at.check("--overwrite" not in done.errors, "--overwrite is proposed for a folder that isn't ours")
    at.pair("--input", "in.png", "--out", "badcases", "--overwrite", codes=[2])


def gt_in_place(at: Ground) -> None:
    """The guide's own step 4: evidence of a toolchain elsewhere, to which the board's is added."""
    at.photos("in.png")
    at.pair("--input", "in.png", "--out", "made", codes=RAN)
    for leg in ("input", "onnx", "joint"):
        shutil.copytree(at.here / "made" / leg, at.here / "gt" / leg)
    for path in (at.here / "gt" / "joint").glob("*.npy"):
        path.unlink()
    at.notes("gt/notes.txt", "gt/joint/vendor.log")
    at.own("gt")
    for _ in range(2):
        at.call("pair", "--joint", at.case.joint, "--gt", "gt", "--out", "gt", codes=RAN)
        at.check((at.here / "gt" / "board").is_dir() and (at.here / "gt" / "pair.json").is_file(), "nothing was added")


def run_holds_the_cases(at: Ground) -> None:
    """The same from above."""
    at.photos("proj/cases/monday/1.png", "proj/cases/2.png")
    at.replay("proj/cases", "--run", "proj", codes=[2], says="--run")
    at.replay("proj/cases", "--run", "proj/cases", codes=[2], says="--run")
    at.replay("proj/cases/monday", "--run", "proj/cases", codes=[2], says="--run")


def run_inside_the_cases(at: Ground) -> None:
    """A new folder there is harmless; one that holds pictures isn't."""
    at.photos("cases/monday/1.png", "cases/2.png")
    at.replay("cases", "--run", "cases/run", codes=RAN)
    at.replay("cases", "--run", "cases/run", codes=RAN)
    at.replay("cases", "--run", "cases/monday", codes=[2], says="--run")


def run_holds_the_listed_cases(at: Ground) -> None:
    """A list elsewhere that names pictures in the run folder."""
    at.photos("run/cases/monday/1.png", "run/cases/monday/2.png")
    at.notes("other/readme.txt")
    (at.here / "list.txt").write_text("run/cases/monday/1.png\nrun/cases/monday/2.png\n", encoding="utf-8")
    at.own("list.txt")
    at.replay("list.txt", "--run", "run", codes=[2], says="--run")


def cases_of_a_run_is_a_link(at: Ground) -> None:
    """What lies behind it isn't swept."""
    at.photos("bad/1.png", "bad/2.png", "photos/monday/3.png", "photos/tuesday/4.png")
    at.replay("bad", "--run", "run", codes=RAN)
    shutil.rmtree(at.here / "run" / "cases")
    (at.here / "run" / "cases").symlink_to("../photos")
    at.own("run/cases")
    at.photos("bad/5.png")
    at.replay("bad", "--run", "run", codes=[2], says="link")


def state_of_a_run_is_a_link(at: Ground) -> None:
    """run.sqlite leads to a database of the user's."""
    at.photos("bad/1.png")
    with sqlite3.connect(at.here / "mine.sqlite") as mine:
        mine.execute("CREATE TABLE mine (a)")
    mine.close()
    at.own("mine.sqlite")
    (at.here / "run").mkdir()
    (at.here / "run" / "run.sqlite").symlink_to("../mine.sqlite")
    at.own("run/run.sqlite")
    at.replay("bad", "--run", "run", codes=[2], says="link")


def a_state_in_a_folder_of_the_users(at: Ground) -> None:
    """An empty run.sqlite, one of text, one of another program: nothing appears beside it."""
    at.photos("bad/1.png")
    for number, content in enumerate(("", "hi", None)):
        folder = at.here / f"mine{number}"
        at.photos(f"mine{number}/photo.png")
        if content is None:
            with sqlite3.connect(folder / "run.sqlite") as mine:
                mine.execute("CREATE TABLE mine (a)")
            mine.close()
        else:
            (folder / "run.sqlite").write_text(content)
        at.own(f"mine{number}/run.sqlite")
        at.replay("bad", "--run", f"mine{number}", codes=[2], says="mine")
        found = sorted(path.name for path in folder.iterdir())
        at.check(found == ["photo.png", "run.sqlite"], f"{found} in a folder of the user's")


def a_picture_where_a_case_is_kept(at: Ground) -> None:
    """RUN/cases/1.png is a file of the user's, and RUN/cases/2.png a folder."""
    at.photos("bad/0.png", "bad/1.png")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)
    at.photos("bad/2.png", "run/cases/2.png")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=[2], says="2.png")
    at.photos("bad/3.png", "run/cases/3.png/mine.png")
    (at.here / "run" / "cases" / "2.png").rename(at.here / "moved.png")
    del at.theirs[at.here / "run" / "cases" / "2.png"]
    at.own("moved.png")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=[1, 2])


def folders_of_the_release_before(at: Ground) -> None:
    """Without marks: recognized by their documents, used, never removed whole."""
    at.photos("bad/1.png", "bad/2.png", "bad/3.png")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)
    at.pair("--input", "bad/1.png", "--out", "gt", codes=RAN)
    _unmark(at.here)
    kept = sorted(path.name for path in (at.here / "run" / "cases").iterdir())
    at.notes(*(f"run/cases/{name}/notes.txt" for name in kept), "gt/notes.txt", "gt/board/why.txt", "run/cases/x/y.txt")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN, says="nothing to do")
    at.photos("bad/4.png")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)
    at.pair("--input", "bad/1.png", "--out", "gt", codes=RAN)
    at.call("diagnose", "gt", codes=RAN)
    for name in kept:
        del at.theirs[at.here / "bad" / name]
        at.photos(f"bad/{name}")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)


def notes_in_a_gt_folder(at: Ground) -> None:
    """They stay when the case is gathered again, and when another takes its place."""
    at.photos("1.png", "2.png")
    at.pair("--input", "1.png", "--out", "gt", codes=RAN)
    at.notes("gt/notes.txt", "gt/board/why.md", "gt/mine/a/b.txt")
    (at.here / "gt" / "mine" / "link").symlink_to("../../1.png")
    os.mkfifo(at.here / "gt" / "mine" / "pipe")
    at.own("gt/mine")
    at.pair("--input", "1.png", "--out", "gt", codes=RAN)
    at.pair("--input", "2.png", "--out", "gt", codes=[2], says="--overwrite")
    at.pair("--input", "2.png", "--out", "gt", "--overwrite", codes=RAN)
    beside = [path.name for path in at.here.iterdir() if path.name.startswith(".gt")]
    at.check(not beside, f"left beside the target: {beside}")


def a_changed_file_of_ours(at: Ground) -> None:
    """run_joint wrote into board/ by hand: those bytes aren't ours any more."""
    at.photos("1.png")
    at.pair("--input", "1.png", "--out", "gt", codes=RAN)
    next((at.here / "gt" / "board").glob("*.bin")).write_bytes(b"by hand")
    at.own(str(next((at.here / "gt" / "board").glob("*.bin")).relative_to(at.here)))
    at.pair("--input", "1.png", "--out", "gt", codes=[2])
    at.pair("--input", "1.png", "--out", "gt", "--overwrite", codes=[2])


def a_copied_mark(at: Ground) -> None:
    """It makes no other folder ours; nor does one that was moved."""
    at.photos("in.png", "photos/1.png", "photos/deep/2.png", "album/cases/monday/3.png", "album/4.png")
    at.pair("--input", "in.png", "--out", "gt", codes=RAN)
    at.replay("photos", "--run", "run", codes=RAN)
    for hidden in (at.here / "gt").glob(".*"):
        shutil.copy2(hidden, at.here / "photos")
    at.pair("--input", "in.png", "--out", "photos", codes=[2])
    at.pair("--input", "in.png", "--out", "photos", "--overwrite", codes=[2])
    for hidden in (at.here / "run").glob(".*"):
        hidden.rename(at.here / "album" / hidden.name)
    at.replay("photos", "--run", "album", codes=[2])


def a_moved_run(at: Ground) -> None:
    """It goes on being read and written; what lies beside our files stays. The same of a copy."""
    at.photos("bad/1.png", "bad/2.png")
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)
    (at.here / "run").rename(at.here / "moved")
    shutil.copytree(at.here / "moved", at.here / "copied")
    at.photos("bad/3.png", "moved/mine.png", "moved/cases/mine/4.png", "copied/mine.png", "copied/cases/mine/4.png")
    for run in ("moved", "copied"):
        at.replay("bad", "--run", run, "--board", FAILING, codes=RAN)


def out_above_the_input(at: Ground) -> None:
    """--out is, or lies above, what the case is made from; or it is a run."""
    at.photos("photos/in.png", "photos/deep/2.png")
    for out in ("photos", ".", "photos/in.png"):
        for more in ([], ["--overwrite"]):
            at.pair("--input", "photos/in.png", "--out", out, *more, codes=[2])
    at.replay("photos", "--run", "run", "--board", FAILING, codes=RAN)
    at.own("run")
    at.pair("--input", "photos/in.png", "--out", "run", "--overwrite", codes=[2])


def folders_named_like_leftovers(at: Ground) -> None:
    """What a killed process leaves beside its target is told by its mark, not by its name."""
    at.photos("in.png", f".gt.{platform.node()}.{DEAD}.abc/1.png", ".gt.abc/2.png")
    at.pair("--input", "in.png", "--out", "gt", codes=RAN)
    at.pair("--input", "in.png", "--out", "gt", codes=RAN)


def links_out_of_a_gt_folder(at: Ground) -> None:
    """They aren't followed, and are named."""
    at.photos("in.png")
    at.pair("--input", "in.png", "--out", "gt", codes=RAN)
    one = next((at.here / "gt" / "board").glob("*.bin")).name
    at.notes(f"secret/{one}")
    for place in (f"board/{one}", "joint", "pair.json", "input"):
        shutil.copytree(at.here / "gt", at.here / "linked")
        path = at.here / "linked" / place
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        aim = at.here / "secret"
        path.symlink_to(aim if place in ("joint", "input") else aim / one)
        at.own(f"linked/{place}")
        if place != "input":
            at.call("diagnose", "linked", codes=[1, 2, 3], says="link that leads out")
        if place != "pair.json":
            at.call("compare", "linked", "gt", codes=[1, 2], says="link that leads out")
        if not place.startswith("board"):
            at.call(
                *("pair", "--joint", at.case.joint, "--gt", "linked", "--out", "new"),
                codes=[2],
                says="link that leads out",
            )
        del at.theirs[path]
        shutil.rmtree(at.here / "linked")
        shutil.rmtree(at.here / "new", ignore_errors=True)


def links_where_we_write(at: Ground) -> None:
    """Output names that lead to a user's files."""
    at.photos("in.png", "photo.png")
    at.notes("mine.json", "mine.txt")
    at.pair("--input", "in.png", "--out", "gt", codes=RAN)
    (at.here / "gt" / "pair.json").unlink(missing_ok=True)
    (at.here / "gt" / "pair.json").symlink_to("../mine.json")
    at.pair("--input", "in.png", "--out", "gt", codes=[2])
    for name in ("m.joint", "m.lava_joint", "w.prototxt"):
        (at.here / name).symlink_to("mine.txt")
        at.own(name)
    build = ("emulator", "build", "--input", at.case.onnx, "--config", at.case.joint.with_name("c.prototxt"))
    at.call(*build, "--output", "m.joint", codes=[2], says="link")
    at.call(*build, "--output", "new.joint", "--output_config", "w.prototxt", codes=[2], says="link")
    at.call(
        "layers",
        "--config",
        at.case.joint.with_name("c.prototxt"),
        "--write-config",
        "w.prototxt",
        codes=[2],
        says="link",
    )


def cases_that_are_no_files(at: Ground) -> None:
    """Pipes, devices and links in a circle are named and passed over."""
    at.photos("bad/1.png")
    os.mkfifo(at.here / "bad" / "pipe.png")
    (at.here / "bad" / "zero.png").symlink_to("/dev/zero")
    (at.here / "bad" / "circle.png").symlink_to("circle.png")
    (at.here / "bad" / "around").symlink_to(".")
    at.own("bad")
    at.replay("bad", "--run", "run", codes=RAN, says="pipe.png")
    done = at.replay("bad", "--run", "run", "--json", codes=RAN)
    at.check(done.output.count('"id"') == 1, "a case that is no file was run")


def names_that_are_no_utf8(at: Ground) -> None:
    """A zip from a Chinese Windows."""
    named = [os.fsdecode(name) for name in (b"\xd5\xd5\xc6\xac.png", b"\xc8\xcb\xcd\xbc.png", b"plain.png")]
    at.photos(*(f"bad/{name}" for name in named))
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)
    at.replay("bad", "--run", "run", "--board", FAILING, codes=RAN)
    at.replay("bad", "--run", "c", codes=RAN)
    at.pair("--input", f"bad/{named[0]}", "--out", "gt", codes=RAN)
    at.pair("--input", f"bad/{named[0]}", "--out", "gt", codes=RAN)
    at.pair("--input", "bad/plain.png", "--id", os.fsdecode(b"\xd5\xd5"), "--out", "gt2", codes=RAN)


WAYS: tuple[Callable[[Ground], None], ...] = (
    run_above_the_cases,
    photos_in_a_finished_run,
    out_holds_foreign_files,
    gt_in_place,
    run_holds_the_cases,
    run_inside_the_cases,
    run_holds_the_listed_cases,
    cases_of_a_run_is_a_link,
    state_of_a_run_is_a_link,
    a_state_in_a_folder_of_the_users,
    a_picture_where_a_case_is_kept,
    folders_of_the_release_before,
    notes_in_a_gt_folder,
    a_changed_file_of_ours,
    a_copied_mark,
    a_moved_run,
    out_above_the_input,
    folders_named_like_leftovers,
    links_out_of_a_gt_folder,
    links_where_we_write,
    a_build_over_foreign_files,
    documents_of_the_same_name,
    tune_twice,
    reduce_sends_only_evidence,
    launchers_beside_foreign_commands,
    the_demo,
    cases_that_are_no_files,
    names_that_are_no_utf8,
)


def attack(setting: Setting, tally: Tally) -> None:
    """Every way up to the count: what is the user's is the same before and after each call."""
    case = small_case(setting.folder / "made")
    for way in WAYS[: setting.count]:
        here = setting.folder / way.__name__
        here.mkdir()
        way(Ground(way.__name__, replace(setting, limit=LIMIT), tally, case, here))
        tally.count("ways")


def _unmark(folder: Path) -> None:
    """As release 0.1.0 left folders: without a mark."""
    for mark in [*folder.rglob(".axpair")]:
        mark.unlink()
