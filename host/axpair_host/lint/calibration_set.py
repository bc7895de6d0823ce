"""What is odd about a calibration set by itself, and beside the model's input."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from math import prod

import numpy as np
from axpair_proto.capabilities import ModelInput
from axpair_proto.dtypes import ITEM_BYTES

from axpair_host.lint.dataset import Picture, Sample
from axpair_host.lint.declared import WHOLE, DeclaredInput
from axpair_host.lint.hint import Hint

FEW = 8
SAME_SUBJECT = 0.95
"""Correlation of thumbnails."""
TRY = "{tune} --sizes 8,32,128 --set {set}"
"""Shows what another set changes."""


def hints(path: str, samples: Sequence[Sample], size: int, also: str = TRY) -> Iterator[Hint]:
    """What is odd by itself; `size` is the configuration's, 0 = all. `also` is the command that shows it."""
    yield from _count(path, samples, size, also)
    yield from _duplicates(path, samples, also)
    yield from _one_subject(path, _pictures(samples), also)


def beside(
    path: str, samples: Sequence[Sample], one: DeclaredInput, model: ModelInput | None, also: str = TRY
) -> Iterator[Hint]:
    """What is odd for one input."""
    pictures = _pictures(samples)
    if pictures and _channels(one, model) == 3 and all(picture.grey for picture in pictures):
        yield Hint(
            "grey",
            "AX204",
            f"{path}: all {len(pictures)} pictures looked at are grey, and the model takes colours",
            "calibrate on what the product sees",
            {"pictures": len(pictures)},
            also,
        )
    if model is not None:
        yield from _sizes(path, pictures, one, model)
        yield from _raw(path, samples, one, model)


def _pictures(samples: Sequence[Sample]) -> list[Picture]:
    return [sample.picture for sample in samples if sample.picture is not None]


def _count(path: str, samples: Sequence[Sample], size: int, also: str) -> Iterator[Hint]:
    evidence = {"samples": len(samples), "size": size}
    if size > len(samples):
        yield Hint(
            "size", "AX204", f"{path} holds {len(samples)} samples, and the configuration asks for {size}",
            f"add samples, or write size: {len(samples)}", evidence,
        )  # fmt: skip
    if len(samples) < FEW:
        yield Hint(
            "few", "AX204", f"{path}: {len(samples)} samples calibrate the model; ranges then hang on each of them",
            "give more, of what the product sees", evidence, also,
        )  # fmt: skip


def _duplicates(path: str, samples: Sequence[Sample], also: str) -> Iterator[Hint]:
    same = {digest: count for digest, count in Counter(sample.sha256 for sample in samples).items() if count > 1}
    if not same:
        return
    repeated = sum(same.values()) - len(same)
    first = [sample.name for sample in samples if sample.sha256 in same][:2]
    yield Hint(
        "duplicates",
        "AX204",
        f"{path}: {repeated} of {len(samples)} samples are copies of others, such as {first[0]!r} and {first[1]!r}",
        "take the copies out",
        {"copies": repeated, "samples": len(samples)},
        also,
    )


def _one_subject(path: str, pictures: Sequence[Picture], also: str) -> Iterator[Hint]:
    thumbs = [picture.thumb.reshape(-1) - picture.thumb.mean() for picture in pictures[:24]]
    norms = [float(np.linalg.norm(thumb)) for thumb in thumbs]
    pairs = [
        float(thumbs[a] @ thumbs[b]) / (norms[a] * norms[b])
        for a, b in combinations(range(len(thumbs)), 2)
        if norms[a] and norms[b]
    ]
    if len(pairs) >= 3 and min(pairs) >= SAME_SUBJECT:
        yield Hint(
            "one-subject",
            "AX204",
            f"{path}: the pictures all show nearly the same (thumbnails correlate by {min(pairs):.2f} and more), such "
            "as frames of one scene",
            "calibrate on different scenes",
            {"least_correlation": min(pairs)},
            also,
        )


def _sizes(path: str, pictures: Sequence[Picture], one: DeclaredInput, model: ModelInput) -> Iterator[Hint]:
    if len(model.shape) != 4 or not pictures:
        return
    height, width = model.shape[1:3] if one.layout == "NHWC" else model.shape[2:4]
    stretched = [p for p in pictures if not 1 / 1.5 <= (p.width / p.height) / (width / height) <= 1.5]
    small = [p for p in pictures if p.width * 2 < width and p.height * 2 < height]
    for kind, odd, words in (
        ("stretched", stretched, "have other proportions than the model's input, and are stretched"),
        ("small", small, "are less than half as large as the model's input, and are blown up"),
    ):
        if len(odd) * 2 >= len(pictures):
            yield Hint(
                kind,
                "AX106",
                f"{path}: {len(odd)} of {len(pictures)} pictures {words}: such as {odd[0].width}x{odd[0].height} for "
                f"{width}x{height}",
                "prepare them as the training code does (crop, letterbox), and pack them again",
                {"odd": len(odd), "pictures": len(pictures), "width": width, "height": height},
            )


def _raw(path: str, samples: Sequence[Sample], one: DeclaredInput, model: ModelInput) -> Iterator[Hint]:
    wanted = prod(model.shape) * ITEM_BYTES.get(one.dtype, 1)
    odd = [sample for sample in samples if sample.name.endswith(".bin") and sample.size_bytes != wanted]
    if not odd or one.dst_color in ("NV12", "NV21", "BGR0"):
        return
    ratio = odd[0].size_bytes / wanted
    why = f", {ratio:g} times as many" if ratio in (0.25, 0.5, 2, 4) else ""
    mend = f"write the samples as {one.dtype}, as the joint takes them"
    if model.dtype in WHOLE and one.dtype not in WHOLE:
        mend = (
            f"leave the type of {one.name!r} out of the configuration: the joint takes whole numbers then, "
            "as the model does"
        )
    yield Hint(
        "dtype",
        "AX102",
        f"{path}: {odd[0].name!r} has {odd[0].size_bytes} bytes{why}; input {one.name!r} takes {wanted} "
        f"({one.dtype} {list(model.shape)})",
        mend,
        {"size_bytes": odd[0].size_bytes, "wanted": wanted, "odd": len(odd)},
    )


def _channels(one: DeclaredInput, model: ModelInput | None) -> int:
    if model is None or len(model.shape) != 4:
        return 3 if model is None else 0
    return model.shape[3] if one.layout == "NHWC" else model.shape[1]
