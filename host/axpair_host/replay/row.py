"""One case's line in a run: what is stored of it, in plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from axpair_proto.sentences import Sentence
from axpair_proto.text import json_text

from axpair_host.replay.similarity import Vectors

BAD_INPUT = "BAD INPUT"
"""The verdict of a case that could not be used; its document has `error` in place of findings."""

LEG_PAIRS = ("golden_onnx", "onnx_lava", "lava_joint", "onnx_joint", "joint_board")
"""The comparisons of each output in a pair document, in the data's direction."""

NO_VECTORS: Vectors = MappingProxyType({})
VOLATILE = ("timings", "board", "versions")
"""Keys of a pair document that depend on when, where and with which process it was made: stored apart."""


SENTENCES = "sentences"
"""Where, beside those, it is stored how the sentences of the document were made."""


@dataclass(frozen=True)
class Metric:
    """One comparison of one output of one case."""

    output: str
    legs: str
    """One of LEG_PAIRS."""
    relation: str
    cosine: float | None
    values: dict[str, Any] = field(hash=False)
    """All that was measured, as in the pair document."""


@dataclass(frozen=True)
class Row:
    """One case of a run. Everything but `volatile` is the same however often the run was interrupted."""

    id: str
    source_sha256: str
    """Of the case's files; other bytes under the same id are another case and run again."""
    verdict: str
    """PASS, FAULT, INCONCLUSIVE or BAD INPUT."""
    code: str
    """Of the first finding; "" where there is none."""
    owner: str
    kept: str
    """Its gt folder below the run; "" where nothing is kept."""
    document: dict[str, Any] = field(hash=False)
    """The document that `axpair pair --json` prints, with `id` and without its volatile keys."""
    volatile: dict[str, Any] = field(default_factory=dict, hash=False, compare=False)
    """Times, board and versions."""
    vectors: Vectors = field(default_factory=dict, hash=False, compare=False)
    """Outputs that are vectors; stored apart, and not read with the row."""

    @staticmethod
    def judged(
        id_: str, source_sha256: str, kept: str, document: Mapping[str, Any], vectors: Vectors = NO_VECTORS
    ) -> "Row":
        """The row of a case that has a pair document."""
        stable = {key: value for key, value in document.items() if key not in VOLATILE}
        findings = document.get("findings") or [{}]
        return Row(
            id=id_,
            source_sha256=source_sha256,
            verdict=str(document["verdict"]),
            code=str(findings[0].get("code") or ""),
            owner=str(document.get("owner") or ""),
            kept=kept,
            document={"id": id_, **stable},
            volatile={key: document[key] for key in VOLATILE if key in document},
            vectors=vectors,
        )

    @staticmethod
    def unusable(id_: str, source_sha256: str, message: str, next_step: str) -> "Row":
        """The row of a case whose files can't be used."""
        error = {"kind": "bad input", "message": Sentence.of(message), "next_step": Sentence.of(next_step)}
        document = {"id": id_, "schema_version": 1, "verdict": BAD_INPUT, "error": error}
        return Row(id_, source_sha256, BAD_INPUT, "", "", "", document)

    def metrics(self) -> list[Metric]:
        """Every comparison in the document, outputs in the model's order."""
        return [
            Metric(
                output=str(output["name"]),
                legs=legs,
                relation=str(values.get("relation", "")),
                cosine=values.get("cosine") if not values.get("named_by") else None,  # of names it says nothing
                values=dict(values),
            )
            for output in self.document.get("outputs", ())
            for legs in LEG_PAIRS
            if (values := output.get(legs)) is not None
        ]

    def warnings(self) -> set[str]:
        """Codes of findings that didn't change the verdict."""
        return {str(one.get("code") or "") for one in self.document.get("warnings", ())}

    def whole_document(self) -> dict[str, Any]:
        """The pair document as it was, with its `id`."""
        return {**self.document, **self.volatile}


def to_text(value: Any) -> str:
    """JSON with keys in a fixed order, so that equal values are equal texts."""
    return json_text(value, indent=None, sort_keys=True)
