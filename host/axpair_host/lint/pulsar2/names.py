"""Names and shapes: of inputs, outputs and input_shapes, among themselves and against the model."""

from collections import Counter
from collections.abc import Iterator, Sequence

from axpair_proto.capabilities import ModelSignature
from axpair_proto.pulsar.selectors import near_names
from axpair_proto.pulsar2.schema import BuildConfig, DataType, OutputProcessor

from axpair_host.lint.hint import Hint
from axpair_host.lint.pulsar2.subject import DEFAULT, shapes_in, with_x


def hints(config: BuildConfig, model: ModelSignature | None) -> Iterator[Hint]:
    """Everything odd."""
    yield from _shapes(config, model)
    lists = {
        "quant.input_configs": [one.tensor_name for one in config.quant.input_configs],
        "input_processors": [one.tensor_name for one in config.input_processors],
        "output_processors": [one.tensor_name for one in config.output_processors],
    }
    for field, names in lists.items():
        yield from _repeated(field, names)
    if model:
        inputs = [one.name for one in model.inputs]
        for field, names in lists.items():
            known = [one.name for one in model.outputs] if field == "output_processors" else inputs
            yield from _unknown(field, [name for name in names if name not in ("", DEFAULT, *known)], known)
    else:
        yield from _unequal(lists["quant.input_configs"], lists["input_processors"])
    yield from _outputs(config.output_processors, model)


def _shapes(config: BuildConfig, model: ModelSignature | None) -> Iterator[Hint]:
    text = config.input_shapes
    if not text:
        return
    joined = with_x(text)
    found = shapes_in(text)
    parts = [part for part in joined.replace(",", ";").split(";") if part.strip()]
    if len(found) != len(parts):
        yield Hint(
            "input-shapes",
            "",
            f"input_shapes {text!r} isn't names with shapes",
            "write it as in1:1x3x224x224;in2:1x1x112x112",
        )
    elif joined != text:
        yield Hint(
            "input-shapes",
            "",
            f"input_shapes {text!r} has commas between lengths, which an 'x' parts",
            f'write "input_shapes": "{joined.replace(",", ";")}"',
        )
    elif "," in text:
        yield Hint(
            "input-shapes",
            "",
            f"input_shapes {text!r} has commas between inputs; the reference has semicolons, and whether commas are "
            "taken isn't known",
            f'write "input_shapes": "{text.replace(",", ";")}"',
        )
    declared = {one.name: one for one in model.inputs} if model else {}
    if declared:
        yield from _unknown("input_shapes", [name for name, _ in found if name not in declared], list(declared))
    for name, shape in found:
        if name in declared and len(declared[name].shape) != len(shape):
            yield Hint(
                "input-shapes",
                "AX002",
                f"input_shapes gives {name!r} {len(shape)} axes ({list(shape)}), the model {len(declared[name].shape)} "
                f"({list(declared[name].shape)}; 0 = open)",
                "give as many as the model has",
            )
    if declared:
        left = [one.name for one in declared.values() if 0 in one.shape[1:] and one.name not in dict(found)]
        if left:
            yield Hint(
                "input-shapes",
                "",
                f"the model leaves axes of {', '.join(map(repr, left))} open, and input_shapes says nothing of them",
                f'add to input_shapes: "{left[0]}:1x..."',
            )


def _repeated(field: str, names: Sequence[str]) -> Iterator[Hint]:
    again = [name for name, count in Counter(names).items() if count > 1]
    if again:
        yield Hint(
            "twice", "", f"{field} have {', '.join(map(repr, again))} more than once", "keep one item for each tensor"
        )
    if "" in names:
        yield Hint("no-name", "", f"an item of {field} has no tensor_name", 'write the tensor\'s name, or "DEFAULT"')


def _unequal(calibrated: Sequence[str], processed: Sequence[str]) -> Iterator[Hint]:
    """Without a model: an input in one list alone."""
    for mine, theirs, field, other in (
        (processed, calibrated, "input_processors", "quant.input_configs"),
        (calibrated, processed, "quant.input_configs", "input_processors"),
    ):
        if not theirs or DEFAULT in theirs:
            continue
        alone = [name for name in mine if name not in (*theirs, DEFAULT, "")]
        if alone:
            yield Hint(
                "one-list-alone",
                "AX209",
                f"{', '.join(map(repr, alone))} stands in {field} and not in {other}, which has "
                f"{', '.join(map(repr, theirs))}",
                f"give each input an item in both, or {DEFAULT}; the ONNX model says which names are right",
            )


def _unknown(field: str, names: Sequence[str], known: Sequence[str]) -> Iterator[Hint]:
    if not names:
        return
    close = {name: near_names(name, known) for name in names}
    meant = [f"{' or '.join(map(repr, near))} for {name!r}" for name, near in close.items() if near]
    yield Hint(
        "unknown-name",
        "AX209",
        f"{field}: the model given has no {', '.join(map(repr, names))}",
        f"write {', '.join(meant)}" if meant else f"the model has {', '.join(map(repr, known))}",
        {"field": field, "names": list(names), "known": list(known)},
    )


def _outputs(processors: Sequence[OutputProcessor], model: ModelSignature | None) -> Iterator[Hint]:
    axes = {one.name: len(one.shape) for one in model.outputs} if model else {}
    for one in processors:
        listed = {item.tensor_name for item in processors}
        others = [name for name in axes if name not in listed] if one.tensor_name == DEFAULT else [one.tensor_name]
        for name in others or [one.tensor_name]:
            many = axes.get(name) or len(one.dst_perm)
            if one.dst_perm and sorted(one.dst_perm) != list(range(many)):
                yield Hint(
                    "dst-perm",
                    "AX401",
                    f"output {name!r}: dst_perm {list(one.dst_perm)} is no order of {many} axes",
                    f"give each of {list(range(many))} once, as [0, 2, 3, 1] makes NHWC of NCHW",
                )
        if one.output_dtype is DataType.U8:
            yield Hint(
                "output-dtype",
                "AX402",
                f"output {one.tensor_name!r} is U8: neither its scale nor its zero point lies in the axmodel",
                "take them out of quant/quant_axmodel.json, or leave the output in FP32",
            )
        elif one.output_dtype not in (None, DataType.FP32, DataType.DefaultDataType):
            yield Hint(
                "output-dtype",
                "AX402",
                f"output {one.tensor_name!r}: output_dtype {one.output_dtype.name} isn't offered",
                "FP32 or U8",
            )
