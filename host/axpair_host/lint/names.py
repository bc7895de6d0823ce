"""Names in the configuration that the model doesn't have: a build stops at some, and passes over others in silence."""

import re
from collections.abc import Iterator, Mapping, Sequence

from axpair_proto.capabilities import ModelFacts
from axpair_proto.names import RENAME, alike_words
from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.selectors import near_names, pattern_of, selecting_nothing

from axpair_host.errors import UsageError
from axpair_host.lint.hint import Hint


def hints(config: pb.Config, model: ModelFacts) -> Iterator[Hint]:
    """Tensors and operators that are named and aren't there. Raises UsageError for an op_name_regex that is none."""
    inputs = [one.name for one in model.inputs]
    for side, given in (("input", inputs), ("output", model.outputs)):
        for words in alike_words(side, given):
            yield Hint("same-name", "AX001", words.removeprefix("AX001: "), RENAME)
    lists: Mapping[str, tuple[Sequence[pb.TensorConf], Sequence[str]]] = {
        "src_input_tensors": (config.src_input_tensors, inputs),
        "input_tensors": (config.input_tensors, inputs),
        "dst_input_tensors": (config.dst_input_tensors, inputs),
        "output_tensors": (config.output_tensors, inputs),
        "src_output_tensors": (config.src_output_tensors, model.outputs),
        "dst_output_tensors": (config.dst_output_tensors, model.outputs),
    }
    for field, (items, known) in lists.items():
        for item in items:
            if item.tensor_name and item.tensor_name not in known:
                yield _unknown(field, item.tensor_name, known)
    operators = config.neuwizard_conf.operator_conf
    try:
        for field, selectors in (
            ("input_conf_items", [item.selector for item in operators.input_conf_items]),
            ("dataset_conf_items", _of_sets(config)),
        ):
            for selector in selectors:
                if not any(re.fullmatch(pattern_of(selector), name) for name in inputs):
                    yield _unknown(field, selector.op_name or selector.op_name_regex, inputs)
        for sentence in selecting_nothing(operators.operator_conf_items, model.names):
            yield Hint(
                "selects-nothing",
                "AX201",
                sentence,
                "write a name of the model's, or take the item out; which layers need it is shown by:",
                command="{layers}",
            )
    except re.error as error:
        raise UsageError(f"an op_name_regex is no regular expression: {error}") from error


def _of_sets(config: pb.Config) -> list[pb.Selector]:
    neuwizard = config.neuwizard_conf
    sets = (neuwizard.dataset_conf_calibration, neuwizard.dataset_conf_error_measurement)
    return [item.selector for one in sets for item in one.dataset_conf_items]


def _unknown(field: str, name: str, known: Sequence[str]) -> Hint:
    close = near_names(name, known)
    return Hint(
        "unknown-name",
        "AX209",
        f"{field} names {name!r}, which the model doesn't have: a build stops there",
        f"write {' or '.join(map(repr, close))}" if close else f"the model has {', '.join(map(repr, known[:8]))}",
        {"field": field, "name": name, "known": list(known)},
    )
