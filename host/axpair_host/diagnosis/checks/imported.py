"""Does the toolchain's import of the graph keep the float result?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from axpair_proto.sentences import say

from axpair_host.compare import compare
from axpair_host.compare.errors import relative_error
from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.checks.conversion import lost
from axpair_host.diagnosis.finding import Finding, Open, found
from axpair_host.diagnosis.inquiry import Inquiry

Array = np.ndarray[Any, Any]
FOLDER = "trials/imported/onnx"
"""Outputs of the float model as the build imported it, on this case's input."""
DIFFERS = 1e-2
"""2-norm relative error that no reordering of float arithmetic makes; but for outputs far below their usual size,
such as a map of probabilities in which nothing is found."""
NEARER = 0.9
"""How much nearer the quantised model's outputs are to the imported model's than to the ONNX model's, as a part of
their 2-norm relative error, where the import has a hand in the loss."""
_LACKING = say(
    "whether the import of the graph keeps the float result isn't known: that takes the float model as the build "
    "imported it (pulsar run --use_onnx_ir)"
)


def check(inquiry: Inquiry) -> Iterator[Finding | Open | Wants]:
    """AX208: asked where conversion loses accuracy. Both sides are float and fed with the same bytes, so a difference
    can only come from the import. It counts where the quantised model is nearer to the imported one. Proven where it
    follows that one; the import then explains the whole loss, and quantisation isn't blamed."""
    low = lost(inquiry)
    if not low or not inquiry.has("onnx"):
        return
    imported = inquiry.evidence.tensors_in(FOLDER)
    if not imported:
        yield Wants("imported_float", _LACKING)
        return
    plain = inquiry.evidence.leg("onnx")
    errors = {
        name: relative_error(plain[name], imported[name])
        for name in low
        if name in imported and name in plain and imported[name].shape == plain[name].shape
    }
    quantised = inquiry.evidence.leg("lava_joint") or inquiry.evidence.leg("joint")
    changed = {
        name: error
        for name, error in errors.items()
        if error > DIFFERS and _nearer(quantised.get(name), imported[name], plain[name])
    }
    if not changed:
        return
    kept = {
        one.name: inquiry.compare(one, imported[one.name], quantised[one.name], one.layout)
        for one in inquiry.outputs
        if one.name in changed and one.name in quantised
    }
    follows = {name: one.cosine for name, one in kept.items()}
    whole = bool(kept) and all(one.cosine is not None and inquiry.lost(one, name) is None for name, one in kept.items())
    worst = max(changed, key=lambda one: changed[one])
    cosine = compare(plain[worst], imported[worst]).cosine
    yield found(
        "AX208",
        say(
            "still in float, the graph that the build imported gives another {worst!r} than the ONNX "
            "model: 2-norm relative error {changed:.3g}, cosine {cosine:.4f}",
            worst=worst,
            changed=changed[worst],
            cosine=cosine if cosine is not None else 0.0,
        )
        + (say("; {rest} more outputs", rest=len(changed) - 1) if len(changed) > 1 else "")
        + (say("; the quantised model follows the imported one") if whole else ""),
        {"relative_errors": changed, "quantised_against_imported": follows, "line": DIFFERS},
        outputs=tuple(changed),
        proven=whole,
        settles=("conversion",) if whole else (),
        cosine_if_fixed=min((one for one in follows.values() if one is not None), default=None) if whole else None,
    )


def _nearer(quantised: Array | None, imported: Array, plain: Array) -> bool:
    if quantised is None or quantised.shape != plain.shape:
        return True
    return relative_error(imported, quantised) < NEARER * relative_error(plain, quantised)
