"""Does the post-processor make the expected result of tensors that agree?"""

from collections.abc import Iterator
from typing import Any

from axpair_host.compare import Relation
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.postprocess.decisions import same_decision, told

_LEGS = ("onnx", "lava_joint", "joint", "board")


def check(inquiry: Inquiry) -> Iterator[Finding | Open]:
    """AX405: the same bytes decided in two ways (proven), or a wrong result from the float outputs already (a hint:
    what the float model itself gets wrong looks alike, and only golden/ tells). A right one from the float outputs
    and a wrong one from tensors that differ within reason is AX406, nobody's fault.
    """
    record = inquiry.evidence.record
    said = record.postprocess
    if said is None or not inquiry.tensors_agree():
        return
    decided = {leg: said.decisions.get(leg, {"raised": said.errors.get(leg)}) for leg in _LEGS if _ran(said, leg)}
    fickle = _fickle(inquiry, decided)
    if fickle is not None:
        yield fickle
        return
    if not record.has_expect or not decided:
        return
    wrong = [leg for leg in decided if leg in said.errors or not same_decision(said.decisions[leg], record.expect)]
    if not wrong:
        return
    evidence = {"expect": record.expect, "decisions": decided, "postprocess": said.spec}
    base = next(iter(decided))
    if base not in wrong:
        yield found(
            "AX406",
            f"the post-processor is right on {base}/ and not on {', '.join(f'{leg}/' for leg in wrong)}, though the "
            "tensors agree: a decision hangs by less than the difference",
            evidence,
            weight="inconclusive",
        )
        return
    if "golden" in said.decisions and same_decision(said.decisions["golden"], record.expect):
        yield Open(
            "golden -> onnx",
            f"the post-processor makes {told(record.expect)} of golden/ and {_told(decided[base])} of {base}/: not the "
            "post-processor, but configuration or preparation of the input (AX103 to AX106), which isn't split further",
            undecided=True,
        )
        return
    yield found(
        "AX405",
        f"float model, simulator and board agree, and of {base}/ the post-processor makes {_told(decided[base])}, "
        f"expected {told(record.expect)}",
        evidence,
    )


def _ran(said: Any, leg: str) -> bool:
    return leg in said.decisions or leg in said.errors


def _fickle(inquiry: Inquiry, decided: dict[str, Any]) -> Finding | None:
    if "joint" not in decided or "board" not in decided or same_decision(decided["joint"], decided["board"]):
        return None
    pairs = [inquiry.pair("joint_board", output.name) for output in inquiry.outputs]
    if not all(pair is not None and pair.relation is Relation.IDENTICAL for pair in pairs):
        return None
    return found(
        "AX405",
        f"of the very same bytes the post-processor makes {_told(decided['joint'])} and {_told(decided['board'])}",
        {"decisions": decided},
        proven=True,
    )


def _told(decision: Any) -> str:
    if isinstance(decision, dict) and set(decision) == {"raised"}:
        return f"an exception ({decision['raised']})"
    return told(decision)
