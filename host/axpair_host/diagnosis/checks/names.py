"""Are all outputs there?"""

from collections.abc import Callable, Iterator

from axpair_proto.names import ALL_RULES, alike_words, joint_name
from axpair_proto.sentences import joined, say

from axpair_host.diagnosis.finding import Finding, Matter, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import NOT_STORED

_SIMULATED = ("onnx", "lava_joint", "joint")


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX001: an output is missing in a leg that is there, or a leg has one that no other knows, or the program could
    store none, since two have one file name."""
    alike = alike_words("output", [output.name for output in inquiry.outputs])
    is_missing = False
    for one in inquiry.evidence.case_rounds:
        if one.failure is not None and one.failure.kind == NOT_STORED:
            yield found(
                "AX001",
                say("the program on the board could not store its outputs: {message}", message=one.failure.message),
                {"leg": "board", "log_lines": list(one.log_lines[-20:])},
                proven=True,
                outputs=tuple(output.name for output in inquiry.outputs),
                settles=("board",),
                stage="on_board",
            )
    board = inquiry.evidence.record.board
    if board is not None and board.beside is not None and board.beside.kind == NOT_STORED:
        yield found("AX001", board.beside.message, {"leg": "board"}, weight="warning", stage="on_board")
    for leg in (*_SIMULATED, "board"):
        tensors = inquiry.evidence.leg(leg)
        names = [output.name for output in inquiry.outputs]
        strangers = inquiry.evidence.strangers(leg)
        missing = [name for name in names if name not in tensors and not inquiry.evidence.is_unread(leg, name)]
        if not tensors and (leg != "board" or not strangers):
            continue  # a leg that isn't there is not judged; that is said elsewhere
        if leg == "board" and not inquiry.evidence.case_rounds:
            strangers = () if not missing else strangers  # a folder of run_joint's may hold more than this model's
        if not missing and not strangers:
            continue
        shared = _sharing(missing, names)
        is_missing = is_missing or bool(missing)
        words = []
        if missing:
            words.append(say("{leg}/ lacks {names}", leg=leg, names=_listed(missing)))
        if strangers:
            words.append(say("{leg}/ has {names}, which the model doesn't", leg=leg, names=_listed(strangers)))
        for name, (other, stem) in shared.items():
            words.append(
                say(
                    "{name!r} and {other!r} are both {stem!r} in a joint or as a file",
                    name=name,
                    other=other,
                    stem=stem,
                )
            )
        matters: tuple[Matter, ...] = ("board",) if leg == "board" else ("board", "conversion")
        yield found(
            "AX001",
            joined("; ", words),
            {"leg": leg, "missing": missing, "extra": list(strangers), "colliding": sorted(shared)},
            proven=True,
            outputs=tuple(missing),
            settles=matters if leg in ("board", "joint") else ("conversion",),
            stage="on_board" if leg == "board" else "conversion",
        )
    if alike and not is_missing:
        yield found(
            "AX001", "; ".join(one.removeprefix("AX001: ") for one in alike), {"alike": alike}, weight="warning"
        )


def _sharing(missing: list[str], names: list[str]) -> dict[str, tuple[str, str]]:
    """Missing outputs whose file or name another output took, under the rule of one of the toolchains."""
    shared = {}
    for name in missing:
        for rule in (*ALL_RULES, joint_name):
            other = next((one for one in names if one != name and _same_file(rule, one, name)), None)
            if other is not None:
                shared[name] = other, rule(name)
                break
    return shared


def _same_file(rule: Callable[[str], str], one: str, other: str) -> bool:
    return rule(one).casefold() == rule(other).casefold()


def _listed(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(repr(name) for name in names[:4])
    return shown if len(names) <= 4 else say("{shown} and {rest} more", shown=shown, rest=len(names) - 4)
