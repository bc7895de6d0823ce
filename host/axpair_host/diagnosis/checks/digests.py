"""Do the digests fit?"""

from collections.abc import Iterator
from hashlib import sha256

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
            f"the worker opened a model with sha256 {board.model_sha256[:12]}, the joint has "
            f"{record.case.joint_sha256[:12]}: the board ran another model" + _beside(inquiry),
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
                f"in round {round_.number} other bytes were sent for {', '.join(map(repr, other))} than lie in input/",
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
            f"{len(changed)} of {len(record.digests)} files aren't those that were gathered "
            f"({', '.join(changed[:3])}{', ...' if len(changed) > 3 else ''}); the tensors are judged as they lie",
            {"files": list(changed[:50]), "count": len(changed)},
            proven=True,
            weight="warning",
        )
    gone = _gone(inquiry)
    if gone:
        leg, missing = next(iter(gone.items()))
        yield found(
            "AX006",
            f"{leg}/ held {', '.join(map(repr, missing[:3]))}{', ...' if len(missing) > 3 else ''} when it was "
            "gathered and doesn't any more: that stage can't be judged"
            + (f"; {len(gone) - 1} more stages" if len(gone) > 1 else ""),
            {"gone": gone},
            proven=True,
            weight="inconclusive",
            next_steps=(Step("Take the folder as it was gathered, or run the case again.", "{pair}"),),
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
        if tensor is None or output.name not in read or files & changed or not files & recorded.keys():
            continue
        if sha256(tensor.tobytes()).hexdigest() != read[output.name]:
            other.append(output.name)
    if other:
        yield found(
            "AX006",
            f"what arrived for {', '.join(map(repr, other))} isn't what the worker read on the board",
            {"outputs": other},
            proven=True,
            outputs=tuple(other),
            settles=("board",),
        )


def _beside(inquiry: Inquiry) -> str:
    pairs = [inquiry.pair("joint_board", output.name) for output in inquiry.outputs]
    differing = sum(1 for pair in pairs if pair is not None and not pair.bytes_equal)
    return f"; {differing} of {len(pairs)} outputs differ from the simulator's" if differing else ""
