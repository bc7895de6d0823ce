"""Runs the post-processor on every leg and keeps what it said, or what it raised."""

import sys
import traceback
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from axpair_host.errors import PostprocessError
from axpair_host.evidence.record import PostprocessFacts
from axpair_host.postprocess.decisions import as_json
from axpair_host.postprocess.loading import Outputs, Postprocessor


def apply(function: Postprocessor, legs: Mapping[str, Outputs]) -> PostprocessFacts:
    """The decision of each leg. What it raises on some legs is evidence; what it raises on every one is an error.

    Raises PostprocessError then, with the exception and its place.
    """
    decisions: dict[str, Any] = {}
    errors: dict[str, str] = {}
    last: BaseException | None = None
    for leg, outputs in legs.items():
        try:
            with redirect_stdout(sys.stderr):  # stdout is the document's
                decisions[leg] = as_json(function(outputs))
        except PostprocessError:
            raise
        except (Exception, SystemExit) as error:
            errors[leg] = _told(error)
            last = error
    if errors and not decisions:
        leg, message = next(iter(errors.items()))
        raise PostprocessError(
            f"the post-processor {function.spec} raised on every leg; on {leg}/: {message}",
            next_step="it gets a dict from output name to numpy array, shaped as 'axpair model info' shows",
        ) from last
    return PostprocessFacts(function.spec, decisions, errors)


def _told(error: BaseException) -> str:
    """Exception and the user's own line, such as "KeyError: 'prob' (post.py:12)"."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
