"""The kinds of decisions, recognised by the form of the JSON (docs/post-processors.md lists the forms).

label    "cat", 285, {"label": "cat", "score": 0.9}
top-k    [{"label": ..., "score": ...}, ...], or {"top": [...]}
boxes    [{"box": [x1, y1, x2, y2], "label": ..., "score": ...}, ...], or {"boxes": [...]} with entries, rows of four to
         six numbers, or "scores" and "labels" beside
Anything else is compared as it stands, numbers within a tolerance.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

LABEL_KEYS = ("label", "class", "name", "class_id", "id")
SCORE_KEYS = ("score", "confidence", "conf", "probability", "prob")
BOX_KEYS = ("box", "bbox", "xyxy")
NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
"""How JSON says what it has no numbers for; as a score they are one, and no finite one is near."""
TOLERANCE_KEYS = ("score_tolerance", "tolerance", "iou")
CORNER_KEYS = ("x1", "y1", "x2", "y2")
Box = tuple[float, float, float, float]
_LONGEST_TOLD = 60
_WHOLE = re.compile(r"(-?(?:0|[1-9]\d{0,18}))\.0*", re.ASCII)
"""A whole number as a float is written; anything else may be a name."""
_OF_A_LABEL = {*LABEL_KEYS, *SCORE_KEYS, "score_tolerance"}
"""A mapping with more than that is more than a label, and all of it counts."""


@dataclass(frozen=True)
class Entry:
    """One label, with a score and a box where they are given."""

    labels: Mapping[str, Any] = field(default_factory=dict)
    """By the key that it stood under; "" for a bare one. An entry may have an id and a name."""
    score: float | None = None
    box: Box | None = None

    def agrees_in_label(self, other: "Entry") -> bool:
        """Whether both name the same thing, or one doesn't name any."""
        if not self.labels or not other.labels:
            return True
        shared = self.labels.keys() & other.labels.keys()
        if shared:
            return all(same_label(self.labels[key], other.labels[key]) for key in shared)
        return any(same_label(one, two) for one in self.labels.values() for two in other.labels.values())

    def told(self) -> str:
        """In words: the label, with its score."""
        name = next((str(self.labels[key]) for key in ("", "label", "name", *self.labels) if key in self.labels), "box")
        told = name if self.score is None else f"{name} ({self.score:.4g})"
        return told if len(told) <= _LONGEST_TOLD else f"{told[: _LONGEST_TOLD - 3]}..."


def same_label(one: Any, other: Any) -> bool:
    """Whether two labels are the same text: 180, 180.0, "180" and "180.0" are one label, since a whole number often
    went through a float; true is not 1, and "007" not 7."""
    return _label_text(one) == _label_text(other)


def _label_text(label: Any) -> str:
    if isinstance(label, str):
        whole = _WHOLE.fullmatch(label.strip())
        return json.dumps(int(whole[1])) if whole else label
    return json.dumps(int(label) if isinstance(label, float) and label.is_integer() else label)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_label(value: Any) -> Entry | None:
    """A label with or without its score; None for anything else."""
    if isinstance(value, str | int) or (isinstance(value, float) and value.is_integer()):
        return Entry({"": value})
    if isinstance(value, Mapping) and not value.keys() - _OF_A_LABEL:
        return _entry(value)
    return None


def labelled(value: Any) -> Entry | None:
    """A label, also one that stands in a mapping beside other things; None for anything else."""
    return as_label(value) or (_entry(value) if isinstance(value, Mapping) else None)


def as_top(value: Any) -> list[Entry] | None:
    """A list of labels with their scores, best first; None for anything else."""
    if isinstance(value, Mapping) and isinstance(value.get("top"), list):
        value = value["top"]
    if not isinstance(value, list) or not value:
        return None
    entries = [_entry(each) if isinstance(each, Mapping) and _box(each) is None else None for each in value]
    found = [entry for entry in entries if entry is not None]
    return found if len(found) == len(value) else None


def as_boxes(value: Any) -> list[Entry] | None:
    """A list of boxes; None for anything else. The empty list is one of no boxes."""
    if isinstance(value, Mapping):
        rows = value.get("boxes")
        return _rows(rows, value) if isinstance(rows, list) else None
    if not isinstance(value, list):
        return None
    entries = [_boxed(each) if isinstance(each, Mapping) else None for each in value]
    found = [entry for entry in entries if entry is not None]
    return found if len(found) == len(value) else None


def is_telling(value: Any) -> bool:
    """Whether a decision says enough that another can't well agree with it by chance: a score, a box, or numbers.

    A bare label doesn't, of four classes a fourth of all wrong ones agree; nor do no boxes at all.
    """
    boxes = as_boxes(value)
    if boxes is not None:
        return bool(boxes)
    labels = as_top(value) or [entry for entry in (as_label(value),) if entry is not None]
    if labels:
        return any(entry.score is not None for entry in labels)
    return isinstance(value, list | Mapping) or (isinstance(value, float) and not value.is_integer())


def is_exact(value: Any) -> bool:
    """Whether its fractions are given finely enough to tell what makes them from what only comes near: a score of 0.9
    or 1.0 may be rounded by hand, and one that brings its own tolerance says so."""
    if isinstance(value, Mapping) and value.keys() & set(TOLERANCE_KEYS):
        return False
    entries = as_boxes(value) or as_top(value) or [entry for entry in (as_label(value),) if entry is not None]
    numbers = [entry.score for entry in entries if entry.score is not None] if entries else list(_fractions(value))
    return not numbers or any(isfinite(number) and round(number, 1) != number for number in numbers)


def _fractions(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _fractions(each)


def _entry(value: Mapping[str, Any]) -> Entry | None:
    labels = {key: value[key] for key in LABEL_KEYS if key in value and isinstance(value[key], str | int | float)}
    return Entry(labels, _score(value), _box(value)) if labels else None


def _boxed(value: Mapping[str, Any]) -> Entry | None:
    box = _box(value)
    if box is None:
        return None
    labels = {key: value[key] for key in LABEL_KEYS if key in value and isinstance(value[key], str | int | float)}
    return Entry(labels, _score(value), box)


def _score(value: Mapping[str, Any]) -> float | None:
    found: Any = next((value[key] for key in SCORE_KEYS if key in value), None)
    return float(found) if is_number(found) or found in NO_NUMBERS else None


def _box(value: Mapping[str, Any]) -> Box | None:
    for key in BOX_KEYS:
        if key in value:
            return _four(value[key])
    return _four([value[key] for key in CORNER_KEYS]) if all(key in value for key in CORNER_KEYS) else None


def _four(values: Any) -> Box | None:
    if not isinstance(values, list) or len(values) != 4 or not all(map(is_number, values)):
        return None
    x1, y1, x2, y2 = map(float, values)
    return x1, y1, x2, y2


def _rows(rows: Sequence[Any], beside: Mapping[str, Any]) -> list[Entry] | None:
    """Entries, or rows of x1 y1 x2 y2 [score [label]], with scores and labels beside them."""
    labels = next((beside[key] for key in ("labels", "classes") if isinstance(beside.get(key), list)), None)
    scores = beside.get("scores") if isinstance(beside.get("scores"), list) else None
    found = []
    for index, row in enumerate(rows):
        entry = _boxed(row) if isinstance(row, Mapping) else _row(row)
        if entry is None:
            return None
        named, score = entry.labels, entry.score
        if labels is not None and index < len(labels):
            named = {"label": labels[index]}
        if scores is not None and index < len(scores) and is_number(scores[index]):
            score = float(scores[index])
        found.append(Entry(named, score, entry.box))
    return found


def _row(row: Any) -> Entry | None:
    box = _four(row[:4]) if isinstance(row, list) and 4 <= len(row) <= 6 else None
    if box is None:
        return None
    score = float(row[4]) if len(row) > 4 and is_number(row[4]) else None
    return Entry({"label": row[5]} if len(row) > 5 else {}, score, box)
