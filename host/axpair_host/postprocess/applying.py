"""Runs the post-processor on every leg and keeps what it said, or what it raised."""

import sys
import traceback
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from axpair_host.errors import HostError, PostprocessError
from axpair_host.evidence.record import PostprocessFacts
from axpair_host.postprocess.commands import CommandFailed
from axpair_host.postprocess.decisions import as_json
from axpair_host.postprocess.loading import Outputs, Postprocessor


def apply(postprocessor: Postprocessor, legs: Mapping[str, Outputs]) -> PostprocessFacts:
    """The decision of each leg. What it raises on some legs is evidence; what it raises on every one is an error.

    Raises PostprocessError then, with the exception and its place.
    """
    decisions: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for leg, outputs in legs.items():
        decision, error = decided(postprocessor, outputs)
        if error:
            errors[leg] = error
        else:
            decisions[leg] = decision
    if errors and not decisions:
        leg, message = next(iter(errors.items()))
        raise PostprocessError(
            f"the post-processor {postprocessor.spec} failed on every leg; on {leg}/: {message}",
            next_step=postprocessor.advice,
        )
    return PostprocessFacts(postprocessor.spec, decisions, errors)


def decided(postprocessor: Postprocessor, outputs: Outputs) -> tuple[Any, str]:
    """What it makes of one leg's outputs as a JSON value, and "" ; or None and what it raised.

    Raises PostprocessError for a result that no JSON can hold, and HostError for a command that can't be run at all.
    """
    try:
        with redirect_stdout(sys.stderr):  # stdout is the document's
            return as_json(postprocessor(outputs)), ""
    except HostError:
        raise
    except (Exception, SystemExit) as error:
        return None, _told(error)


def _told(error: BaseException) -> str:
    """Exception and the user's own line, such as "KeyError: 'prob' (post.py:12)"; a command's failure as it stands."""
    if isinstance(error, CommandFailed):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
