"""The fault book is whole."""

import pytest
from axpair_host.codebook import Entry, entries, find, near_misses
from axpair_host.diagnosis.finding import found
from axpair_host.render.verdict import OWNERS, SIDES

ALL = entries().values()
BOOK = (
    "001 002 003 004 005 006 101 102 103 104 105 106 107 108 109 201 202 203 204 205 206 207 208 209 301 302 303 304 "
    "305 306 307 308 309 310 313 314 315 401 402 403 404 405 406 407"
)


def test_every_code_of_the_book_is_there_in_order() -> None:
    assert list(entries()) == [f"AX{number}" for number in BOOK.split()]


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.code)
def test_an_entry_says_everything(entry: Entry) -> None:
    assert entry.owners
    assert set(entry.owners) <= set(OWNERS)
    assert entry.stage in ("conversion", "on_board", "application")
    assert entry.side in SIDES
    assert entry.next_steps
    for text in (entry.title, entry.meaning, entry.shows, entry.send, entry.zh_title, entry.zh_meaning):
        assert text.strip() == text != ""
    assert not entry.title.endswith(".")
    assert all(step.text.endswith((".", ":")) for step in entry.next_steps)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in entry.zh_title)


def test_titles_are_told_apart() -> None:
    assert len({entry.title for entry in ALL}) == len({entry.zh_title for entry in ALL}) == len(entries())


@pytest.mark.parametrize("spelled", ["AX302", "ax302", "302", " AX302 "])
def test_a_code_is_found_however_it_is_spelled(spelled: str) -> None:
    entry = find(spelled)
    assert entry is not None
    assert entry.code == "AX302"


def test_an_unknown_code_has_near_misses_by_letters_and_by_words() -> None:
    assert find("AX399") is None
    assert "AX302" in near_misses("AX3O2")
    assert "AX206" in near_misses("scale")
    assert near_misses("xyz") == []


def test_a_finding_cannot_have_an_owner_that_its_entry_lacks() -> None:
    with pytest.raises(ValueError, match="AX302 has no owner"):
        found("AX302", "", {}, owner="model")
