"""Poison and probe: what was not written shows, and what was written does not."""

import random
from pathlib import Path

import pytest
from agent_process import Client, started
from axpair_agent.worker import poison
from axpair_agent.worker.rounds import probe_input
from toy_models import case, data, load, toy_model


def survivors_by_hand(expected: bytes, found: bytes) -> list[tuple[int, int]]:
    ranges, start = [], 0
    for index in range(len(expected) + 1):
        if index == len(expected) or expected[index] != found[index]:
            if index - start >= (4 if index == len(expected) else 16):
                ranges.append((start, index - start))
            start = index + 1
    return ranges


@pytest.mark.parametrize("size", [4, 15, 16, 17, 4096, (1 << 20) - 1, (2 << 20) + 100])
def test_survivors_are_the_runs_that_a_plain_loop_finds(size: int) -> None:
    source = random.Random(size)
    pattern = poison.poison(b"seed", 0, size)
    found = bytearray(source.randbytes(size))
    for _ in range(6):
        start = source.randrange(size)
        length = source.choice([15, 16, 17, 64])
        found[start : start + length] = pattern[start : start + length]
    # A run across the border between two blocks.
    border = 1 << 20
    if size > border + 40:
        found[border - 30 : border + 40] = pattern[border - 30 : border + 40]
    assert poison.survivors(pattern, found) == survivors_by_hand(pattern, bytes(found))
    assert poison.survivors(pattern, pattern) == [(0, size)]
    assert poison.survivors(pattern, bytes(size)) == survivors_by_hand(pattern, bytes(size))


def test_a_short_run_counts_at_the_very_end_alone() -> None:
    pattern = poison.poison(b"seed", 0, 200)
    other = bytes(byte ^ 255 for byte in pattern)
    assert poison.survivors(pattern, other[:-5] + pattern[-5:]) == [(195, 5)]
    assert poison.survivors(pattern, other[:-3] + pattern[-3:]) == []
    assert poison.survivors(pattern, pattern[:15] + other[15:]) == []


def test_an_output_too_small_to_tell_from_chance_has_no_survivors() -> None:
    assert poison.survivors(b"abc", b"abc") == []


def test_very_many_survivors_are_joined_at_the_end() -> None:
    pattern = poison.poison(b"seed", 0, 32 * 5000)
    found = bytearray(pattern)
    for index in range(0, len(found), 32):
        found[index] ^= 255
    ranges = poison.survivors(pattern, found)
    assert len(ranges) == poison.MAX_RANGES
    assert ranges[0] == (1, 31)
    assert sum(ranges[-1]) == len(pattern)


@pytest.mark.parametrize(
    ("given", "dtype", "expected"),
    [
        (b"abcdef", "int8", b"defabc"),
        (b"abcdef", "uint8", b"103476"),
        (b"abcde", "int8", b"cdeab"[1:] + b"c"),
        (b"aabbccdd", "int16", b"ccddaabb"),
        (b"aaaabbbbcccc", "float32", b"ccccaaaabbbb"),
        (b"a", "int8", b"a"),
    ],
)
def test_the_probes_input_is_rolled_by_whole_elements_and_pictures_change_shade(
    given: bytes, dtype: str, expected: bytes
) -> None:
    assert probe_input(given, dtype) == expected


def test_a_runtime_without_buffers_is_not_poisoned_and_says_so(tmp_path: Path) -> None:
    with started(tmp_path, "--option=buffers=none") as agent, agent.client() as client:
        (done,) = client.run(case(load(client, toy_model()).handle, "a", data()))
    assert [output.poisoned for output in done.outcome.outputs] == [False]


def test_the_poison_stays_out_of_an_output_that_was_written(client: Client) -> None:
    model = load(client, toy_model(outputs=(16, 4)))
    (done,) = client.run(case(model.handle, "small", data()))
    assert [list(output.survivors) for output in done.outcome.outputs] == [[], []]
