"""What goes inside a request and what by digest, and how a case is named in it."""

from axpair_host.boards.case import Case
from axpair_host.boards.inlining import INLINE_BYTES, INLINE_TOTAL_BYTES, inlined


def test_small_ones_go_inside_until_there_is_no_more_room() -> None:
    data = {"small": b"x", "large": bytes(INLINE_BYTES), "too large": bytes(INLINE_BYTES + 1), "empty": b""}
    assert inlined(data) == {"small", "large", "empty"}
    many = {str(number): bytes(INLINE_BYTES) for number in range(5)}
    assert len(inlined(many)) * INLINE_BYTES == INLINE_TOTAL_BYTES
    assert inlined({}) == frozenset()


def test_an_id_of_any_length_goes_to_the_agent_cut_and_told_from_others() -> None:
    long = [Case("12:" + "\u6f22" * 5000 + end, {}) for end in ("a", "b")]
    assert all(case.id.startswith("12:\u6f22") and len(case.id) < 250 for case in long)
    assert long[0].id != long[1].id
    assert Case("x" * 200, {}).id == "x" * 200
