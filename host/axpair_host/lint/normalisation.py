"""Mean, std and the order of colours against constants that most models are published with."""

from collections.abc import Iterator, Sequence

from axpair_proto.capabilities import ModelInput

from axpair_host.front_end.fitting import mean_and_std
from axpair_host.front_end.variants import IMAGENET, KNOWN
from axpair_host.lint.declared import DeclaredInput
from axpair_host.lint.hint import GOLDEN, PROVEN, Hint

_NEAR = 0.01
"""Relative; published values are rounded otherwise here and there."""
_WIDEST, _NARROWEST = 400.0, 0.05
"""What a model is fed with spans from hundredths to 255; beyond that a scale is missing, or there is one too many."""


def hints(one: DeclaredInput, model: ModelInput | None) -> Iterator[Hint]:
    """Everything that looks wrong with one input's normalisation."""
    inverted = list(_inverted(one))
    scaled = list(_scale(one)) if not inverted else []
    twice = [*_twice(one), *(_model_normalises(one, model) if model is not None else ())]
    yield from (*inverted, *scaled, *twice, *_sample(one), *_order(one), *_unsaid(one))


def _order(one: DeclaredInput) -> Iterator[Hint]:
    """ImageNet's values in the order of the other colours."""
    for step in one.steps:
        written = written_order(step.mean)
        if written is None or not one.order or written == one.order:
            continue
        yield Hint(
            "order",
            "AX104",
            f"{_input(one)}: mean and std are {IMAGENET} in {written} order, but they are applied in {one.order} order "
            "(dst_input_tensors.color_space)",
            f"turn both lists round; {PROVEN}",
            {"mean": list(step.mean), "std": list(step.std), "applied_in": one.order, "written_in": written},
            command=GOLDEN,
        )


def _sample(one: DeclaredInput) -> Iterator[Hint]:
    """The vendor's sample has 0.255 where ImageNet's blue std is 0.225."""
    for step in one.steps:
        if has_sample_slip(step.mean, step.std):
            yield Hint(
                "vendor-sample",
                "AX104",
                f"{_input(one)}: std {_list(step.std)} has 0.255 where ImageNet's is 0.225; a published sample "
                "configuration has this slip",
                f"write 0.225 (57.375 of 255), unless the training code has 0.255; {PROVEN}",
                {"std": list(step.std)},
                command=GOLDEN,
            )


def has_sample_slip(mean: Sequence[float], std: Sequence[float]) -> bool:
    """Whether these are ImageNet's values, in either order, but for 0.255 in place of 0.225."""
    right_mean, right = KNOWN[IMAGENET]
    return any(
        _near(_times(mean, scale), right_mean[::turn])
        and _near(_times(std, scale), _odd(right)[::turn])
        and not _near(_times(std, scale), right[::turn])
        for scale in (1.0, 255.0)
        for turn in (1, -1)
    )


def _odd(std: Sequence[float]) -> tuple[float, ...]:
    return (*std[:2], 0.255 * 255)


def _twice(one: DeclaredInput) -> Iterator[Hint]:
    """A division by 255 together with a mean of 0..255."""
    divided = [step for step in one.steps if step.kind == "affine" and all(0 < abs(g) <= 0.01 for g in step.gain)]
    bytes_ = [step for step in one.steps if step.mean and max(map(abs, step.mean)) > 2]
    if divided and bytes_ and one.steps.index(divided[0]) < one.steps.index(bytes_[0]):
        yield Hint(
            "twice",
            "AX104",
            f"{_input(one)}: pixels are divided by {1 / divided[0].gain[0]:.4g}, and then a mean of "
            f"{_list(bytes_[0].mean)} is taken off, which is one of values 0..255",
            f"leave the affine_preprocess out, or give mean and std of 0..1; {PROVEN}",
            {"gain": list(divided[0].gain), "mean": list(bytes_[0].mean)},
            command=GOLDEN,
        )
    several = [step for step in one.steps if step.kind == "normalization"]
    if len(several) > 1 and several[0] == several[1]:
        yield Hint(
            "twice",
            "AX104",
            f"{_input(one)}: the same input_normalization is given {len(several)} times, and applied as often",
            f"leave one; {PROVEN}",
            {"mean": list(several[0].mean), "std": list(several[0].std)},
            command=GOLDEN,
        )


def _model_normalises(one: DeclaredInput, model: ModelInput) -> Iterator[Hint]:
    front_end = one.front_end()
    identity = front_end is None or (all(g == 1 for g in front_end.gain) and not any(front_end.offset))
    if identity or not model.first:
        return
    nodes = ", ".join(f"{node.name} ({node.kind})" for node in model.first[:4])
    yield Hint(
        "model-normalises",
        "AX104",
        f"{_input(one)} is normalised by the configuration, and the ONNX model itself begins with {nodes}: that looks "
        "like doing it twice",
        f"leave input_modifications out if the model takes plain pixels; {PROVEN}",
        {"first": [{"name": node.name, "kind": node.kind, "constants": node.constants} for node in model.first]},
        command=GOLDEN,
    )


def _inverted(one: DeclaredInput) -> Iterator[Hint]:
    """1/std where std is wanted."""
    for step in one.steps:
        if step.kind != "normalization":
            continue
        of_bytes = max(map(abs, step.mean)) > 2
        small, large = all(0 < s < 0.1 for s in step.std), all(2 < s < 20 for s in step.std)
        if (of_bytes and small) or (not of_bytes and any(step.mean) and large):
            yield Hint(
                "inverted",
                "AX104",
                f"{_input(one)}: std {_list(step.std)} looks like 1/std beside a mean of {_list(step.mean)}",
                f"write {_list([1 / s for s in step.std])}; {PROVEN}",
                {"mean": list(step.mean), "std": list(step.std)},
                command=GOLDEN,
            )


def _scale(one: DeclaredInput) -> Iterator[Hint]:
    """What becomes of 0 and 255."""
    front_end = one.front_end()
    if front_end is None or one.dtype == "float32" or one.q:
        return
    ends = [o + g * pixel for g, o in zip(front_end.gain, front_end.offset, strict=True) for pixel in (0, 255)]
    low, high = min(ends), max(ends)
    if _NARROWEST <= high - low <= _WIDEST:
        return
    mean, std = mean_and_std(front_end)
    of_ones = any(step.mean and 0 < max(map(abs, step.mean)) <= 1 for step in one.steps)
    why = ": mean and std of values 0..1 on bytes" if of_ones and high - low > _WIDEST else ""
    yield Hint(
        "scale",
        "AX104",
        f"{_input(one)}: bytes 0..255 become {low:.4g} to {high:.4g}{why}",
        f"multiply mean and std by 255, or divide by 255 before; {PROVEN}"
        if why
        else f"check mean, std and slope; {PROVEN}",
        {"low": low, "high": high, "mean_of_bytes": mean, "std_of_bytes": std},
        command=GOLDEN,
    )


def _unsaid(one: DeclaredInput) -> Iterator[Hint]:
    if one.src_color or not any(written_order(step.mean) for step in one.steps):
        return
    yield Hint(
        "unsaid-colours",
        "AX103",
        f"{_input(one)} has {IMAGENET} but no color_space in src_input_tensors, which then means BGR; models of that "
        "kind mostly take RGB",
        f"say the colours that the ONNX model was trained on; {PROVEN}",
        command=GOLDEN,
    )


def written_order(given: Sequence[float]) -> str | None:
    """In which order a mean is ImageNet's, of bytes or of 0..1; None where it is another."""
    mean, _ = KNOWN[IMAGENET]
    for scale in (1.0, 255.0):
        for order, wanted in (("RGB", mean), ("BGR", mean[::-1])):
            if _near(_times(given, scale), wanted):
                return order
    return None


def _near(values: Sequence[float], wanted: Sequence[float]) -> bool:
    return len(values) == len(wanted) and all(abs(a - b) <= _NEAR * abs(b) for a, b in zip(values, wanted, strict=True))


def _times(values: Sequence[float], scale: float) -> tuple[float, ...]:
    return tuple(value * scale for value in values)


def _list(values: Sequence[float]) -> str:
    return f"[{', '.join(f'{value:.4g}' for value in values)}]"


def _input(one: DeclaredInput) -> str:
    return f"input {one.name!r}" if one.name else "the input"
