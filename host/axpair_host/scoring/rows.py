"""Scores of layers from streams of their tensors: each stream is read once, one tensor of each alive at a time."""

from collections.abc import Iterator, Mapping

from axpair_proto.capabilities import LayerTensor
from axpair_proto.onnx_meaning import NAMES

from axpair_host.compare import Comparison, compare
from axpair_host.documents.layers import LayerRow, LayerScore
from axpair_host.scoring.causes import Context, causes, extent
from axpair_host.scoring.clipping import Clipping, clipping


def score_layers(
    reference: Iterator[LayerTensor],
    accumulated: Mapping[str, Iterator[LayerTensor]],
    own: Iterator[LayerTensor] | None,
    inputs_of: Mapping[str, tuple[str, ...]],
) -> Iterator[LayerRow]:
    """A row for each layer of `reference`, which every other stream has in the same order, perhaps with others between.

    `accumulated` holds streams of "lava_joint" and "joint", end to end; `own` that of layers fed with the reference's
    tensors. `inputs_of` names each tensor's operands. A layer that a stream lacks has no score there.
    """
    followers = {name: _Follower(stream) for name, stream in accumulated.items()}
    alone = _Follower(own) if own is not None else None
    context = Context(inputs_of)
    for layer in reference:
        seen = {name: follower.at(layer.name) for name, follower in followers.items()}
        fed = alone.at(layer.name) if alone is not None else None
        scores = {name: _score(layer, one) for name, one in seen.items()}
        compiled = next((one for one in (fed, *seen.values()) if one is not None), None)
        own_score = _score(layer, fed)
        cut = clipping(layer.values, fed) if fed is not None else Clipping(0.0, 0.0)
        yield LayerRow(
            name=layer.name,
            node=compiled.node if compiled is not None else layer.node,
            kind=layer.kind,
            elements=layer.values.size,
            range=extent(layer.values),
            inputs=tuple(_read(layer.name, inputs_of, context)),
            sources=compiled.sources if compiled is not None else layer.sources,
            lava_joint=scores.get("lava_joint"),
            joint=scores.get("joint"),
            own=own_score,
            causes=causes(layer, compiled, own_score, context),
            clipped=cut.share,
            clipped_noise=cut.noise,
        )


def _read(name: str, inputs_of: Mapping[str, tuple[str, ...]], context: Context) -> Iterator[str]:
    """The layers that a tensor is made of, past tensors that the reference lacks."""
    for operand in inputs_of.get(name, ()):
        if operand in context.kinds:
            yield operand
        else:
            yield from _read(operand, inputs_of, context)


class _Follower:
    """A stream that is read up to a wanted layer, never past it."""

    def __init__(self, stream: Iterator[LayerTensor]) -> None:
        self._stream = stream

    def at(self, name: str) -> LayerTensor | None:
        """The layer of that name; None where the stream hasn't got it."""
        for layer in self._stream:
            if layer.name == name:
                return layer
        return None


def _score(reference: LayerTensor, layer: LayerTensor | None) -> LayerScore | None:
    if layer is None:
        return None
    if not NAMES.isdisjoint(reference.kind.split("+")):
        return LayerScore(None, None)  # no distance of names means anything
    comparison: Comparison = compare(reference.values, layer.values, step=layer.step)
    return LayerScore(comparison.cosine, comparison.relative_error, comparison.sqnr_db)
