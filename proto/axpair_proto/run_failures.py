"""How a run failed, by the words that stand in its log: which of them count. Standard library alone, since workers on
boards read the same logs.
"""

import re
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

import axpair_proto.run_endings as run_endings
from axpair_proto.log_lines import LONGEST_LINE
from axpair_proto.logged_run import RunFailure

_CODE = re.compile(r"\b0x8[0-9a-fA-F]{7}\b|(?<![\w.-])(?:-214|21[45])\d{7}(?![\w.])")
"""A code of the vendor's libraries, 0x80000000 to 0x80ffffff; some programs print it in decimal, with a sign or
without."""
_SAYS_SO = re.compile(r"fail|error|\bret\b|\bcode\b|失败|错误|返回", re.IGNORECASE)
"""Beside a code: that it is one, and no address."""


class Words(NamedTuple):
    """Of a failure, with the line where they stand."""

    at: int
    what: str
    text: str
    is_own: bool
    """Whether they name the program, or nobody else says so."""


class Told:
    """What a run's lines tell of its failure."""

    def __init__(self) -> None:
        self.assertions: List[Words] = []
        """Where and what."""
        self.refused: List[Words] = []
        """Phase and line."""
        self.signals: List[Words] = []
        """Signal and line."""

    def count(self) -> int:
        """Of all of them."""
        return len(self.assertions) + len(self.refused) + len(self.signals)

    def failure(
        self, lines: Sequence[str], *, printed: bool, last_own: int, ran: bool, finished: bool
    ) -> Optional[RunFailure]:
        """How the run of these lines failed, by its own words, or by those of others that come when it had printed its
        last, at `last_own`; None where nothing says that it did. A code alone says so where nothing was printed after
        it."""
        assertions, signals = (
            [one for one in some if _ends_it(one, lines, last_own, finished)]
            for some in (self.assertions, self.signals)
        )
        refused = [one for one in self.refused if one.at > last_own]
        if finished:
            refused = [one for one in refused if one.what == "writing"]
        if printed:  # what began wasn't missing
            refused = [one for one in refused if not run_endings.NEVER_STARTED.search(one.text)]
        code = next((code for _, _, code in _codes(lines)), 0)
        signal = signals[0].what if signals else ""
        clash = next((one.text for one in refused if one.what == "writing"), "")
        if assertions:
            where, text = assertions[0].what, assertions[0].text
            said = f"it asserted {text!r} in {where}, which failed"
            phase = "loading" if run_endings.LOADING.search(f"{text} {where}") else "running"
            # Of `main` itself: an unknown --mode, or a --wbt_index that the model hasn't.
            if (text == "0" and where.startswith("int main(")) or text.startswith("wbt_index "):
                phase = "starting"
            if clash or (text == "0" and "(const std::string&)" in where):
                phase, said = "writing", clash or f"{said}: so it does where two outputs have one file name"
            return RunFailure(phase, said, signal or "SIGABRT", code)
        if refused:
            return RunFailure(refused[0].what, refused[0].text, signal, code)
        phase = "running" if ran else "loading"
        if signal:
            said = ": ".join(filter(None, (f"it was ended by {signal}", signals[0].text)))
            return RunFailure(phase, said, signal, code)
        last = next((one for one in _codes(lines) if one[0] > last_own and _SAYS_SO.search(one[1])), None)
        if last is not None and printed and not finished:
            return RunFailure("loading" if run_endings.LOADING.search(last[1]) else phase, last[1], "", last[2])
        return None


def _codes(lines: Sequence[str]) -> Iterator[Tuple[int, str, int]]:
    """Each code with its line and that line's number, unsigned."""
    for at, line in enumerate(lines):
        for code in _CODE.findall(line[:LONGEST_LINE]):
            yield at, line[:LONGEST_LINE].strip(), int(code, 0) & 0xFFFFFFFF


def _ends_it(one: Words, lines: Sequence[str], last_own: int, finished: bool) -> bool:
    """Whether these words at this line are of this run's end. Where it says that it ran to its end, only those that
    name the program, or stand right below its last line."""
    if one.at < last_own:
        return False
    between = any(line.strip() for line in lines[last_own + 1 : one.at])
    return not finished or one.is_own or not between
