"""Trials: what they change in a configuration, and which of two is better."""

from dataclasses import replace
from pathlib import Path

import pytest
from axpair_host.documents.tuned import Outcome
from axpair_host.tune.trial import Change, Tried, better, configured, strategies, write
from axpair_proto.config_files import read_config
from axpair_proto.pulsar import config_pb2 as pb
from onnx_models import config_text

BASE = Change("PER_TENSOR", "MIN_MAX", 0)


def tried(worst: float, mean: float) -> Tried:
    return Tried(BASE, {"y": Outcome(worst, mean)})


def test_a_trial_changes_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "c.prototxt").write_text(config_text(dataset="size: 7 batch_size: 2"), encoding="utf-8")
    assert configured(tmp_path / "c.prototxt") == replace(BASE, size=7)
    out = tmp_path / "below" / "t.prototxt"
    out.parent.mkdir()
    write(tmp_path / "c.prototxt", out, Change("PER_CHANNEL", "MSE_CLIPPING", 3, operators=("a.b", "c")))
    message, _ = read_config(out)
    before, _ = read_config(tmp_path / "c.prototxt")
    dataset = message.neuwizard_conf.dataset_conf_calibration
    assert dataset.calibration_strategy == pb.CALIB_STRATEGY_PER_CHANNEL
    assert dataset.observer_method == pb.OBSVR_METHOD_MSE_CLIPPING
    assert (dataset.size, dataset.batch_size, dataset.path) == (3, 2, "../c.tar")
    (item,) = message.neuwizard_conf.operator_conf.operator_conf_items
    assert (item.selector.op_name_regex, item.attributes.input_feature_type) == (r"a\.b|c", pb.UINT16)
    assert message.neuwizard_conf.operator_conf.input_conf_items == before.neuwizard_conf.operator_conf.input_conf_items


def test_another_set_takes_the_place_of_every_set(tmp_path: Path) -> None:
    text = config_text(dataset='dataset_conf_items { selector { op_name: "data" } path: "other.tar" }')
    (tmp_path / "c.prototxt").write_text(text, encoding="utf-8")
    write(tmp_path / "c.prototxt", tmp_path / "t.prototxt", replace(BASE, archive=tmp_path / "new.tar"))
    dataset = read_config(tmp_path / "t.prototxt")[0].neuwizard_conf.dataset_conf_calibration
    assert Path(dataset.path) == (tmp_path / "new.tar").resolve()
    assert len(dataset.dataset_conf_items) == 0


def test_the_other_three_combinations_are_tried() -> None:
    assert [(one.strategy, one.observer) for one in strategies(BASE)] == [
        ("PER_TENSOR", "MSE_CLIPPING"),
        ("PER_CHANNEL", "MIN_MAX"),
        ("PER_CHANNEL", "MSE_CLIPPING"),
    ]


@pytest.mark.parametrize(
    ("one", "than", "wins"),
    [
        (tried(0.9, 0.91), tried(0.8, 0.99), True),
        (tried(0.90005, 0.9), tried(0.9, 0.9), False),
        (tried(0.9, 0.95), tried(0.90005, 0.9), True),
        (Tried(BASE, {}, failed="no"), tried(0.1, 0.1), False),
    ],
)
def test_the_worst_output_decides_then_the_mean_and_never_chance(one: Tried, than: Tried, wins: bool) -> None:
    assert better(one, than) is wins
