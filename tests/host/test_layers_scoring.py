"""Scores of layers: own and inherited error apart, and causes only where the numbers show them."""

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from axpair_host.documents.layers import LayerRow, LayerScores
from axpair_host.scoring.costs import costliest, enters_at, first_below, share, worst_first
from axpair_host.scoring.rows import score_layers
from axpair_proto.capabilities import LayerTensor

Array = np.ndarray
STEPS = 255


def noise(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape or (1, 4, 32, 32)).astype(np.float32)


def quantised(values: Array, low: float | None = None, high: float | None = None) -> Array:
    """In 256 steps over the values' range, or the range given."""
    low = float(values.min()) if low is None else low
    high = float(values.max()) if high is None else high
    step = (high - low) / STEPS
    return (np.clip(np.round((values - low) / step), 0, STEPS) * step + low).astype(np.float32)


def layers(
    tensors: Mapping[str, Array],
    kinds: Mapping[str, str],
    spread: float = 0.0,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Iterator[LayerTensor]:
    ranges = ranges or {}
    for name, values in tensors.items():
        limits, step = ranges.get(name), 0.0
        if limits is not None:
            step = (limits[1] - limits[0]) / STEPS
        yield LayerTensor(
            name, f"n/{name}", kinds.get(name, "Conv"), values, step=step, limits=limits, weight_spread=spread
        )


def rows(
    floats: Mapping[str, Array],
    alone: Mapping[str, Array],
    kinds: Mapping[str, str] | None = None,
    inputs: Mapping[str, tuple[str, ...]] | None = None,
    spread: float = 0.0,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[LayerRow, ...]:
    kinds = kinds or {}
    accumulated = {"lava_joint": layers(alone, kinds)}
    own = layers(alone, kinds, spread, ranges)
    return tuple(score_layers(layers(floats, kinds), accumulated, own, inputs or {}))


def causes(row: LayerRow) -> list[str]:
    return [cause.kind for cause in row.causes]


def test_layers_that_only_one_stream_has_are_passed_over() -> None:
    floats = {"a": noise(1), "c": noise(3)}
    more = {"a": floats["a"], "a@rows": noise(2), "c": floats["c"] * 0.5}
    found = tuple(score_layers(layers(floats, {}), {"joint": layers(more, {})}, None, {}))
    assert [row.name for row in found] == ["a", "c"]
    assert [row.joint.relative_error for row in found if row.joint] == [0.0, 0.5]
    assert all(row.own is None and row.lava_joint is None for row in found)


def test_a_healthy_layer_has_no_cause() -> None:
    values = noise(1)
    (row,) = rows({"a": values}, {"a": quantised(values)}, {"a": "Sigmoid+Mul"})
    assert row.own is not None
    assert row.own.cosine is not None
    assert row.own.cosine > 0.999
    assert row.causes == ()


def test_few_elements_that_set_the_range_are_outliers() -> None:
    values = noise(1)
    values[0, 0, 0, 0] = 300.0
    (row,) = rows({"a": values}, {"a": quantised(values)})
    assert "outliers" in causes(row)
    assert "300" in row.causes[causes(row).index("outliers")].words


def test_values_beyond_the_calibrated_range_are_clipped() -> None:
    values = np.abs(noise(1))
    (row,) = rows({"a": values}, {"a": quantised(values, 0.0, 1.0)}, ranges={"a": (0.0, 1.0)})
    assert causes(row)[0] == "clipped"
    assert "AX204" in row.causes[0].words
    assert row.clipped > 0.2


def test_a_tensor_that_collapsed_within_its_range_is_not_clipped() -> None:
    values = noise(1)
    collapsed = quantised(values * 0.05, -4.0, 4.0)
    (row,) = rows({"a": values}, {"a": collapsed}, ranges={"a": (-4.0, 4.0)})
    assert "clipped" not in causes(row)
    assert (row.clipped, row.clipped_noise) == (0.0, 0.0)
    (unknown,) = rows({"a": values}, {"a": quantised(values, -1.0, 1.0)})
    assert "clipped" not in causes(unknown)


def scores_of(values: Array) -> Array:
    shares: Array = (np.exp(values) / np.exp(values).sum(-1, keepdims=True)).astype(np.float32)
    return shares


@pytest.mark.parametrize("value", [-1e9, -65504.0, -3.4028235e38, -1000.0, 1e9])
def test_a_constant_that_swallows_the_range_is_named_where_it_enters(value: float) -> None:
    plain = noise(1, 16, 16)
    masked = plain + np.triu(np.full((16, 16), value, np.float32), 1)
    low, high = min(value, 0.0) - 5, max(value, 0.0) + 5
    coarse = quantised(masked, low, high)
    bad = scores_of(np.zeros((16, 16), np.float32))
    found = rows(
        {"s": plain, "m": masked, "p": scores_of(plain)},
        {"s": plain, "m": coarse, "p": bad},
        {"m": "Add", "p": "Softmax"},
        {"m": ("s",), "p": ("m",)},
        ranges={"m": (low, high)},
    )
    assert [causes(row) for row in found] == [[], ["constant"], ["operand"]]
    cause = found[1].causes[0]
    assert f"about {value:.3g} (a constant of this operator)" in cause.words
    assert "Write -30 in its place" in cause.mend if value < 0 else "of the size of the other values" in cause.mend
    scores = LayerScores("onnx", "lava_joint", found)
    worst = costliest(scores)
    assert worst is not None
    assert (worst.name, enters_at(scores, worst).name) == ("p", "m")


def test_a_mask_of_a_hundred_and_outliers_of_a_convolution_swallow_nothing() -> None:
    plain = noise(1, 16, 16)
    masked = plain + np.triu(np.full((16, 16), -100, np.float32), 1)
    (row,) = rows({"m": masked}, {"m": quantised(masked)}, {"m": "Add"}, ranges={"m": (-104.0, 4.0)})
    assert row.causes == ()
    sums = noise(2)
    sums[0, 0, :2] = 3000.0
    (row,) = rows({"c": sums}, {"c": quantised(sums)}, {"c": "Conv"}, ranges={"c": (-4.0, 3000.0)})
    assert "constant" not in causes(row)


def test_an_infinite_mask_says_what_becomes_of_it_and_from_where_it_comes() -> None:
    plain, mask = noise(1, 16, 16), np.triu(np.full((16, 16), -np.inf, np.float32), 1)
    masked = plain + mask
    finite = np.where(np.isfinite(masked), masked, -3.0).astype(np.float32)
    found = rows(
        {"mask": mask, "m": masked},
        {"mask": np.zeros_like(mask), "m": quantised(finite)},
        {"mask": "Input", "m": "Add"},
        {"m": ("s", "mask")},
        ranges={"m": (-4.0, 4.0)},
    )
    assert [causes(row) for row in found] == [[], ["infinite"]]
    assert "are -inf (from 'mask')" in found[1].causes[0].words


def test_features_of_unlike_size_under_one_scale_are_the_input_s() -> None:
    values = noise(1, 1, 60)
    values[0, :4] *= 1000
    reach = float(np.abs(values).max())
    limits = {"x": (-reach, reach)}
    found = rows(
        {"x": values, "l": noise(2, 1, 16)},
        {"x": quantised(values, -reach, reach), "l": noise(3, 1, 16)},
        {"x": "Input", "l": "Gemm"},
        {"l": ("x",)},
        ranges=limits,
    )
    assert [causes(row) for row in found] == [["unlike-features"], ["operand"]]
    alike = noise(1, 1, 60)
    (row,) = rows({"x": alike}, {"x": quantised(alike)}, {"x": "Input"}, ranges={"x": (-3.0, 3.0)})
    assert row.causes == ()


def test_a_concat_of_unlike_ranges_says_which() -> None:
    small, large = noise(1) * 0.01, noise(2) * 20
    both = np.concatenate([small, large], axis=1)
    floats = {"small": small, "large": large, "both": both}
    coarse = quantised(both, -200.0, 202.0)
    found = rows(
        floats,
        {"small": small, "large": large, "both": coarse},
        {"both": "Concat"},
        {"both": ("small", "large")},
    )
    assert causes(found[0]) == causes(found[1]) == []
    assert {"concat", "dead-channels", "unlike-parts"} <= set(causes(found[2]))
    words = found[2].causes[causes(found[2]).index("concat")].words
    assert "'small'" in words
    assert "'large'" in words


def test_silu_is_known_in_one_layer_and_in_two() -> None:
    x = noise(1) * 4
    gate = (1 / (1 + np.exp(-x))).astype(np.float32)
    coarse = quantised(x * gate, -40, 40)
    (one,) = rows({"y": x * gate}, {"y": coarse}, {"y": "Sigmoid+Mul"})
    assert "silu" in causes(one)
    two = rows({"g": gate, "y": x * gate}, {"g": gate, "y": coarse}, {"g": "Sigmoid", "y": "Mul"}, {"y": ("x", "g")})
    assert "silu" in causes(two[1])


def test_one_scale_for_unlike_weights_is_named() -> None:
    values = noise(1)
    (row,) = rows({"a": values}, {"a": values + noise(2) * 0.1}, spread=64.0)
    assert "weight-scale" in causes(row)


def test_the_layer_that_costs_most_is_looked_for_behind_the_output_in_question() -> None:
    base = noise(1)
    floats = dict.fromkeys(("stem", "left", "right"), base)
    alone = {"stem": base + noise(2) * 0.01, "left": base + noise(3) * 0.02, "right": base + noise(4) * 0.5}
    found = LayerScores("onnx", "lava_joint", rows(floats, alone, inputs={"left": ("stem",), "right": ("stem",)}))
    worst, left = costliest(found), costliest(found, "left")
    assert worst is not None
    assert left is not None
    assert (worst.name, left.name) == ("right", "left")
    assert share(found, worst) > 0.99
    assert 0.75 < share(found, left, "left") < 0.85
    assert [row.name for row in worst_first(found)] == ["right", "left", "stem"]
    first = first_below(found, 0.98, "lava_joint")
    assert first is not None
    assert first.name == "right"


def test_infinite_values_leave_every_number_of_a_layer_finite() -> None:
    values = noise(1)
    values[0, :, :4] = -np.inf
    finite = np.where(np.isfinite(values), values, values[np.isfinite(values)].min())
    (row,) = rows({"a": values}, {"a": quantised(finite)}, ranges={"a": (-9.0, 9.0)})
    assert np.isfinite([row.clipped, row.clipped_noise]).all()
    assert row.own is not None
    assert row.own.relative_error is not None
