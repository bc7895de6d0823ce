"""The ladder, the fault book and docs/whose-fault.md say the same."""

import re
from pathlib import Path

from axpair_host.codebook import entries
from axpair_host.diagnosis.ladder import CODES, LADDER

DOCUMENT = Path(__file__).parents[2] / "docs" / "whose-fault.md"


def test_every_question_is_a_heading_of_the_document_in_the_same_order() -> None:
    headings = re.findall(r"^### (.+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [check.question for check in LADDER]


def test_each_heading_names_the_codes_that_its_check_can_name() -> None:
    sections = re.split(r"^### ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    for section, check in zip(sections, LADDER, strict=True):
        assert {code for code in check.codes if code not in section} == set()


def test_every_code_that_a_check_names_has_an_entry() -> None:
    assert set(entries()) >= CODES


def test_the_codes_of_this_release_are_looked_for() -> None:
    evidence, conversion, outputs = (1, 2, 3, 4, 6, 101), (201, 202, 206), (405, 407)
    board = (301, 302, 303, 304, 305, 306, 307, 308, 309, 310)
    assert {f"AX{number:03}" for number in (*evidence, *conversion, *board, *outputs)} <= CODES


def test_codes_that_the_document_says_come_later_are_not_looked_for_yet() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    mentioned = set(re.findall(r"AX\d{3}", text))
    assert mentioned == set(entries())
    later = set(re.findall(r"AX\d{3}", text.partition("## Not asked yet")[2]))
    assert later == set(entries()) - CODES
