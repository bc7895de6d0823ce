"""Damage that no entry of the fault book describes: never called by another one's name."""

from pathlib import Path

import numpy as np
import pytest
from host.board_cases import PROBE, Array, J, codes, judged
from host.evidence_builder import Ran


def rolled(tensor: Array, random: np.random.Generator) -> Array:
    """A random block of elements, turned round by a random amount."""
    flat = tensor.reshape(-1).copy()
    start = int(random.integers(0, flat.size // 2))
    stop = int(random.integers(start + 40, flat.size))
    flat[start:stop] = np.roll(flat[start:stop], int(random.integers(3, stop - start - 3)))
    turned: Array = flat.reshape(tensor.shape)
    return turned


def averaged(tensor: Array, random: np.random.Generator) -> Array:
    """Two random channels, each the mean of both."""
    mixed = tensor.copy()
    one, other = random.choice(tensor.shape[1], 2, replace=False)
    mixed[:, [one, other]] = (tensor[:, [one]] + tensor[:, [other]]) / 2
    done: Array = mixed
    return done


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("damage", [rolled, averaged])
def test_unknown_damage_is_ax306_and_says_what_would_settle_it(tmp_path: Path, damage: object, seed: int) -> None:
    assert callable(damage)
    wrong = {**J, "boxes": damage(J["boxes"], np.random.default_rng(seed))}
    probe = {**PROBE, "boxes": damage(PROBE["boxes"], np.random.default_rng(seed))}
    rounds = (Ran(probe, "probe"), Ran(wrong), Ran(wrong))
    verdict = judged(tmp_path, *rounds, probe=None, probe_joint=PROBE, input_trials=())
    assert codes(verdict) == ["AX306"]
    assert verdict.findings[0].side == "axera"
    assert not verdict.findings[0].proven
    assert any("fresh process" in one.why for one in verdict.not_judged)
