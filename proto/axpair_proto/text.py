"""Text of the other side, of files, archives and names, on its way to a terminal, a table, a page or a document.

Such text may hold codes that move a cursor, turn the direction of reading, or end a line where none ends. Everything
that people see of it goes through `printable`, every JSON document through `json_text`.
"""

import codecs
import contextlib
import json
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from axpair_proto.sentences import say

LONGEST = 4000
"""Characters of one text that are shown: a sentence with its values is far shorter."""
LONGEST_NAME = 300
"""Characters of a name in a table or a line."""

_CONTROLS = "\x00-\x1f\x7f-\x9f"
_FORMATS = (
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001"
    "\U000e0020-\U000e007f"
)
"""Unicode's categories Cf (among them what turns the direction of reading), Zl and Zp."""
_SURROGATES = "\ud800-\udfff"
_SPELLED = re.compile(f"[{_CONTROLS}{_FORMATS}{_SURROGATES}]")
_SPELLED_IN_JSON = re.compile(f"[\x7f-\x9f{_FORMATS}]")
_SURROGATE = re.compile(f"[{_SURROGATES}]")
_CHINESE = re.compile(
    "[\t\n\r\f\x1b\x20-\x7e\u00b7\u00d7\u2013-\u2026\u2160-\u217f\u2500-\u25ff\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]*"
)
"""Texts of Chinese and ASCII, with the signs that stand between, and the lines and blocks that tables and progress bars
are drawn with."""


def printable(text: object, limit: int = LONGEST) -> str:
    """`text` on one line that can't play with what shows it: controls, directions and undecodable bytes spelled out.

    Bytes of file names that aren't UTF-8 show as \\xNN. Beyond `limit` characters it is cut, and says by how much.
    """
    whole = str(text)
    kept = whole if len(whole) <= limit else whole[:limit]
    shown = kept if kept.isprintable() else _SPELLED.sub(_spell, kept)
    return shown if kept is whole else f"{shown}... ({len(whole) - limit} more characters)"


class Decoded(NamedTuple):
    """A file's text, and what its bytes were taken for."""

    text: str
    encoding: str
    """"UTF-8", "UTF-16" or "GBK"."""

    @property
    def said(self) -> str:
        """What people are told of an encoding that they may not know of; "" for UTF-8."""
        return "" if self.encoding == "UTF-8" else say("read as {encoding}, as it is no UTF-8", encoding=self.encoding)


def decoded(data: bytes) -> Decoded:
    """A text file of any editor or shell: UTF-8, UTF-16 (Windows' own shell), or GBK (a Chinese Windows).

    It is GBK where all of it reads so and nothing but Chinese comes of what isn't ASCII. Else bytes that aren't UTF-8
    are replaced.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Decoded(data.decode("utf-16", "replace"), "UTF-16")
    low, high = data[:512:2].count(0), data[1:512:2].count(0)
    if max(low, high) * 4 > len(data[:512]):  # some programs write it without its mark
        return Decoded(data.decode("utf-16-le" if high > low else "utf-16-be", "replace"), "UTF-16")
    try:
        return Decoded(data.decode("utf-8-sig"), "UTF-8")
    except UnicodeDecodeError:
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode("gb18030")
            if _CHINESE.fullmatch(text):
                return Decoded(text, "GBK")
    return Decoded(data.decode("utf-8-sig", "replace"), "UTF-8")


def first_names(names: Sequence[object], most: int = 3) -> str:
    """The first names of a list in a line, each cut, and whether there are more."""
    shown = ", ".join(printable(name, LONGEST_NAME) for name in names[:most])
    return f"{shown}, ..." if len(names) > most else shown


def json_text(document: Any, *, indent: int | None = 2, sort_keys: bool = False) -> str:
    """A JSON document that is valid everywhere and safe to show; ordinary text of any language stays as it is.

    Undecodable bytes become the text \\xNN, as in `printable`. Without an indent it takes as little room as it can.
    NaN and infinities become null, the number that can't be said: no model's values may cost a document.
    """

    def written(value: Any) -> str:
        return json.dumps(
            value,
            indent=indent,
            separators=(",", ":") if indent is None else None,
            sort_keys=sort_keys,
            ensure_ascii=False,
            allow_nan=False,
        )

    try:
        text = written(document)
    except ValueError:
        text = written(_without_nonfinite(document))
    if text.isascii() and "\x7f" not in text:
        return text
    text = _SURROGATE.sub(lambda found: _spell(found).replace("\\", "\\\\"), text)
    return _SPELLED_IN_JSON.sub(lambda found: json.dumps(found.group())[1:-1].replace("\x7f", "\\u007f"), text)


def _without_nonfinite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nonfinite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nonfinite(each) for each in value]
    return value


def _spell(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:  # os.fsdecode's mark of a byte that isn't UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return found.group().encode("unicode_escape").decode("ascii")
