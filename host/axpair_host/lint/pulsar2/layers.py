"""layer_configs: selectors that are none or two, precisions without effect, names that nothing has."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from axpair_proto.capabilities import ModelSignature
from axpair_proto.pulsar.selectors import near_names
from axpair_proto.pulsar2.schema import DataType, LayerConfig

from axpair_host.lint.hint import Hint, Passed
from axpair_host.lint.pulsar2.subject import DEFAULT

IN_FLOAT = frozenset({"LeakyRelu", "Sigmoid", "Relu", "Add", "Mul", "Div", "Sub", "Concat", "Softmax"})
"""For which FP32 is documented as verified."""
_OFFERED = frozenset({DataType.U8, DataType.S8, DataType.U16, DataType.S16, DataType.FP32})
_SIXTEEN = (DataType.U16, DataType.S16)
_AFTER_FUSION = re.compile(r"op_\d+:")
_TYPE = re.compile(r"(?:^|[/.:])([A-Z][A-Za-z]+(?:\d[A-Za-z]*)?)(?:_\d+)?$")
"""What exporters end a name with."""
_FUSED = frozenset({"RMSNormalization"})
"""Types that pulsar2's own fusions make, and that op_types pass over in silence (users' report)."""
_MOST = 4
"""Names in one sentence."""


def hints(layers: Sequence[LayerConfig], model: ModelSignature | None) -> Iterator[Hint]:
    """Everything odd."""
    operators = model.operators if model else {}
    for at, one in enumerate(layers):
        where = f"layer_configs[{at}]"
        yield from _selectors(where, one)
        yield from _types(where, one)
        yield from _no_type(where, one)
        kinds = dict(kinds_of(one, operators))
        yield from _float(where, one, kinds)
        yield from _conv_alone(where, one, kinds)
        yield from _fused(where, one)
        if model:
            yield from _nothing(where, one, operators)
    yield from _twice(layers)
    if model:
        yield from _concat(layers, operators)


def unchecked(layers: Sequence[LayerConfig], model: ModelSignature | None, optimised: bool) -> Iterator[Passed]:
    """What can't be seen from these files. `optimised`: the model is pulsar2's own frontend/optimized.onnx."""
    names = [name for one in layers for name in _names(one)]
    ranges = [one for one in layers if one.start_tensor_names and one.start_tensor_names != (DEFAULT,)]
    if (names or ranges) and not optimised:
        found = ": found in --onnx, where fusions haven't happened yet" if model else ""
        yield Passed(
            "layer names",
            f"layer_configs name layers of frontend/optimized.onnx, as it is after pulsar2's fusions{found}; an "
            "unknown name stops the build",
            "--onnx {optimized}",
        )
    types = {kind for one in layers for kind in _op_types(one)}
    if types and not model:
        yield Passed(
            "operator types",
            f"whether the model has operators of {', '.join(sorted(types))} isn't known; pulsar2 passes over a type "
            "that nothing has in silence, those of fused operators too",
            "--onnx {onnx}",
        )
    unsaid = [name for one in layers if _is_float(one) for name in _names(one) if not dict(kinds_of(one, {})).get(name)]
    if unsaid and not model:
        yield Passed(
            "FP32", f"whether FP32 has an effect on {', '.join(map(repr, unsaid[:_MOST]))}: their names say no type"
        )


def kinds_of(one: LayerConfig, operators: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each layer or type that is selected, and the operator type; "" where only the model could tell."""
    for kind in _op_types(one):
        yield kind, kind
    for name in _names(one):
        guess = _TYPE.search(name)
        yield name, operators.get(name) or (guess.group(1) if guess else "")


def _names(one: LayerConfig) -> list[str]:
    return [*([one.layer_name] if one.layer_name else []), *one.layer_names]


def _op_types(one: LayerConfig) -> list[str]:
    return [*([one.op_type] if one.op_type else []), *one.op_types]


def _is_float(one: LayerConfig) -> bool:
    return one.data_type is DataType.FP32


def _selectors(where: str, one: LayerConfig) -> Iterator[Hint]:
    given = [name for name in ("layer_name", "layer_names", "op_type", "op_types") if getattr(one, name)]
    edges = [name for name in ("start_tensor_names", "end_tensor_names") if getattr(one, name)]
    said = [*given, *(["start_tensor_names with end_tensor_names"] if edges else [])]
    if len(said) != 1:
        yield Hint(
            "selectors",
            "",
            f"{where} has {' and '.join(said) or 'no selector'}: each has to have exactly one",
            "make an item of each: layer_name, layer_names, op_type, op_types, or start_ with end_tensor_names",
            {"selectors": said},
        )
    if len(edges) == 1:
        other = "end_tensor_names" if edges[0].startswith("start") else "start_tensor_names"
        yield Hint(
            "selectors",
            "",
            f"{where} has {edges[0]} without {other}: a part of the graph has both ends",
            f'write "{other}" too; both ["DEFAULT"] mean the whole model',
        )


def _types(where: str, one: LayerConfig) -> Iterator[Hint]:
    for field in ("data_type", "output_data_type", "weight_data_type"):
        kind: DataType | None = getattr(one, field)
        offered = {DataType.S8, DataType.FP32} if field == "weight_data_type" else _OFFERED
        if kind is not None and kind not in offered:
            yield Hint(
                "layer-type",
                "",
                f"{where}.{field} is {kind.name}, which isn't offered for layers",
                f"one of {', '.join(sorted(each.name for each in offered))}",
            )


def _no_type(where: str, one: LayerConfig) -> Iterator[Hint]:
    if one.data_type is None and one.output_data_type is None and one.weight_data_type is None:
        yield Hint(
            "no-type",
            "",
            f"{where} has no data_type, and no effect",
            "write the layers' data_type, such as S16, or take the item out",
        )


def _float(where: str, one: LayerConfig, kinds: Mapping[str, str]) -> Iterator[Hint]:
    if not _is_float(one):
        return
    without = [name for name, kind in kinds.items() if kind and kind not in IN_FLOAT]
    if without:
        convs = [name for name in without if kinds[name] in ("Conv", "ConvTranspose")]
        more = "; a Conv takes FP32 as output_data_type alone" if convs else ""
        yield Hint(
            "no-float",
            "AX201",
            f"{where}: FP32 for {_shown(without, kinds)} has no effect by the documentation, which verifies it for "
            f"{', '.join(sorted(IN_FLOAT))} alone; the build doesn't say so{more}",
            'write "data_type": "U16", and see in quant/debug/precision_analysis_table.txt what each layer got',
            {"layers": without},
        )


def _conv_alone(where: str, one: LayerConfig, kinds: Mapping[str, str]) -> Iterator[Hint]:
    fields = [name for name in ("output_data_type", "weight_data_type") if getattr(one, name) is not None]
    others = [name for name, kind in kinds.items() if kind and kind not in ("Conv", "ConvTranspose")]
    if fields and others:
        yield Hint(
            "conv-alone",
            "AX201",
            f"{where}: {' and '.join(fields)} has no effect on {_shown(others, kinds)}: it is for Conv alone",
            "leave it out there",
            {"layers": others},
        )


def _fused(where: str, one: LayerConfig) -> Iterator[Hint]:
    for kind in sorted(_FUSED & {*_op_types(one)}):
        yield Hint(
            "selects-nothing",
            "AX201",
            f"{where}: {kind} is a type that pulsar2's fusions make; op_type and op_types pass over it in silence, and "
            "the axmodel stays as it was",
            "name its layers, as OUTPUT_DIR/frontend/optimized.onnx has them, in layer_names",
        )


def _nothing(where: str, one: LayerConfig, operators: Mapping[str, str]) -> Iterator[Hint]:
    kinds = set(operators.values())
    for kind in _op_types(one):
        if kind not in kinds and kind not in _FUSED:
            close = near_names(kind, sorted(kinds))
            yield Hint(
                "selects-nothing",
                "AX201",
                f"{where}: no operator of the model given is of type {kind!r}; pulsar2 passes over that in silence",
                f"write {' or '.join(map(repr, close))}" if close else f"the model has {', '.join(sorted(kinds))}",
            )
    for name in _names(one):
        if name not in operators and not _AFTER_FUSION.match(name):
            close = near_names(name, operators)
            yield Hint(
                "selects-nothing",
                "",
                f"{where}: no layer of the model given is named {name!r}; pulsar2 stops there, unless its own fusion "
                "makes one of that name",
                f"write {' or '.join(map(repr, close))}"
                if close
                else "look it up in OUTPUT_DIR/frontend/optimized.onnx",
            )


def _twice(layers: Sequence[LayerConfig]) -> Iterator[Hint]:
    counted = Counter(name for one in layers for name in {*_names(one), *_op_types(one)})
    again = [name for name, count in counted.items() if count > 1]
    if again:
        yield Hint(
            "twice",
            "",
            f"layer_configs select {', '.join(map(repr, again[:_MOST]))} more than once; which item counts isn't "
            "documented",
            "keep one item for each",
            {"names": again},
        )


def _concat(layers: Sequence[LayerConfig], operators: Mapping[str, str]) -> Iterator[Hint]:
    """A Concat that stays at 8 bits between layers of 16."""
    wide = [one for one in layers if one.data_type in _SIXTEEN]
    types = {kind for one in wide for kind in _op_types(one)}
    whole = any(one.start_tensor_names == (DEFAULT,) for one in wide)
    if types and not whole and "Concat" in set(operators.values()) and "Concat" not in types:
        yield Hint(
            "concat-left-out",
            "AX206",
            f"{', '.join(sorted(types))} have 16 bits and Concat hasn't: it stays at U8, and pulls what it joins down "
            "with it",
            'add "Concat" to op_types',
        )


def _shown(names: Sequence[str], kinds: Mapping[str, str]) -> str:
    shown = [name if kinds[name] == name else f"{name!r} ({kinds[name]})" for name in names[:_MOST]]
    return ", ".join(shown) + (f" and {len(names) - _MOST} more" if len(names) > _MOST else "")
