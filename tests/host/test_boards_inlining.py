"""What goes inside a request and what by digest."""

from axpair_host.boards.inlining import INLINE_BYTES, INLINE_TOTAL_BYTES, inlined


def test_small_ones_go_inside_until_there_is_no_more_room() -> None:
    data = {"small": b"x", "large": bytes(INLINE_BYTES), "too large": bytes(INLINE_BYTES + 1), "empty": b""}
    assert inlined(data) == {"small", "large", "empty"}
    many = {str(number): bytes(INLINE_BYTES) for number in range(5)}
    assert len(inlined(many)) * INLINE_BYTES == INLINE_TOTAL_BYTES
    assert inlined({}) == frozenset()
