"""Text files of ours that a user may edit: a line in them says who wrote them, and what they held then."""

import hashlib

_WRITTEN = b"Written by axpair; sha256 of what follows: "


def mark_line(rest: bytes, comment: bytes = b"# ") -> bytes:
    """The line that stands before `rest`, as a comment."""
    return comment + _WRITTEN + hashlib.sha256(rest).hexdigest().encode() + b"\n"


def is_as_written(text: bytes, comment: bytes = b"# ") -> bool:
    """Whether `text` begins with that line, and what follows is what axpair wrote."""
    _, end, rest = text.partition(b"\n")
    return bool(end) and text == mark_line(rest, comment) + rest
