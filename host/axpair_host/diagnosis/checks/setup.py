"""Is this board set up for this model? Asked where loading or running failed: each is a reason for it.

What the runtime's library says is recognised by the vendor's own log lines (libax_engine V1.45 and V2.0, run_joint
SDK V0.31) and codes (AX620A's and AX630A's headers).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from axpair_proto.npu_codes import UNREADABLE_MODEL, means_exhausted
from axpair_proto.sentences import joined, say

from axpair_host.diagnosis.checks.failure import Failed, first_failure, hexadecimal
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry

_REFUSING = r"get (?:joint )?model type |load model |handle from memory "
_UNREADABLE = re.compile(rf"(?:{_REFUSING})(?:(?!{_REFUSING}).)*?failed", re.I)
_OTHER_MODE = re.compile(
    r"init engine with mode ?\{? ?(?P<asked>\w*)(?!\w)(?:(?!init engine with).)*?failed"
    r"(?:.*?inited to mode ?\{? ?(?P<held>\w+))?"
    r"|already inited to mode ?\{? ?(?P<only>\w*)"
    r"|model type \{ ?(?P<type>\w+) ?\} is not allowed with npu mode \{ ?(?P<mode>\w+)"
    r"|cannot set affinity as \{ ?(?P<affinity>\w+) ?\} when (?:model|npu) was inited as \{ ?(?P<inited>\w+)",
    re.I,
)
_FIGURES = {
    "total_bytes": re.compile(r"total size=(\d{1,15})KB"),
    "used_bytes": re.compile(r",\s*used=(\d{1,15})KB"),
    "remain_bytes": re.compile(r",\s*remain=(\d{1,15})KB"),
}
"""In their order; each is searched once, behind the one before it."""
_WANTED = re.compile(r"(?<!\d)(\d{1,20}) bytes of CMM wanted|alloc(?:ate)?\D{0,40}?(\d{1,20}) bytes", re.I)
_GONE = re.compile(r"no space left on device|too many open files|cannot allocate memory|(?<!or )out of memory", re.I)
"""Not the agent's own guess at a SIGKILL: "killed from outside, or out of memory"."""
_RELEASE = re.compile(r"(?<![\w.])V?(\d+(?:\.\d+)+)")


def releases(inquiry: Inquiry) -> Iterator[Finding]:
    """AX308: the library can't read the model, or the loading failed, and driver and library are of two releases.

    Proven by both together. One of them alone is a hint: a damaged file is unreadable too.
    """
    failed = first_failure(inquiry)
    board = inquiry.evidence.record.board
    if failed is None or board is None or not failed.loading or failed.failure.kind == "hang":
        return
    if _OTHER_MODE.search(failed.text):
        return  # that no handle came is said for every reason
    unreadable = bool(_UNREADABLE.search(failed.text)) or failed.code in UNREADABLE_MODEL
    driver, library = (board.versions.get(key, "") for key in ("driver", "runtime"))
    apart = _apart(driver, library)
    if not apart and (not unreadable or apart is False):
        return
    said = (
        say("driver {driver!r} and runtime {library!r} are of different releases", driver=driver, library=library)
        if apart
        else _unknown(driver, library)
    )
    yield _named(
        "AX308", failed, said, {"versions": _versions(inquiry), "unreadable": unreadable}, bool(apart and unreadable)
    )


def modes(inquiry: Inquiry) -> Iterator[Finding]:
    """AX309: no handle, because the NPU is in another virtual-NPU mode than the model was built for.

    Proven where the library says so. Where only the two modes are known to differ, it is a hint.
    """
    failed = first_failure(inquiry)
    record = inquiry.evidence.record
    if failed is None or record.board is None or not failed.loading:
        return
    built_for, on_board = record.versions.get("model_vnpu", ""), record.board.versions.get("vnpu", "").rstrip("!")
    stated = _OTHER_MODE.search(failed.text)
    if not stated and (not built_for or not on_board or built_for == on_board):
        return
    said = say(
        "the model was built for the virtual-NPU mode {built_for!r}, the board's is {on_board}",
        built_for=built_for or say("unknown"),
        on_board=repr(on_board) if on_board else say("another one"),
    )
    if stated and (stated["held"] or stated["only"]):
        asked = say(", mode {asked} was asked for", asked=stated["asked"]) if stated["asked"] else ""
        said = say(
            "the NPU was in mode {held} already{asked} (the library's numbers)",
            held=stated["held"] or stated["only"],
            asked=asked,
        )
    if stated and stated["affinity"]:
        said = say(
            "affinity {affinity} was asked for in mode {inited} (the library's numbers)",
            affinity=stated["affinity"],
            inited=stated["inited"],
        )
    if stated and stated["type"]:
        said = say(
            "a model of type {type} isn't allowed in the NPU's mode {mode} (the library's numbers)",
            type=stated["type"],
            mode=stated["mode"],
        )
    evidence = {"model": built_for, "board": on_board, "stated_by_the_runtime": bool(stated)}
    yield _named("AX309", failed, said, evidence, bool(stated))


def resources(inquiry: Inquiry) -> Iterator[Finding]:
    """AX310: memory, disk or handles were exhausted when loading or running failed.

    Proven by figures (more wanted than remained) or by the system's own error. A code alone is a hint.
    """
    failed = first_failure(inquiry)
    if failed is None:
        return
    figures = _figures(_all_lines(inquiry, failed))
    wanted = next((int(one or other) for one, other in _WANTED.findall(failed.text)), None)
    last = figures[-1]["remain_bytes"] if figures else None
    short = wanted is not None and last is not None and wanted > last
    gone = _GONE.search(failed.text)
    if short:
        said = say("{wanted} bytes of contiguous memory (CMM) were wanted, {last} remained", wanted=wanted, last=last)
    elif gone:
        said = say("the system said {words!r}", words=gone.group(0))
    elif means_exhausted(failed.code):
        said = say(
            "{code} is most often returned where memory or handles are exhausted", code=hexadecimal(failed.failure)
        )
    else:
        return
    evidence = {"cmm": figures, "wanted_bytes": wanted, "lost_bytes_per_load": _lost_per_load(figures)}
    yield _named("AX310", failed, said, evidence, bool(short or gone))


def _named(code: str, failed: Failed, why: str, evidence: Mapping[str, Any], proven: bool) -> Finding:
    return found(
        code,
        joined("; ", (why, failed.said())),
        {**evidence, **failed.evidence()},
        proven=proven,
        outputs=failed.outputs,
        settles=("board",) if proven else (),
    )


def _apart(driver: str, library: str) -> bool | None:
    """Whether two releases differ; None where they can't be compared: one isn't known, or they count differently."""
    one, other = _RELEASE.search(driver), _RELEASE.search(library)
    if one is None or other is None or one.group(1).count(".") != other.group(1).count("."):
        return None
    return one.group(1) != other.group(1)


def _unknown(driver: str, library: str) -> str:
    return say(
        "the library can't read the model, and the releases can't be compared (driver {driver!r}, runtime {library!r})",
        driver=driver or say("unknown"),
        library=library or say("unknown"),
    )


def _versions(inquiry: Inquiry) -> dict[str, str]:
    record = inquiry.evidence.record
    return {"model": record.versions.get("model_tools", ""), **(record.board.versions if record.board else {})}


def _all_lines(inquiry: Inquiry, failed: Failed) -> Iterator[str]:
    """Everything that was printed, the failure's own message last."""
    board = inquiry.evidence.record.board
    if board is not None:
        yield from board.log_lines
        for round_ in board.rounds:
            yield from round_.log_lines
    yield failed.failure.message


def _figures(lines: Iterable[str]) -> list[dict[str, Any]]:
    """The accounts of contiguous memory that were printed (the form of mem_cmm_info), in their order."""
    return [account for line in lines if (account := _account(line)) is not None]


def _account(line: str) -> dict[str, Any] | None:
    """Of one line: the figures, and "when", what stands right before them."""
    account: dict[str, Any] = {"when": ""}
    at = 0
    for key, pattern in _FIGURES.items():
        figure = pattern.search(line, at)
        if figure is None:
            return None
        if not at:
            before = line[: figure.start()].rstrip().removesuffix(":")
            account["when"] = before[max(map(before.rfind, "\n,:=")) + 1 :].strip()
        account[key] = int(figure.group(1)) << 10
        at = figure.end()
    return account


def _lost_per_load(figures: list[dict[str, Any]]) -> int | None:
    """How much less there was before each load than before the one before it, on average; None for one load."""
    before = [one["remain_bytes"] for one in figures if "before load" in one["when"]]
    return (before[0] - before[-1]) // (len(before) - 1) if len(before) > 1 else None
