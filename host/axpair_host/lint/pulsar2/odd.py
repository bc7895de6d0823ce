"""Something odd of one input, and the same of several told once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from axpair_host.lint.hint import Hint
from axpair_host.lint.pulsar2.subject import Input


@dataclass(frozen=True)
class Odd:
    """A hint without its subject."""

    kind: str
    code: str
    """Of the fault book; "" where a build stops or nothing comes of it."""
    what: str
    """What was found, and why it matters: goes on after the input's name and a colon."""
    write: str
    evidence: dict[str, Any] = field(default_factory=dict)


def told(found: Iterable[tuple[Input, Odd]]) -> Iterator[Hint]:
    """A hint for each; what is the same of several inputs is one."""
    of: list[tuple[Odd, list[Input]]] = []
    for one, odd in found:
        same = next((inputs for known, inputs in of if known == odd), None)
        if same is None:
            of.append((odd, [one]))
        else:
            same.append(one)
    for odd, inputs in of:
        names = [one.name for one in inputs]
        said = inputs[0].said if len(inputs) == 1 else f"inputs {', '.join(map(repr, names[:-1]))} and {names[-1]!r}"
        yield Hint(odd.kind, odd.code, f"{said}: {odd.what}", odd.write, {"inputs": names, **odd.evidence})


def listed(values: Iterable[float]) -> str:
    """As a configuration has them."""
    return f"[{', '.join(f'{value:.6g}' for value in values)}]"
