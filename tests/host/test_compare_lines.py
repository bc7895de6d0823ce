"""Lines: which measures an output is held against, and on which side it falls."""

from typing import Any

import numpy as np
import pytest
from axpair_host.compare import Comparison, compare
from axpair_host.compare.lines import CORRELATION, PICTURE_LOST, PICTURE_PSNR, lost, shortfalls
from axpair_host.compare.rows import compare_outputs

from benchmarks.campaign.losses.net import photo

Array = np.ndarray[Any, Any]
LINE = 0.98
NOISE = np.random.default_rng(11)


def with_noise(tensor: Array, rmse: float) -> Array:
    noise = NOISE.normal(size=tensor.shape)
    noisy: Array = (tensor + noise * rmse / np.sqrt(np.square(noise).mean())).astype(np.float32)
    return noisy


def judged(found: Comparison) -> list[tuple[str, bool]]:
    return [(one.metric, one.certain) for one in shortfalls(found, LINE, {})]


PICTURE = photo(np.random.default_rng(0), 64)
BRIGHT = photo(np.random.default_rng(0), 64, low=150, high=235)
DEPTH = (2 + 0.2 * photo(np.random.default_rng(1), 64, channels=1) / 255).astype(np.float32)


def test_the_measures_are_those_of_the_field() -> None:
    given = with_noise(PICTURE, 19)
    found = compare(PICTURE, given, layout="")
    difference = given.astype(float) - PICTURE
    rmse = float(np.sqrt(np.square(difference).mean()))
    assert found.rmse == pytest.approx(rmse)
    assert found.psnr_db == pytest.approx(20 * np.log10(255 / rmse))
    assert found.correlation == pytest.approx(np.corrcoef(PICTURE.ravel(), given.ravel())[0, 1])
    assert found.constant_cosine == pytest.approx(PICTURE.mean() / np.sqrt(np.square(PICTURE).mean()), rel=1e-5)
    assert found.deviation == pytest.approx(PICTURE.std(), rel=1e-5)


def test_where_channels_are_known_each_has_its_own_mean() -> None:
    """Between a dark and a bright channel even a copy without any content correlates."""
    tinted = np.concatenate([PICTURE[:, :1] / 20, PICTURE[:, 1:] / 20 + 200], axis=1)
    flat = np.broadcast_to(tinted.mean(axis=(2, 3), keepdims=True), tinted.shape).astype(np.float32)
    given = with_noise(flat, 1.0)
    whole, apart = (compare(tinted, given, layout=layout).correlation for layout in ("", "NCHW"))
    assert whole is not None
    assert whole > 0.99
    assert apart is not None
    assert abs(apart) < 0.1


@pytest.mark.parametrize("rmse", [4, 10, 19])
def test_a_picture_is_judged_alike_wherever_its_channels_stand(rmse: float) -> None:
    """A joint's output is declared NCHW, and the ONNX model may end in a Transpose of its own."""
    given = with_noise(PICTURE, rmse)
    first, last = (
        compare(PICTURE.transpose(axes), given.transpose(axes), layout="NCHW") for axes in ((0, 1, 2, 3), (0, 2, 3, 1))
    )
    assert judged(first) == judged(last)
    assert first.psnr_db == pytest.approx(last.psnr_db)
    assert first.correlation == pytest.approx(last.correlation)


def test_correlation_of_a_large_mean_keeps_its_digits() -> None:
    reference = (1e4 + NOISE.normal(size=4096)).astype(np.float64)
    given = reference + 0.1 * NOISE.normal(size=4096)
    assert compare(reference, given).correlation == pytest.approx(np.corrcoef(reference, given)[0, 1], abs=1e-7)
    assert compare(np.full(9, 3.0), np.full(9, 3.5)).correlation is None


def test_a_picture_with_noise_passes_the_cosine_and_is_lost() -> None:
    found = compare(BRIGHT, with_noise(BRIGHT, 19), layout="NCHW")
    assert found.cosine is not None
    assert found.cosine > 0.99
    assert judged(found)[0] == ("psnr", True)
    short = lost(found, LINE, {})
    assert short is not None
    assert short.words == f"PSNR {found.psnr_db:.1f} dB, below 25"


@pytest.mark.parametrize(
    ("psnr", "said"),
    [
        (PICTURE_PSNR + 0.2, []),
        (PICTURE_PSNR - 0.2, [False]),
        (PICTURE_LOST + 0.2, [False]),
        (PICTURE_LOST - 0.2, [True]),
    ],
)
def test_between_the_two_lines_of_pictures_it_is_a_warning(psnr: float, said: list[bool]) -> None:
    found = compare(BRIGHT, with_noise(BRIGHT, 255 / 10 ** (psnr / 20)), layout="NCHW")
    assert [certain for _, certain in judged(found)[:1]] == said


def test_one_channel_within_0_and_1_may_be_anything_and_is_never_a_loss_for_certain() -> None:
    gray = BRIGHT[:, :1] / 255
    assert judged(compare(gray, with_noise(gray, 19 / 255), layout="NCHW")) == [("psnr", False)]


def test_a_map_that_is_nearly_its_mean_is_doubted_and_no_more() -> None:
    found = compare(DEPTH, with_noise(DEPTH, float(DEPTH.std())), layout="NCHW")
    assert found.cosine is not None
    assert found.cosine > 0.99
    assert found.correlation is not None
    assert found.correlation < CORRELATION
    assert judged(found) == [("correlation", False)]
    assert lost(found, LINE, {}) is None


def test_a_flat_map_within_two_steps_is_not_doubted() -> None:
    step = float(DEPTH.std())
    rounded = (np.rint(DEPTH / step) * step).astype(np.float32)
    found = compare(DEPTH, rounded + np.float32(0), step=step, layout="NCHW")
    assert judged(found) == []
    assert judged(compare(DEPTH, with_noise(DEPTH, 3 * step), step=step, layout="NCHW")) == [("correlation", False)]


def test_a_quantised_map_shows_its_own_step() -> None:
    """The float model's values lie on no lattice; the quantised one's do."""
    step = 0.9 * float(DEPTH.std())
    assert judged(compare(DEPTH, (np.rint(DEPTH / step) * step).astype(np.float32), layout="NCHW")) == []


def test_what_stands_beside_a_huge_constant_is_judged_by_itself() -> None:
    logits = NOISE.normal(scale=3, size=(1, 400)).astype(np.float32)
    logits[:, ::3] = -1e9
    given = np.where(logits < -1e8, logits, 0).astype(np.float32)
    found = compare(logits, given, layout="")
    assert found.cosine == pytest.approx(1.0)
    assert found.others_cosine == 0.0
    assert judged(found) == [("others_cosine", True)]
    assert judged(compare(logits, with_noise(logits, 0.01), layout="")) == []


def detections(kinds: Array) -> dict[str, Array]:
    scores = np.linspace(0.9, 0.3, kinds.size)[None, :, None]
    boxes = np.random.default_rng(5).uniform(0, 600, (1, kinds.size, 4))
    return {"rows": np.concatenate([boxes, scores, kinds.reshape(1, -1, 1)], axis=2).astype(np.float32)}


ORDERED = {"rows": "TopK"}
KINDS = np.array([40, 41, 55, 40, 62, 63, 41, 77, 40, 56])


def test_classes_as_numbers_are_names_and_no_quantities() -> None:
    wanted = detections(KINDS)
    given = {"rows": wanted["rows"].copy()}
    given["rows"][0, :3, 5] = 42, 43, 54
    found = compare_outputs(wanted, given, ORDERED)["rows"]
    assert found.cosine is not None
    assert found.cosine > 0.999
    assert (found.agreement, found.all_identities) == (0.7, False)
    assert judged(found) == [("agreement", True)]
    given["rows"][0, :3, 5] = 42, 41, 55
    assert judged(compare_outputs(wanted, given, ORDERED)["rows"]) == []


def test_rows_of_the_same_names_in_another_order_agree() -> None:
    wanted = detections(KINDS)
    order = np.array([1, 0, 2, 3, 4, 6, 5, 7, 8, 9])
    found = compare_outputs(wanted, {"rows": wanted["rows"][:, order]}, ORDERED)["rows"]
    assert (found.agreement, judged(found)) == (1.0, [])
    assert found.reordered is not None


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_places_have_no_cosine_that_says_anything(dtype: type) -> None:
    places: Array = np.array([[901, 17, 433, 5, 760, 312, 44, 98, 7, 250]]).astype(dtype)
    scores = np.linspace(10, 9, 10, dtype=np.float32)[None]
    ordering = {"places": "TopK", "scores": "TopK"}
    wanted = {"places": places, "scores": scores}
    swapped = {"places": places[:, [1, 0, 2, 3, 4, 5, 6, 7, 9, 8]], "scores": scores}
    found = compare_outputs(wanted, swapped, ordering)["places"]
    assert (found.all_identities, judged(found)) == (True, [])
    near = {"places": places + np.array([1] * 4 + [0] * 6).astype(dtype), "scores": scores}
    found = compare_outputs(wanted, near, ordering)["places"]
    assert found.cosine is not None
    assert found.cosine > 0.9999
    assert judged(found) == [("agreement", True)]


CLASSES = np.repeat(np.arange(150, 0, -10), 100).reshape(1, 30, 50)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.float32])
@pytest.mark.parametrize(("others", "expected"), [(75, []), (300, [("agreement", True)])])
def test_of_names_nothing_counts_but_whether_they_are_the_same(
    dtype: type, others: int, expected: list[tuple[str, bool]]
) -> None:
    """Classes taken for 0 in a few places are no loss by any distance; one in five is."""
    wanted: Array = CLASSES.astype(dtype)
    given = wanted.copy()
    given.reshape(-1)[:: given.size // others] = 0
    found = compare_outputs({"y": wanted}, {"y": given}, {}, naming={"y": "ArgMax"}, layouts={"y": "NCHW"})["y"]
    assert (found.agreement, judged(found), found.content.kind) == (1 - others / 1500, expected, "")
    assert found.likeness == found.agreement
    assert found.constant_agreement == pytest.approx(1 / 15)
    assert found.relation.value == ("DIFFERENT" if expected else "SIMILAR")


@pytest.mark.parametrize(("others", "expected"), [(1, []), (2, [("agreement", True)])])
def test_of_a_few_names_one_may_be_another(others: int, expected: list[tuple[str, bool]]) -> None:
    wanted = np.array([[3, 1, 4]])
    given = np.array([[7, 7, 4]]) if others == 2 else np.array([[3, 7, 4]])
    assert judged(compare_outputs({"y": wanted}, {"y": given}, {}, naming={"y": "ArgMax"})["y"]) == expected
    single = compare_outputs({"y": wanted[:, :1]}, {"y": given[:, 1:2]}, {}, naming={"y": "ArgMax"})["y"]
    assert (single.agreement, judged(single)) == (0.0, [])


@pytest.mark.parametrize(("left", "expected"), [(0, [("least_kept", True)]), (100, []), (192, [])])
def test_a_map_without_its_one_object_has_lost_it(left: int, expected: list[tuple[str, bool]]) -> None:
    wanted = np.zeros((1, 64, 64), np.int64)
    wanted.reshape(-1)[:192] = 1
    given = np.zeros_like(wanted)
    given.reshape(-1)[:left] = 1
    found = compare_outputs({"y": wanted}, {"y": given}, {}, naming={"y": "ArgMax"})["y"]
    assert judged(found) == expected
    assert found.least_kept == pytest.approx(left / 192)


def test_whole_numbers_that_nobody_knows_for_names_have_an_agreement_for_those_who_do() -> None:
    given = CLASSES.copy()
    given.reshape(-1)[:300] -= 10
    found = compare(CLASSES, given, layout="")
    assert (found.agreement, judged(found)) == (None, [])
    assert [one.metric for one in shortfalls(found, LINE, {"agreement": 0.9})] == ["agreement"]


def test_places_alone_are_held_against_each_other_wherever_they_stand() -> None:
    """Without a score nobody can tell where the cut is."""
    places = np.arange(100, 120).reshape(1, 20)
    given = places.copy()
    given[0, [3, 4]] = given[0, [4, 3]]
    given[0, -1] = 500
    found = compare_outputs({"places": places}, {"places": given}, {"places": "TopK"})["places"]
    assert (found.agreement, judged(found)) == (0.95, [])


def test_a_line_of_the_user_stands_in_place_of_the_default() -> None:
    found = compare(BRIGHT, with_noise(BRIGHT, 19), layout="NCHW")
    assert lost(found, LINE, {"psnr": 20.0}) is None
    short = lost(found, LINE, {"psnr": 20.0, "rmse": 10.0})
    assert short is not None
    assert (short.metric, short.line) == ("rmse", 10.0)
    assert short.words.endswith("above 10")
    depth = compare(DEPTH, with_noise(DEPTH, float(DEPTH.std())), layout="NCHW")
    doubted = lost(depth, LINE, {"correlation": 0.95})
    assert doubted is not None
    assert doubted.certain
