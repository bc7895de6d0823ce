"""Front ends that a configuration is mistaken for: what users really get wrong, each by name and code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from axpair_proto.capabilities import FrontEnd
from axpair_proto.sentences import say

IMAGENET = say("ImageNet's mean and std")
KNOWN: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    IMAGENET: ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    say("mean 127.5, std 127.5"): ((127.5,) * 3, (127.5,) * 3),
    say("mean 127.5, std 128"): ((127.5,) * 3, (128.0,) * 3),
    say("a division by 255"): ((0.0,) * 3, (255.0,) * 3),
}
"""Mean and deviation of pixels 0..255 in RGB order, as published with most models."""
_NEAR = 0.01
TURNED = say("the colour channels the other way round")


@dataclass(frozen=True)
class Variant:
    """One other front end, and what of the configuration would have to change for it."""

    name: str
    """Its own; goes on "the training code has ...", such as "mean and std in the other channel order"."""
    codes: tuple[str, ...]
    """AX103, AX104, or both."""
    front_end: FrontEnd


def variants(configured: FrontEnd) -> list[Variant]:
    """Every front end worth trying in place of the one configured; none of them equals another."""
    found: list[Variant] = []
    kept = [configured]
    for name, codes, front_end in _all(configured):
        if not any(same(front_end, other) for other in kept):
            kept.append(front_end)
            found.append(Variant(name, codes, front_end))
    return found


def same(one: FrontEnd, other: FrontEnd) -> bool:
    """Whether both feed the float model alike, within a hundredth of a pixel's contrast."""
    if one.reverses_channels != other.reverses_channels or len(one.gain) != len(other.gain):
        return False
    return all(
        abs(a - b) <= _NEAR * max(abs(a), abs(b)) and abs(p - q) <= _NEAR * 255 * max(abs(a), abs(b))
        for a, b, p, q in zip(one.gain, other.gain, one.offset, other.offset, strict=True)
    )


def _all(configured: FrontEnd) -> Iterator[tuple[str, tuple[str, ...], FrontEnd]]:
    normalisations = [("", configured), *_normalisations(configured)]
    for name, front_end in normalisations:
        if name:
            yield name, ("AX104",), front_end
    if len(configured.gain) != 3:
        return
    for name, front_end in normalisations:
        swapped = replace(front_end, reverses_channels=not configured.reverses_channels)
        yield (
            say("the colour channels the other way round and {name}", name=name) if name else TURNED,
            ("AX103", "AX104") if name else ("AX103",),
            swapped,
        )


def _normalisations(configured: FrontEnd) -> Iterator[tuple[str, FrontEnd]]:
    gain, offset = configured.gain, configured.offset
    if len(gain) > 1:
        yield say("mean and std in the other channel order"), _with(configured, gain[::-1], offset[::-1])
    identity = all(g == 1 for g in gain) and not any(offset)
    if not identity:
        yield (
            say("no normalisation (the model does it itself, so it is done twice)"),
            _with(configured, (1.0,) * len(gain), (0.0,) * len(gain)),
        )
        once = _once(configured)
        if once is not None:
            yield say("the normalisation once, not twice"), once
        for scale, words in ((1.0, ""), (1 / 255, say(" of values 0..1"))):
            inverted = _inverted(configured, scale)
            if inverted is not None:
                yield say("std{words} where the configuration has 1/std", words=words), inverted
    yield say("a further division by 255"), _with(configured, tuple(g / 255 for g in gain), offset)
    yield say("no division by 255"), _with(configured, tuple(g * 255 for g in gain), offset)
    if len(gain) == 3:
        for name, (mean, std) in KNOWN.items():
            words = say("{name} (the configuration has none)", name=name) if identity else name
            for order in (1, -1):
                gains = tuple(1 / s for s in std[::order])
                offsets = tuple(-m / s for m, s in zip(mean[::order], std[::order], strict=True))
                yield (
                    words if order == 1 else say("{words}, in BGR order", words=words),
                    _with(configured, gains, offsets),
                )


def _once(configured: FrontEnd) -> FrontEnd | None:
    """The f of a configuration that is f after f: gain g*g, offset g*o + o."""
    if any(g <= 0 for g in configured.gain):
        return None
    gain = tuple(g**0.5 for g in configured.gain)
    offset = tuple(o / (1 + g) for o, g in zip(configured.offset, gain, strict=True))
    return _with(configured, gain, offset)


def _inverted(configured: FrontEnd, scale: float) -> FrontEnd | None:
    """With x*scale before it, (x*scale - mean) * std instead of (x*scale - mean) / std."""
    if any(g == 0 for g in configured.gain):
        return None
    gain = tuple(scale * scale / g for g in configured.gain)
    offset = tuple(o / g * new for o, g, new in zip(configured.offset, configured.gain, gain, strict=True))
    return _with(configured, gain, offset)


def _with(configured: FrontEnd, gain: tuple[float, ...], offset: tuple[float, ...]) -> FrontEnd:
    return replace(configured, gain=gain, offset=offset)
