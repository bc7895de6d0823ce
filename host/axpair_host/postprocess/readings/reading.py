"""One way of misreading outputs, from both sides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from axpair_proto.sentences import Sentence, joined, say

Array = np.ndarray[Any, Any]
Tensors = Mapping[str, Array]
Change = Callable[[Array], list[Array]]
"""One output to what it becomes, in each way in which that may be handed over; none where it can't be."""


@dataclass(frozen=True)
class Misread:
    """How single outputs are misread: the tensors that undo it, and those that suffer it."""

    code: str
    kind: str
    """Which misreading of this code, such as "layout" or "sigmoid-twice"."""
    words: Sentence
    """What the reader does, as a sentence's end: "reads {outputs} as NCHW", where `outputs` is still to be filled."""
    undo: Change
    """What a reader with this mistake has to be fed with to come right."""
    suffer: Change
    """What a right reader has to be fed with to go as wrong."""


@dataclass(frozen=True)
class Reading:
    """One hypothesis: one or more misreadings, each of certain outputs, or outputs taken for each other."""

    parts: tuple[tuple[str, Misread], ...] = ()
    """Output name and how it is misread, in the order in which that is undone."""
    order: tuple[tuple[str, str], ...] = ()
    """(a, b): a is taken for b."""
    q: Mapping[str, float] = field(default_factory=dict)
    """Of integer outputs, by name: what their codes are divided by."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Each once."""
        order = ("AX403",) if self.order else ()
        return tuple(dict.fromkeys((*order, *(misread.code for _, misread in self.parts))))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Each misreading once."""
        order = ("order",) if self.order else ()
        return tuple(dict.fromkeys((*order, *(misread.kind for _, misread in self.parts))))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Those that are misread."""
        return tuple(dict.fromkeys((*(name for name, _ in self.order), *(name for name, _ in self.parts))))

    def words(self) -> str:
        """What the reader does, without its subject: "reads 'a', 'b' as NCHW"."""
        pairs = joined(", ", (say("{a!r} for {b!r}", a=a, b=b) for a, b in self.order))
        told = [say("takes {pairs}", pairs=pairs)] if self.order else []
        by_words: dict[Sentence, list[str]] = {}
        for name, misread in self.parts:
            by_words.setdefault(misread.words, []).append(repr(name))
        told += [words.filled(outputs=", ".join(names)) for words, names in by_words.items()]
        return joined(" and ", told)

    def undone(self, tensors: Tensors) -> list[dict[str, Array]]:
        """The tensors under which a reader with these mistakes comes right; one set for each way of handing over."""
        # The reader looks for b where a lies: so b has to lie there.
        sources = dict(self.order)
        return self._under(tensors, sources, [(name, misread.undo) for name, misread in self.parts])

    def suffered(self, tensors: Tensors) -> list[dict[str, Array]]:
        """The tensors under which a right reader goes as wrong."""
        sources = {b: a for a, b in self.order}
        return self._under(tensors, sources, [(name, misread.suffer) for name, misread in self.parts])

    def _under(
        self, tensors: Tensors, sources: Mapping[str, str], changes: list[tuple[str, Change]]
    ) -> list[dict[str, Array]]:
        moved = {name: tensors[sources.get(name, name)] for name in tensors}
        found = _changed(tensors, moved, changes)
        if any(self.q.get(name) != self.q.get(source) for name, source in sources.items()):
            # A reader that divides by the Q of the name it looks up, not of the place.
            scaled = {
                name: (tensors[source] * (self.q.get(name, 1.0) / self.q.get(source, 1.0))).astype(np.float32)
                for name, source in sources.items()
            }
            found += _changed(tensors, {**moved, **scaled}, changes)
        return found


def _changed(original: Tensors, moved: Tensors, changes: list[tuple[str, Change]]) -> list[dict[str, Array]]:
    """Each output in its first way, then all in their second, where there is one; never the original itself."""
    found: list[dict[str, Array]] = []
    for way in range(2):
        changed = dict(moved)
        for name, change in changes:
            ways = change(changed[name])
            if not ways:
                return []
            changed[name] = np.ascontiguousarray(ways[min(way, len(ways) - 1)])
        if not any(_same(changed, other) for other in (original, *found)):
            found.append(changed)
    return found


def _same(one: Tensors, other: Tensors) -> bool:
    return all(
        one[name].dtype == other[name].dtype
        and one[name].shape == other[name].shape
        and one[name].tobytes() == other[name].tobytes()
        for name in one
    )
