"""Relaxed JSON: what pulsar2's files hold is read, anything else is one error with its place."""

import contextlib
import json

import pytest
from axpair_proto.pulsar.tokens import ConfigTextError
from axpair_proto.pulsar2.relaxed_json import Object, begins_object, parse, plain
from hypothesis import given
from hypothesis import strategies as st

RELAXED = """// first
{
  # python's
  "a": [1, 2.5, -3e2, .5, 1., true, false, null, "x//y#z", ], /* between
  lines */
  "b": {"c": "\\u00e4\\n"}, // last
}
# end"""


def test_comments_and_trailing_commas_are_passed_over() -> None:
    assert plain(parse(RELAXED, "c")) == {
        "a": [1, 2.5, -300.0, 0.5, 1.0, True, False, None, "x//y#z"],
        "b": {"c": "ä\n"},
    }
    assert begins_object(RELAXED)
    assert not begins_object("quant {}")


def test_every_field_knows_its_place() -> None:
    value = parse(RELAXED, "c")
    assert isinstance(value, Object)
    assert [(one.name, one.place.line, one.place.column) for one in value.members] == [("a", 4, 3), ("b", 6, 3)]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "1:1", "found the end"),
        ("{", "1:2", "expected a field"),
        ('{"a" 1}', "1:6", "expected ':'"),
        ('{"a": }', "1:7", "expected a value"),
        ('{"a": 1 "b": 2}', "1:9", "expected ',' or '}'"),
        ('{"a": 1,, }', "1:9", "in double quotes"),
        ("{a: 1}", "1:2", "in double quotes"),
        ("{'a': 1}", "1:2", "in double quotes"),
        ('{"a": [1, 2}', "1:12", "expected ',' or ']'"),
        ('{"a": [1,', "1:10", "expected a value or ']'"),
        ('{"a\nb": 1}', "1:2", "never ends"),
        ('{"a": "\\x"}', "1:7", "backslash"),
        ("{} {}", "1:4", "expected the end"),
        ("[" * 102, "1:102", "too many nested"),
        ('{\n  "a": 1\n  "b": 2}', "3:3", "expected ','"),
    ],
)
def test_broken_text_is_an_error_with_its_place(text: str, where: str, what: str) -> None:
    with pytest.raises(ConfigTextError) as caught:
        parse(text, "c")
    assert caught.value.message.startswith(f"c:{where}: "), caught.value.message
    assert what in caught.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_whatever_json_writes_is_read_the_same(value: object) -> None:
    assert plain(parse(json.dumps(value, indent=1), "c")) == value
    assert plain(parse(json.dumps(value, ensure_ascii=False), "c")) == value


@given(st.text(alphabet='{}[]:,/#*"\\ \n.-019eatrufls', max_size=60) | st.text(max_size=60))
def test_any_text_ends_in_a_value_or_one_clear_error(text: str) -> None:
    with contextlib.suppress(ConfigTextError):
        parse(text, "c")
