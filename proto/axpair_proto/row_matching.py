"""Rows that stand in the order of a score (behind TopK, NMS or a sort), told apart and matched.

Two scores that lie nearer to each other than quantisation can tell change places, and all that follows the rows with
them. Element by element that looks like a loss.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

MOST_ROWS = 1024
"""Every row is held against every other one."""
NEAR = 0.1
"""Root mean square over a row's columns, each as a part of what its column spans, up to which two rows are the same."""
_MOST_REPLACED = 0.25
"""Of the rows, those that may be others at the cut."""


@dataclass(frozen=True)
class Matching:
    """For each batch item and each row of the reference the candidate's row that it is; -1 where the candidate took
    another one at the cut."""

    places: Array
    """int, batch x rows."""

    @property
    def moved(self) -> int:
        """Rows that stand elsewhere."""
        return int(np.count_nonzero((self.places >= 0) & (self.places != np.arange(self.places.shape[1]))))

    @property
    def replaced(self) -> int:
        """Rows that the candidate hasn't got."""
        return int(np.count_nonzero(self.places < 0))


def identities(tensor: Array) -> Array:
    """Which columns of an ordered output name something, such as a class or a place: bool. No output is quantised to 32
    bit or more; of floats those of whole numbers that aren't all alike are taken, since toolchains hand out numbers of
    every kind as floats."""
    rows = rows_of(tensor)
    if tensor.dtype.kind in "iu" and tensor.dtype.itemsize >= 4:
        return np.ones(rows.shape[2], bool)
    flat = rows.reshape(-1, rows.shape[2])
    if tensor.dtype.kind != "f" or len(flat) < 2 or not np.isfinite(flat).all():
        return np.zeros(rows.shape[2], bool)
    whole: Array = (flat == np.rint(flat)).all(axis=0) & (np.ptp(flat, axis=0) > 0)
    return whole


def matched_rows(
    reference: Mapping[str, Array], candidate: Mapping[str, Array], ordering: Mapping[str, str]
) -> dict[str, Matching]:
    """For the outputs in `ordering` how their rows belong together; those of as many rows are matched together, since
    they are columns of the same rows. Outputs are left out where a row has no other side, unless it stood at the cut.
    """
    groups: dict[tuple[int, int], dict[str, tuple[Array, Array]]] = {}
    for name in ordering:
        if name not in reference or name not in candidate or reference[name].shape != candidate[name].shape:
            continue
        sides = tuple(rows_of(one[name]) for one in (reference, candidate))
        if all(np.isfinite(side).all() for side in sides):
            groups.setdefault(sides[0].shape[:2], {})[name] = (sides[0], sides[1])
    found: dict[str, Matching] = {}
    for (_, rows), members in groups.items():
        if not 1 < rows <= MOST_ROWS:
            continue
        # A column of identities is near only where it is equal; float ones as far as they span.
        exact = np.concatenate([identities(reference[name]) for name in members])
        wanted, given = (np.concatenate([pair[at] for pair in members.values()], axis=2) for at in (0, 1))
        given[:, :, exact] = np.rint(given[:, :, exact])
        items = [_matched(*pair, exact) for pair in zip(wanted, given, strict=True)]
        if all(one is not None for one in items):
            found |= dict.fromkeys(members, Matching(np.stack([one for one in items if one is not None])))
    return found


def rows_of(tensor: Array) -> Array:
    """batch x rows x columns, float64: the second axis is that of rows, but for a matrix of several rows the first."""
    if tensor.ndim < 2:
        return tensor.reshape(1, -1, 1).astype(np.float64)
    if tensor.ndim == 2 and tensor.shape[0] != 1:
        return tensor[None].astype(np.float64)
    return tensor.reshape(tensor.shape[0], tensor.shape[1], -1).astype(np.float64)


def in_order(reference: Array, candidate: Array, matching: Matching) -> Array:
    """The candidate with its rows where the reference has them; at the cut, where it has others, the reference's."""
    wanted, given = rows_of(reference), rows_of(candidate)
    batch = np.arange(wanted.shape[0])[:, None]
    kept = (matching.places >= 0)[..., None]
    turned = np.where(kept, given[batch, np.maximum(matching.places, 0)], wanted)
    rearranged: Array = turned.reshape(reference.shape).astype(candidate.dtype)
    return rearranged


def _matched(wanted: Array, given: Array, exact: Array) -> Array | None:
    """For each row its other side, nearest pairs first; None where a row has none and didn't stand at the cut."""
    places = _by_identity(wanted[:, exact], given[:, exact])
    if places is None:
        places = _by_nearness(wanted, given, exact)
    if places is None:
        return None
    others = np.setdiff1d(np.arange(len(given)), places)
    if (places < 0).any() and not _at_the_cut(wanted, given, places, others, exact):
        return None
    return places


def _by_identity(wanted: Array, given: Array) -> Array | None:
    """Where identities alone tell the rows of either side apart; None where they don't."""
    there = {row.tobytes(): place for place, row in enumerate(given)}
    if not wanted.shape[1] or len(there) < len(given) or len({row.tobytes() for row in wanted}) < len(wanted):
        return None
    return np.array([there.get(row.tobytes(), -1) for row in wanted])


def _by_nearness(wanted: Array, given: Array, exact: Array) -> Array | None:
    span = np.ptp(wanted, axis=0)
    apart = np.zeros((len(wanted), len(given)))
    columns = 0
    for at in range(wanted.shape[1]):
        differs = np.abs(wanted[:, at, None] - given[None, :, at])
        if exact[at]:
            apart += differs > 0
        elif span[at] > 0:
            apart += (differs / span[at]) ** 2
        else:
            continue
        columns += 1
    if not columns:
        return None
    apart = np.sqrt(apart / columns)
    places = np.full(len(wanted), -1)
    taken = np.zeros(len(given), bool)
    for row, place in _nearest_first(apart):
        if places[row] < 0 and not taken[place]:
            places[row], taken[place] = place, True
    return places


def _nearest_first(apart: Array) -> Iterator[tuple[int, int]]:
    rows, places = np.nonzero(apart <= NEAR)
    for at in np.argsort(apart[rows, places], kind="stable"):
        yield int(rows[at]), int(places[at])


def _at_the_cut(wanted: Array, given: Array, places: Array, others: Array, exact: Array) -> bool:
    """Whether the rows that only one side has are the last ones of their side by a score that both fall by, and as near
    to the last score as scores of the same row differ."""
    missing = np.flatnonzero(places < 0)
    same = np.flatnonzero(places >= 0)
    if missing.size > max(1.0, _MOST_REPLACED * len(places)) or not same.size:
        return False
    for at in np.flatnonzero(~exact):
        scores, answers = wanted[:, at], given[:, at]
        falls = (np.diff(scores) <= 0).all() and (np.diff(answers) <= 0).all() and np.ptp(scores) > 0
        if not falls:
            continue
        error = float(np.abs(scores[same] - answers[places[same]]).max())
        near = max(error, 0.01 * float(np.ptp(scores)))
        last = max(float(scores[-1]), float(answers[-1]))
        return bool((scores[missing] <= last + 2 * near).all() and (answers[others] <= last + 2 * near).all())
    return False
