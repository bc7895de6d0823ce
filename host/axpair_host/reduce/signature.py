"""What makes two findings of one code distinct: the fault's own marks, not the case's.

Numbers that change from input to input (how many elements, how large, which index) are left out. Of two faults that
can't be told apart by what is left, one is kept; of one fault that looks like two, both.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from axpair_host.documents.reduced import Signature

Document = Mapping[str, Any]
"""One finding as `axpair_host.diagnosis.finding.Finding.document` makes it."""


def signature_of(finding: Document) -> Signature:
    """A finding's code and marks; where nothing else marks a code, the outputs concerned do.

    Of a finding whose evidence isn't what this release writes, the code alone.
    """
    code, evidence = str(finding["code"]), finding.get("evidence") or {}
    try:
        found = _MARKS.get(code, _outputs)(finding, evidence)
        marks = tuple(dict.fromkeys(one if isinstance(one, str) else str(one) for one in found))
    except (TypeError, AttributeError, ValueError, LookupError):
        marks = ()
    return Signature(code, marks)


def _outputs(finding: Document, evidence: Document) -> Iterable[str]:
    return (f"output {name!r}" for name in sorted(finding.get("outputs") or ()))


def _disagreement(finding: Document, evidence: Document) -> Iterable[str]:
    """AX306, AX314: the outputs, and known forms of faulty arithmetic without their figures."""
    yield from _outputs(finding, evidence)
    said = {word for facts in _each(evidence) for word in facts.get("signature", ())}
    for pattern, mark in (("truncation", "truncated"), ("wrap-around", "wraps around")):
        if any(pattern in word for word in said):
            yield mark


def _belongs(finding: Document, evidence: Document) -> Iterable[str]:
    """AX302: whose answer it is, and whether whole or in lines; AX102 to AX108 and AX302: which misreading."""
    for facts in _each(evidence):
        if facts.get("belongs_to"):
            part = " in lines" if facts.get("lines") else ""
            yield f"{facts['belongs_to']}{part}"
    yield from map(str, evidence.get("input_read_as", ()))


def _handed_out(finding: Document, evidence: Document) -> Iterable[str]:
    for name, facts in sorted(_named(evidence).items()):
        yield f"{name!r} {facts.get('handed_out', '')}"
    yield from map(str, evidence.get("input_read_as", ()))


def _bits(finding: Document, evidence: Document) -> Iterable[str]:
    """AX305: the mask by which elements differ."""
    bits = {bit for facts in _each(evidence) for bit in facts.get("bits", ())}
    yield f"XOR {sum(1 << int(bit) for bit in bits):#x}"


def _failure(finding: Document, evidence: Document) -> Iterable[str]:
    """AX307 to AX310: how the runtime ended, with its code or signal."""
    for key in ("kind", "signal", "code"):
        if evidence.get(key):
            value = evidence[key]
            yield f"0x{value & 0xFFFFFFFF:08x}" if key == "code" and isinstance(value, int) else str(value)


def _worst_output(finding: Document, evidence: Document) -> Iterable[str]:
    """AX201: the output that loses most; which others fall below the line too hangs on the input."""
    pairs = ("onnx_lava", "lava_joint", "onnx_joint")
    cosines = {
        name: [one for pair in pairs if isinstance(one := facts.get(pair), (int, float))]
        for name, facts in _named(evidence).items()
    }
    worst = min((name for name in cosines if cosines[name]), key=lambda name: min(cosines[name]), default=None)
    return [f"worst output {worst!r}"] if worst is not None else _outputs(finding, evidence)


def _layer(finding: Document, evidence: Document) -> Iterable[str]:
    """AX205, AX202: the layer at fault."""
    layers = evidence.get("layers") or [evidence.get("layer") or {}]
    if layers[0].get("name"):
        return [f"layer {layers[0]['name']!r}"]
    return _outputs(finding, evidence)


def _each(evidence: Document) -> Iterable[Document]:
    return _named(evidence).values()


def _named(evidence: Document) -> Mapping[str, Document]:
    outputs = evidence.get("outputs")
    facts = outputs if isinstance(outputs, Mapping) else {}
    return {name: one for name, one in facts.items() if isinstance(one, Mapping)}


_MARKS: Mapping[str, Callable[[Document, Document], Iterable[str]]] = {
    "AX305": _bits,
    "AX302": _belongs,
    "AX201": _worst_output,
    **dict.fromkeys(("AX102", "AX103", "AX105", "AX107", "AX108", "AX315", "AX401", "AX402", "AX403"), _handed_out),
    **dict.fromkeys(("AX306", "AX314"), _disagreement),
    **dict.fromkeys(("AX307", "AX308", "AX309", "AX310"), _failure),
    **dict.fromkeys(("AX202", "AX205"), _layer),
}
