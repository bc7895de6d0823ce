"""The smallest choice of cases that together show everything; among equally small ones the clearest."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from axpair_host.documents.reduced import Signature

_STEPS = 20_000
"""Choices looked at before the best so far is taken: a run has some ten distinct findings, not hundreds."""


@dataclass(frozen=True)
class Shown:
    """What one case shows."""

    case: str
    findings: frozenset[Signature]
    size: int
    """Of its files, in bytes."""


def smallest_cover(shown: Iterable[Shown]) -> list[str]:
    """Cases that show every finding that any case shows, in the order given.

    Fewest cases first, then fewest findings in all, then fewest bytes; of equal ones the earlier.
    """
    offers: dict[frozenset[Signature], Shown] = {}
    order = []
    for one in shown:
        order.append(one.case)
        known = offers.get(one.findings)
        if one.findings and (known is None or one.size < known.size):
            offers[one.findings] = one
    search = _Search(list(offers.values()))
    search.go(frozenset(finding for findings in offers for finding in findings), (), (0, 0, 0))
    chosen = {one.case for one in search.chosen}
    return [case for case in order if case in chosen]


@dataclass
class _Search:
    offers: list[Shown]
    chosen: tuple[Shown, ...] = ()
    _least: tuple[int, int, int] | None = field(default=None, init=False)
    _steps: int = field(default=0, init=False)

    def go(self, wanted: frozenset[Signature], taken: tuple[Shown, ...], cost: tuple[int, int, int]) -> None:
        """Take for the finding that fewest cases show each of them in turn, the one that shows most first."""
        self._steps += 1
        if self._least is not None and (cost >= self._least or self._steps > _STEPS):
            return
        if not wanted:
            self._least, self.chosen = cost, taken
            return
        showing = [[one for one in self.offers if finding in one.findings] for finding in sorted(wanted)]
        rarest = min(showing, key=len)
        for one in sorted(rarest, key=lambda one: (-len(one.findings & wanted), len(one.findings), one.size)):
            more = (cost[0] + 1, cost[1] + len(one.findings), cost[2] + one.size)
            self.go(wanted - one.findings, (*taken, one), more)
