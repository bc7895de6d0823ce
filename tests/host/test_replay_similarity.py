"""What a loss does to the similarity of two cases, and that a run keeps what tells it."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axpair_host.documents.json_form import json_form
from axpair_host.replay.row import Row
from axpair_host.replay.similarity import KEPT, Similarity, similarities
from axpair_host.replay.store import lock_run, open_run
from axpair_host.replay.summary import summarise

Array = np.ndarray[Any, Any]
CASES, WIDTH = 9, 128


def vectors(common: float, noise: float, seed: int = 0) -> dict[str, tuple[Array, Array]]:
    """Cases that differ by about 1 in each feature, beside a part that all have; the joint's have noise."""
    random = np.random.default_rng(seed)
    shared = common * random.normal(size=WIDTH)
    found = {}
    for number in range(CASES):
        wanted = (shared + random.normal(size=WIDTH)).astype(np.float32)
        found[f"case{number}"] = (wanted, (wanted + noise * random.normal(size=WIDTH)).astype(np.float32))
    return found


def one(cases: dict[str, tuple[Array, Array]]) -> Similarity:
    (found,) = similarities({"emb": cases})
    return found


def cosine(first: Array, second: Array) -> float:
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def test_the_pair_whose_similarity_changed_most_is_named() -> None:
    cases = vectors(1.0, 0.2)
    cases["case4"] = (cases["case4"][0], cases["case4"][1] + cases["case7"][1])
    found = one(cases)
    changes = {
        (a, b): cosine(cases[a][1], cases[b][1]) - cosine(cases[a][0], cases[b][0])
        for a in cases
        for b in cases
        if a < b
    }
    worst = max(changes, key=lambda pair: abs(changes[pair]))
    assert found.between == worst
    assert found.change == pytest.approx(abs(changes[worst]), abs=1e-6)
    assert found.after - found.before == pytest.approx(changes[worst], abs=1e-6)
    similar = [cosine(cases[a][0], cases[b][0]) for a in cases for b in cases if a < b]
    assert (found.lowest, found.highest) == pytest.approx((min(similar), max(similar)), abs=1e-6)


def test_what_all_cases_share_hides_what_is_lost_between_them() -> None:
    cases = vectors(30.0, 1.5)
    assert min(cosine(*pair) for pair in cases.values()) > 0.99
    found = one(cases)
    assert found.kept is not None
    assert found.kept < 0.7 < KEPT
    assert found.is_lost
    assert found.neighbors > 0


def test_a_healthy_embedding_is_not_accused() -> None:
    found = one(vectors(30.0, 0.05))
    assert not found.is_lost
    assert found.neighbors == 0


def test_equal_cases_zeros_and_single_ones_say_nothing() -> None:
    wanted, given = vectors(1.0, 0.0)["case0"]
    alike = one({"a": (wanted, given), "b": (wanted, given)})
    assert (alike.kept, alike.is_lost) == (None, False)
    assert alike.change == pytest.approx(0.0)
    assert list(similarities({"emb": {"a": (wanted, given)}})) == []
    assert list(similarities({"emb": {"a": (wanted, given), "b": (wanted, np.zeros_like(given))}})) == []
    assert list(similarities({"emb": {"a": (wanted, given), "b": (wanted[:64], given[:64])}})) == []


def row(id_: str, cases: dict[str, tuple[Array, Array]]) -> Row:
    document = {"verdict": "PASS", "owner": "none", "findings": [], "warnings": [], "outputs": []}
    return Row.judged(id_, f"digest of {id_}", "", document, {"emb": cases[id_]})


def test_a_run_keeps_the_vectors_of_its_cases_and_forgets_those_of_cases_that_run_again(tmp_path: Path) -> None:
    cases, others = vectors(30.0, 1.5), vectors(30.0, 1.5, seed=5)
    with lock_run(tmp_path / "run") as run:
        for id_ in cases:
            run.add(row(id_, cases))
        run.add(row("case3", others))
        run.add(Row.unusable("case4", "", "no image", ""))
    with open_run(tmp_path / "run") as run:
        stored = run.vectors()["emb"]
    assert sorted(stored) == [id_ for id_ in sorted(cases) if id_ != "case4"]
    assert np.array_equal(stored["case3"][1], others["case3"][1])
    assert np.array_equal(stored["case5"][0], cases["case5"][0])


def test_a_run_of_an_earlier_release_gets_room_for_them_and_damage_counts_for_nothing(tmp_path: Path) -> None:
    cases = vectors(30.0, 1.5)
    folder = tmp_path / "run"
    with lock_run(folder) as run:
        run.add(row("case0", cases))
    with sqlite3.connect(folder / "run.sqlite") as connection:
        connection.execute("DROP TABLE vectors")
    with lock_run(folder) as run:
        assert run.vectors() == {}
        run.add(row("case1", cases))
        run.add(row("case2", cases))
    with sqlite3.connect(folder / "run.sqlite") as connection:
        connection.execute("UPDATE vectors SET joint = x'0102' WHERE id = 'case2'")
    connection.close()
    with lock_run(folder) as run:
        assert list(run.vectors()["emb"]) == ["case1"]


def test_warnings_are_counted_beside_verdicts() -> None:
    warned = {"verdict": "PASS", "owner": "none", "findings": [], "warnings": [{"code": "AX201"}], "outputs": []}
    rows = [Row.judged("a", "", "", warned), Row.judged("b", "", "", {**warned, "warnings": []})]
    summary = summarise(rows, list(similarities({"emb": vectors(30.0, 1.5)})))
    assert summary.warnings == {"AX201": 1}
    assert summary.exit_code() == 0
    document = json_form(summary.row)
    assert document["similarities"][0]["lost"] is True
    assert document["similarities"][0]["cases"] == CASES
