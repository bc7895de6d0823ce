"""What can't be judged because a part of the evidence isn't there."""

from axpair_proto.sentences import say

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.finding import Finding, Open
from axpair_host.diagnosis.inquiry import Inquiry

_WITHOUT = {
    "onnx": say("no float outputs (onnx/): whether conversion loses accuracy isn't judged"),
    "lava_joint": say(
        "no outputs of the quantised model (lava_joint/): quantisation and compilation can't be told apart"
    ),
    "joint": say("no simulated outputs (joint/): there is nothing to hold the board against"),
    "board": say("no outputs of the board (board/): nothing is said of the board"),
    "golden": say(
        "no result of the training code (golden/): whether model, configuration and preparation are right isn't judged"
    ),
}
_LACKS = {
    "onnx": "--onnx {onnx}",
    "lava_joint": "--lava-joint {lava_joint}",
    "golden": "--golden {golden}",
}
_ON_BOARD = Step(say("Run it on the board from here."), "{on_board}")
_SIMULATED = Step(say("Where the toolchain is:"), "{pulsar_run}")
_STEPS = {"joint": (_SIMULATED,), "board": (_ON_BOARD,)}


def not_judged(inquiry: Inquiry) -> list[Open]:
    """One entry for each leg that isn't there, and for what a board that ran without record leaves open."""
    opens = [
        _without(inquiry, leg, why)
        for leg, why in _WITHOUT.items()
        if not inquiry.has(leg) and not any(inquiry.evidence.is_untyped(leg, one.name) for one in inquiry.outputs)
    ]
    if inquiry.has("board") and not inquiry.evidence.case_rounds:
        opens.append(
            Open(
                "rounds",
                say(
                    "nothing was recorded of the board's run: repetition, delivered input, unwritten and stale "
                    "outputs can't be checked"
                ),
                steps=(_ON_BOARD,),
            )
        )
    elif inquiry.has("board") and inquiry.evidence.probe is None:
        opens.append(Open("probe", say("the board ran no other input before: a stale answer can't be recognised")))
    return opens


def _without(inquiry: Inquiry, leg: str, why: str) -> Open:
    if in_vain := _given_in_vain(inquiry, leg):
        return Open(leg, in_vain, steps=(_SIMULATED,))
    return Open(leg, why, steps=_STEPS.get(leg, ()), lacks=_LACKS.get(leg, ""))


def _given_in_vain(inquiry: Inquiry, leg: str) -> str:
    """Why a leg isn't there although its model was given; "" where it wasn't."""
    case = inquiry.evidence.record.case
    given = {"onnx": case.onnx_sha256, "lava_joint": case.lava_joint_sha256}.get(leg)
    if not given:
        return ""
    flag = f"--{leg.replace('_', '-')}"
    return say(
        "{flag} was given, but no simulator here runs the joint's toolchain: where that is, 'pulsar run' puts {leg}/ "
        "into the gt folder too",
        flag=flag,
        leg=leg,
    )


def unread(inquiry: Inquiry) -> list[Open]:
    """One entry for each tensor that lies there and can't be read; what it would have shown stays open."""
    return [
        Open(f"{folder}/{name}".rstrip("/"), why, undecided=not inquiry.evidence.is_untyped(folder, name))
        for folder, tensors in inquiry.evidence.unread.items()
        for name, why in tensors.items()
    ]


def not_judged_behind(finding: Finding, case_id: str) -> Open:
    """The case itself, where a finding leaves nothing of it to judge."""
    return Open(
        "case",
        say(
            "{case_id!r} isn't judged, because of {code}: run it again once that is mended",
            case_id=case_id,
            code=finding.code,
        ),
    )
