"""Do the digests fit?"""

from collections.abc import Iterator
from hashlib import sha256

from axpair_proto.sentences import say
from axpair_proto.text import first_names

from axpair_host.advice.commands import Step
from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry
from axpair_host.evidence.record import LEGS


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX006: another model or input reached the board, or bytes changed on their way back: faults. Files of the
    folder that aren't what was gathered: a warning, they are judged as they lie. Tensors that are gone: what they would
    have shown stays open."""
    record = inquiry.evidence.record
    board = record.board
    names = tuple(output.name for output in inquiry.outputs)
    if board and board.model_sha256 and record.case.joint_sha256 not in ("", board.model_sha256):
        yield found(
            "AX006",
            say(
                "the worker opened a model with sha256 {model_sha256}, the joint has {joint_sha256}: the "
                "board ran another model",
                model_sha256=board.model_sha256[:12],
                joint_sha256=record.case.joint_sha256[:12],
            )
            + _beside(inquiry),
            {"on_board": board.model_sha256, "on_host": record.case.joint_sha256},
            proven=True,
            outputs=names,
            settles=("board",),
        )
    expected = {one.name: one.sha256 for one in record.inputs}
    for round_ in inquiry.evidence.case_rounds:
        other = sorted(name for name, digest in round_.sent.items() if expected.get(name, digest) != digest)
        if other:
            yield found(
                "AX006",
                say(
                    "in round {number} other bytes were sent for {names} than lie in input/",
                    number=round_.number,
                    names=first_names([repr(name) for name in other]),
                ),
                {"round": round_.number, "inputs": other},
                proven=True,
                outputs=names,
                settles=("board",),
            )
            break
    yield from _way_back(inquiry)
    if inquiry.evidence.changed_files:
        changed = inquiry.evidence.changed_files
        yield found(
            "AX006",
            say(
                "{count} of {of} files aren't those that were gathered ({names}); the tensors are judged as they lie",
                count=len(changed),
                of=len(record.digests),
                names=first_names(changed),
            ),
            {"files": list(changed[:50]), "count": len(changed)},
            proven=True,
            weight="warning",
        )
    gone = _gone(inquiry)
    if gone:
        leg, missing = next(iter(gone.items()))
        yield found(
            "AX006",
            say(
                "{leg}/ held {names} when it was gathered and doesn't any more: that stage can't be judged",
                leg=leg,
                names=first_names([repr(name) for name in missing]),
            )
            + (say("; {rest} more stages", rest=len(gone) - 1) if len(gone) > 1 else ""),
            {"gone": gone},
            proven=True,
            weight="inconclusive",
            next_steps=(Step(say("Take the folder as it was gathered, or run the case again."), "{pair}"),),
        )


def _gone(inquiry: Inquiry) -> dict[str, list[str]]:
    """Outputs by stage of which the recorded files are gone."""
    recorded = inquiry.evidence.record.digests
    gone = {}
    for leg in LEGS:
        tensors = inquiry.evidence.leg(leg)
        missing = [
            output.name
            for output in inquiry.outputs
            if output.name not in tensors
            and not inquiry.evidence.is_unread(leg, output.name)
            and any(f"{leg}/{output.file}{suffix}" in recorded for suffix in (".bin", ".npy"))
        ]
        if missing:
            gone[leg] = missing
    return gone


def _way_back(inquiry: Inquiry) -> Iterator[Finding]:
    """Bytes of round 1 that differ from what the worker read, though the files are those that were written."""
    first = next(iter(inquiry.evidence.case_rounds), None)
    if first is None or first.folder != "board":
        return
    read = {output.name: output.sha256 for output in first.outputs}
    recorded = inquiry.evidence.record.digests
    changed = set(inquiry.evidence.changed_files)
    other = []
    for output in inquiry.outputs:
        tensor = inquiry.evidence.leg("board").get(output.name)
        files = {f"board/{output.file}{suffix}" for suffix in (".bin", ".npy")}
        if (
            tensor is None
            or output.name not in read
            or output.name in inquiry.evidence.dumped
            or files & changed
            or not files & recorded.keys()
        ):
            continue
        if sha256(tensor.tobytes()).hexdigest() != read[output.name]:
            other.append(output.name)
    if other:
        yield found(
            "AX006",
            say(
                "what arrived for {names} isn't what the worker read on the board",
                names=first_names([repr(name) for name in other]),
            ),
            {"outputs": other},
            proven=True,
            outputs=tuple(other),
            settles=("board",),
        )


def _beside(inquiry: Inquiry) -> str:
    pairs = [inquiry.pair("joint_board", output.name) for output in inquiry.outputs]
    differing = sum(1 for pair in pairs if pair is not None and not pair.bytes_equal)
    return (
        say("; {differing} of {of} outputs differ from the simulator's", differing=differing, of=len(pairs))
        if differing
        else ""
    )
