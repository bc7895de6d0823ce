"""Two outputs, the probe's answers to them, and cases of boards that damage them."""

from pathlib import Path
from typing import Any

import numpy as np
from axpair_host.diagnosis import Verdict, diagnose
from host.evidence_builder import Ran, Tensors, build, values

Array = np.ndarray[Any, Any]
J = {"prob": values(1), "boxes": values(2, (1, 16, 12, 12))}
PROBE = {"prob": values(11), "boxes": values(12, (1, 16, 12, 12))}


def damaged(**changes: Array) -> Tensors:
    return {**J, **changes}


def judged(folder: Path, *rounds: Ran, probe: Tensors | None = PROBE, **more: Any) -> Verdict:
    """J against these rounds, after a probe that was answered rightly (None = no probe)."""
    before = (Ran(probe, "probe"),) if probe is not None else ()
    more = {"probe_joint": PROBE if probe is not None else None, "joint": J, **more}
    return diagnose(build(folder, rounds=(*before, *rounds), **more))


def codes(verdict: Verdict) -> list[str]:
    return [one.code for one in verdict.findings]


def twice(outputs: Tensors, **more: Any) -> tuple[Ran, Ran]:
    return Ran(outputs, **more), Ran(outputs, **more)
