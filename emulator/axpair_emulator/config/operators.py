"""Which operators get features of 16 bits."""

from __future__ import annotations

from axpair_proto.pulsar import config_pb2 as pb
from axpair_proto.pulsar.selectors import selecting_nothing

from axpair_emulator.config.build_config import OperatorConf
from axpair_emulator.config.selection import selector_pattern
from axpair_emulator.config.signature import Signature
from axpair_emulator.config.tensor_items import enum_word

_BITS = {"UINT8": 8, "UINT16": 16}


def resolve_operators(config: pb.Config, signature: Signature, warnings: list[str]) -> tuple[OperatorConf, ...]:
    """The items that name a feature type, in order; a warning for whatever can't be honoured."""
    found: list[OperatorConf] = []
    for item in config.neuwizard_conf.operator_conf.operator_conf_items:
        pattern = selector_pattern(item.selector, "operator_conf_items")
        warnings += selecting_nothing([item], signature.operators)
        attributes = item.attributes
        feature = enum_word(pb.DataType, attributes.input_feature_type)
        weight = enum_word(pb.DataType, attributes.weight_type)
        if feature in _BITS:
            found.append(OperatorConf(pattern, _BITS[feature]))
        elif attributes.input_feature_type:
            warnings.append(f"input_feature_type {feature} is not emulated: features keep 8 bits")
        if weight not in ("DATA_TYPE_UNKNOWN", "INT8"):
            warnings.append(f"weight_type {weight} is not emulated: weights are INT8")
        if attributes.lstm_mode:
            warnings.append("lstm_mode has no effect: an LSTM always runs in the CPU part")
    return tuple(found)
