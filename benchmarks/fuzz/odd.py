"""Values that programs stumble over, and bytes that were damaged."""

from random import Random

INTEGERS = (
    *(0, 1, -1, 2, 3, 7, 255, 256, -128, 65_536, 10**6),
    *(2**31 - 1, -(2**31), 2**31, 2**32, 2**40, 2**63 - 1, -(2**63)),
)
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 1e-30, 3.4e38, 1e300, float("inf"), float("-inf"), float("nan"))
STRINGS = (
    *("", " ", "\0", "a\0b", ".", "..", "../../x", "/", "a/b", "C:\\x", "\n", "%s%n", "{0}", "-", "NaN", "None"),
    *("é", "e\u0301", "\u202eabc", "\ufeff", "\U0001f600", "\u2028", "x" * 300, "y" * 5000, "(", "[", "(a+)+$", ".*"),
    *("(?:a|a)*b", "(.*)*x", "/dev/null", ".hidden.png", "con", "x.bin", "x.npy", "x.png"),
)


def damaged(random: Random, data: bytes, times: int = 0) -> bytes:
    """The bytes with a few places flipped, set, cut, doubled or inserted, or with the end cut off."""
    for _ in range(times or random.randint(1, 4)):
        at, length = random.randrange(len(data) + 1), random.choice((1, 1, 2, 4, 16, 512))
        one = bytes([random.choice((0, 1, 127, 128, 255, random.randrange(256)))])
        data = random.choice(
            (
                data[:at] + bytes(byte ^ (1 << random.randrange(8)) for byte in data[at : at + 1]) + data[at + 1 :],
                data[:at] + one + data[at + 1 :],
                data[:at] + one * length + data[at:],
                data[:at] + data[at + length :],
                data[:at] + data[at : at + length] * 2 + data[at + length :],
                data[:at] if random.random() < 0.3 else data,
            )
        )
    return data
