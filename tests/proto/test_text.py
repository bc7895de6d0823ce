import json
import unicodedata

import msgspec
import pytest
from axpair_proto.text import json_text, printable

DANGEROUS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_every_control_format_surrogate_and_line_end_is_spelled_out_and_all_else_stays() -> None:
    wrong = []
    for code in range(0x110000):
        character = chr(code)
        shown = printable(character)
        category = unicodedata.category(character)
        if category != "Cn" and (category in DANGEROUS) != (shown != character):  # Cn: what a later Unicode may use
            wrong.append(hex(code))
        assert shown.isascii() or shown == character
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 中文　名字 и ещё", "plain text, 中文　名字 и ещё"),
        ("\x1b]0;owned\x07\x1b[2J", r"\x1b]0;owned\x07\x1b[2J"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("evil\u202egpj.exe\u2028", r"evil\u202egpj.exe\u2028"),
        (b"\xd5\xfd.jpg".decode("utf-8", "surrogateescape"), r"\xd5\xfd.jpg"),
        ("\ud800", r"\ud800"),
    ],
)
def test_text_is_shown_on_one_harmless_line(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_is_too_long_is_cut_and_says_so() -> None:
    assert printable("x" * 1_000_000, 10) == "xxxxxxxxxx... (999990 more characters)"
    assert printable("x" * 10, 10) == "x" * 10


def test_a_json_document_survives_every_reader_and_holds_nothing_that_plays_with_a_terminal() -> None:
    text = "\x00\x1b\x7f\x85\u202e\u2028中\U000e0041\ud83d\ude00"
    written = json_text({text: [text]})
    assert all(character in "\n中😀" or printable(character) == character for character in written)
    escaped = text.replace("\ud83d", r"\ud83d").replace("\ude00", r"\ude00")  # two halves are no character in Python
    assert json.loads(written) == {escaped: [escaped]}


def test_undecodable_names_are_text_in_a_json_document() -> None:
    written = json_text({"source": b"\xd5\xfd.jpg".decode("utf-8", "surrogateescape")})
    assert msgspec.json.decode(written.encode()) == json.loads(written) == {"source": r"\xd5\xfd.jpg"}


def test_a_document_without_indent_takes_no_room_and_keeps_its_order_where_asked() -> None:
    assert json_text({"b": 1, "a": "正"}, indent=None, sort_keys=True) == '{"a":"正","b":1}'


def test_numbers_that_json_has_not_are_null_at_any_depth() -> None:
    document = {"a": [float("nan"), {"b": (float("-inf"), 1.5)}], "c": "NaN"}
    assert json.loads(json_text(document)) == {"a": [None, {"b": [None, 1.5]}], "c": "NaN"}
