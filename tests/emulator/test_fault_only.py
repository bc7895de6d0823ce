"""A fault that strikes some inputs alone, by their bytes."""

from __future__ import annotations

import numpy as np
import pytest
from axpair_emulator.errors import FaultError
from axpair_emulator.faults.catalogue import chosen
from emulator.boards import Board
from emulator.fault_models import model_named

MODEL = "small network"
INPUTS = 24


def given() -> list[dict[str, bytes]]:
    random = np.random.default_rng(5)
    inputs = model_named(MODEL).inputs
    return [{name: random.bytes(len(data)) for name, data in inputs.items()} for _ in range(INPUTS)]


def wrong(order: list[int], **options: str) -> set[int]:
    """Which of the inputs get another answer than on a sound board, run in this order."""
    inputs = given()
    sound, faulty = Board(model_named(MODEL)), Board(model_named(MODEL), **options)
    return {at for at in order if faulty.run(inputs[at]).outputs != sound.run(inputs[at]).outputs}


@pytest.mark.parametrize("fault", ["weight-bit", "activation-bit", "stale-output"])
def test_the_same_inputs_are_struck_in_whatever_order(fault: str) -> None:
    options = {"fault": fault, "only": "1/4", "seed": "3"}
    forwards = wrong(list(range(INPUTS)), **options)
    assert 0 < len(forwards) < INPUTS // 2
    assert wrong(list(range(INPUTS))[::-1], **options) == forwards


def test_classes_of_one_number_are_apart_and_together_are_all() -> None:
    order = list(range(INPUTS))
    struck = [wrong(order, **{"fault": "activation-bit", "only": f"{part}/3"}) for part in range(3)]
    assert sum(map(len, struck)) == INPUTS
    assert set().union(*struck) == set(order)


def test_each_of_several_faults_has_its_own_inputs() -> None:
    both = {"fault": "weight-bit,activation-bit", "weight-bit.only": "0/4", "activation-bit.only": "1/4"}
    first, second = (
        wrong(list(range(INPUTS)), fault=name, only=only)
        for name, only in (("weight-bit", "0/4"), ("activation-bit", "1/4"))
    )
    assert wrong(list(range(INPUTS)), **both) == first | second


@pytest.mark.parametrize("text", ["4/4", "1", "-1/4", "1/0", "x/4", ""])
def test_what_is_no_class_is_refused(text: str) -> None:
    with pytest.raises(FaultError, match="K/N"):
        chosen({"fault": "weight-bit", "only": text})
