"""Sentences: English wherever they are text, another language where they are shown, and never broken."""

import copy
import json
import pickle
from typing import Any

import pytest
from axpair_proto.sentences import (
    Sentence,
    for_documents,
    in_words,
    joined,
    recalled,
    remember,
    remembered,
    say,
    speaking,
    tr,
    translated,
)
from axpair_proto.text import decoded, json_text

BOOK = {
    "{name!r} lacks {count} of {of:.1f}": "{name!r} 缺 {of:.1f} 中的 {count}",
    "; {rest} more": "；另有 {rest}",
    "; ": "；",
    "nothing": "没有",
    "the board": "板子",
    "of {where}": "{where}的",
    "{0}: can't be read: {1}": "{0}：无法读取：{1}",
    "No such file": "没有该文件",
    "it holds {name}": "内含 {nme}",
}


def test_a_sentence_is_an_english_text_and_shown_in_the_language_in_force() -> None:
    said = say("{name!r} lacks {count} of {of:.1f}", name="a", count=2, of=3)
    assert said == "'a' lacks 2 of 3.0"
    assert json.dumps({"x": said}) == '{"x": "\'a\' lacks 2 of 3.0"}'
    with speaking(BOOK):
        assert said == "'a' lacks 2 of 3.0"
        assert translated({"k": [said, "plain"], said: 1}) == {"k": ["'a' 缺 3.0 中的 2", "plain"], str(said): 1}
        assert tr("nothing") == "没有"
    assert translated(said) is said


def test_what_is_put_together_of_sentences_is_shown_part_by_part() -> None:
    both = "x: " + say("of {where}", where=say("the board")) + say("; {rest} more", rest=3)
    assert both == "x: of the board; 3 more"
    assert isinstance(both + "", Sentence)
    with speaking(BOOK):
        assert translated(both) == "x: 板子的；另有 3"
        assert translated(joined("; ", (say("nothing"), "y", say("nothing")))) == "没有；y；没有"


@pytest.mark.parametrize("template", ["not in the book {name}", "it holds {name}"])
def test_what_lacks_a_translation_or_has_a_broken_one_is_english_as_a_whole(template: str) -> None:
    said = say(template, name=say("the board"))
    with speaking(BOOK):
        assert translated(said) == template.format(name="the board")


def test_a_plain_message_is_recognized_by_its_numbered_template() -> None:
    with speaking(BOOK):
        assert in_words("/a/b: can't be read: No such file") == "/a/b：无法读取：没有该文件"
        assert in_words("/a: can't be read: x y") == "/a：无法读取：x y"
        assert in_words("nothing; who knows") == "没有；who knows"
        assert in_words("who knows: what {0} is") == "who knows: what {0} is"
    assert in_words("nothing") == "nothing"


def test_documents_are_english_unless_a_language_is_asked_for_by_name() -> None:
    document = {"why": say("nothing")}
    with speaking(BOOK):
        assert for_documents(document) == {"why": "nothing"}
    with speaking(BOOK, in_documents=True):
        assert for_documents(document) == {"why": "没有"}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301
def test_a_copy_remembers_as_well(copied: Any) -> None:
    with speaking(BOOK):
        assert translated(copied(say("; {rest} more", rest=1))) == "；另有 1"


def test_a_file_keeps_how_its_sentences_were_made() -> None:
    said = say("of {where}", where=say("the board")) + say("; {rest} more", rest=3)
    table = json.loads(json.dumps(remembered({"why": [said]})))
    document = json.loads(json.dumps({"why": [said], "name": "nothing"}))
    assert recalled(document, table) == document
    with speaking(BOOK):
        assert translated(recalled(document, table)) == {"why": ["板子的；另有 3"], "name": "nothing"}
    with pytest.raises(TypeError, match="int is no value of a document"):
        remember({}, 3)


@pytest.mark.parametrize("value", [float("-inf"), float("inf"), float("nan")])
def test_a_number_that_json_cant_hold_is_kept(value: float) -> None:
    said = say("of {where:g}", where=value)
    table = json.loads(json_text(remembered(said)))
    with speaking({"of {where:g}": "{where:g} 的"}):
        assert translated(recalled(str(said), table)) == f"{value:g} 的"


@pytest.mark.parametrize(
    "how",
    [
        7,
        "x",
        [],
        {},
        {"template": "{a.__class__}", "values": {"a": 1}},
        {"template": "of {where:999999999}", "values": {"where": "x"}},
        {"template": "of {where}", "values": 3},
        {"template": "of {where}", "values": {"where": "another"}},
        {"separator": 1, "parts": ["a"]},
        {"separator": "", "parts": ["of", " the board"]},
        {"separator": "", "parts": ["of the board"]},
    ],
)
def test_a_table_of_anybody_s_making_changes_no_text_and_breaks_nothing(how: object) -> None:
    with speaking(BOOK):
        assert translated(recalled(["of the board"], {"of the board": how})) == ["of the board"]


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        ("图片/一.jpg".encode(), "图片/一.jpg", "UTF-8"),
        (b"\xef\xbb\xbfa", "a", "UTF-8"),
        ("图片/一.jpg（两张）".encode("gbk"), "图片/一.jpg（两张）", "GBK"),
        ("┏━┳╇┓【层】█▌".encode("gbk", "ignore"), "┏━┳╇┓【层】█▌", "GBK"),
        ("日志".encode("utf-16"), "日志", "UTF-16"),
        (b"caf\xe9 au lait", "caf\N{REPLACEMENT CHARACTER} au lait", "UTF-8"),
        ("图".encode() + b"\xff", "图\N{REPLACEMENT CHARACTER}", "UTF-8"),
    ],
)
def test_a_text_file_is_read_in_the_encoding_that_it_has(data: bytes, text: str, encoding: str) -> None:
    found = decoded(data)
    assert (found.text, found.encoding) == (text, encoding)
    assert bool(found.said) == (encoding != "UTF-8")
