"""Ending a call with a status, its reason in the trailing metadata."""

import contextlib
import logging
from collections.abc import Iterator

import grpc
from axpair_proto.reasons import METADATA_KEY

from axpair_agent.errors import CallError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def reasons_as_statuses(context: grpc.ServicerContext) -> Iterator[None]:
    """Within, a CallError ends the call with its reason's status."""
    try:
        yield
    except CallError as error:
        log.info("call refused, %s: %s", error.reason.name, error.message)
        context.set_trailing_metadata(((METADATA_KEY, error.reason.name),))
        context.abort(error.reason.status, str(error))
    except NotImplementedError:
        # What generated servicers raise for methods of standard services that their library doesn't have yet.
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the agent doesn't serve that method")
