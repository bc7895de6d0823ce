"""Fields that say nothing where they stand: each is named, so that nobody trusts in them."""

from __future__ import annotations

from collections.abc import Iterator

from axpair_proto.pulsar import config_pb2 as pb

_OUTPUTS = {
    "src_output_tensors": {
        "data_type": "the ONNX model has its own types",
        "quantization_value": "Q belongs to dst_output_tensors",
        "color_standard": "outputs aren't converted",
    },
    "dst_output_tensors": {"color_standard": "outputs aren't converted"},
}


def unread_fields(config: pb.Config) -> Iterator[str]:
    """A warning for each field of output tensors that is given and has no effect."""
    for name, fields in _OUTPUTS.items():
        for field, reason in fields.items():
            if any(getattr(item, field) for item in getattr(config, name)):
                yield f"{name}.{field} has no effect: {reason}"
