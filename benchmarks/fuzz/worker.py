"""A long-lived process that makes hostile inputs and swallows them: `-m benchmarks.fuzz.worker KIND`.

Reads "SEED INDEX" a line, answers with a line of JSON each. Whatever the code under test prints goes to stderr.
"""

import json
import os
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

from axpair_agent.worker.runtime import RuntimeFault
from axpair_proto.errors import AxpairError

from benchmarks.fuzz.kind import Kind, kind, random_of
from benchmarks.fuzz.limits import limit_address_space, peak_bytes

ADDRESS_SPACE = 6 << 30
WARM_UP = 3
"""Inputs swallowed before memory is limited and counted: the first calls load libraries."""


def main(name: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("error")
    with answers, tempfile.TemporaryDirectory(prefix="axpair-fuzz-") as folder:
        fed = kind(name, Path(folder))
        for index in range(WARM_UP):
            swallow(fed, random_of(name, 0, index).randbytes(16))
        limit_address_space(ADDRESS_SPACE)
        print(json.dumps({"ready": peak_bytes()}), file=answers, flush=True)
        for line in sys.stdin:
            seed, index = map(int, line.split())
            data = fed.mutant(random_of(name, seed, index))
            started = time.perf_counter()
            verdict, detail = swallow(fed, data)
            answer = {"verdict": verdict, "detail": detail, "seconds": time.perf_counter() - started}
            print(json.dumps(answer | {"peak": peak_bytes()}), file=answers, flush=True)


def swallow(fed: Kind, data: bytes) -> tuple[str, str]:
    """What became of an input: "accepted", "refused" with the words, "memory" or "traceback"."""
    try:
        fed.feed(data)
    except (AxpairError, RuntimeFault) as error:
        return ("memory", traceback.format_exc()) if _ran_out(error) else ("refused", str(error))
    except Exception:  # what is found here is a defect of the code under test
        return "traceback", traceback.format_exc()
    return "accepted", ""


def _ran_out(error: BaseException | None) -> bool:
    """Whether memory was asked for that the limit didn't grant."""
    while error is not None:
        if isinstance(error, MemoryError) or "bad_alloc" in str(error) or "allocate memory" in str(error):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


if __name__ == "__main__":
    main(sys.argv[1])
