"""When the demo's story holds, and what is said where it doesn't."""

from pathlib import Path

from axpair_host.demo.scenes import Judged, Page
from axpair_host.demo.story import HEALTHY, STALE, Part, Plot, Story
from axpair_host.gather.prepare import PreparedCase
from axpair_proto.description import ModelDescription
from pair_documents import finding_row, pair_document


def judged(page: int, verdict: str, code: str, owner: str) -> Judged:
    prepared = PreparedCase(f"page-{page}", ModelDescription((), ()), {}, {})
    document = pair_document(verdict=verdict, owner=owner, findings=(finding_row(code),) if code else ())
    return Judged(Page(prepared.id, page, prepared), Path(prepared.id), document)


def part(plot: Plot, *cases: Judged) -> Part:
    return Part(plot, cases, 1.0)


def test_a_part_holds_when_every_page_ends_as_planned() -> None:
    healthy = part(HEALTHY, judged(0, "PASS", "", "none"), judged(90, "PASS", "", "none"))
    stale = part(STALE, judged(0, "FAULT", "AX302", "board"))
    assert Story((healthy, stale), Path("out")).failing == ""


def test_the_first_page_that_ends_otherwise_is_named() -> None:
    stale = part(STALE, judged(0, "FAULT", "AX302", "board"), judged(90, "FAULT", "AX306", "undecided"))
    assert Story((stale,), Path("out")).failing == (
        "part 'stale-output': page-90 ended as FAULT AX306 undecided, expected FAULT AX302 board"
    )


def test_a_fault_that_is_not_found_does_not_hold() -> None:
    assert "page-0 ended as PASS" in part(STALE, judged(0, "PASS", "", "none")).failing
    assert "expected PASS none" in part(HEALTHY, judged(0, "INCONCLUSIVE", "AX306", "undecided")).failing
