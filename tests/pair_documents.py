"""Documents of cases in which only what a test is about is said."""

from typing import Any

import msgspec
from axpair_host.documents.pair import FindingRow, PairDocument

_EMPTY = PairDocument[Any](
    schema_version=1,
    case="",
    verdict="PASS",
    owner="none",
    stage=None,
    side=None,
    seen_first=(),
    headlines=(),
    simulator="",
    findings=(),
    warnings=(),
    outputs=(),
    not_judged=(),
    next_steps=(),
    decisions=None,
    board=None,
    second_opinion=None,
    switches=None,
    versions={},
    timings={},
)


def pair_document(**said: Any) -> PairDocument[Any]:
    """A document of a case that passed, but for what is said of it."""
    return msgspec.structs.replace(_EMPTY, **said)


def finding_row(code: str) -> FindingRow[Any]:
    """A fault of that code."""
    return FindingRow(
        code=code,
        owner="",
        stage="",
        side="",
        proven=False,
        owner_proven=False,
        by_vendor=None,
        rivals=(),
        weight="fault",
        title="",
        headline="",
        summary="",
        outputs=(),
        evidence={},
        cosine_if_fixed=None,
        next_steps=(),
    )
