"""Ending a call with a status, its reason in the trailing metadata."""

import contextlib
import errno
import logging
from collections.abc import Iterator

import grpc
from axpair_proto.reasons import METADATA_KEY

from axpair_agent.errors import CallError, refused_by_disk

log = logging.getLogger(__name__)

_OF_DISKS = {
    *(errno.ENXIO, errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG, errno.EIO, errno.EROFS),
    *(errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP),
}


@contextlib.contextmanager
def reasons_as_statuses(context: grpc.ServicerContext) -> Iterator[None]:
    """Within, a CallError ends the call with its reason's status, and so does what the disk refuses."""
    try:
        yield
    except CallError as error:
        _end(context, error)
    except OSError as error:
        if error.errno not in _OF_DISKS:
            raise
        _end(context, refused_by_disk(error))
    except NotImplementedError:
        # What generated servicers raise for methods of standard services that their library doesn't have yet.
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the agent doesn't serve that method")


def _end(context: grpc.ServicerContext, error: CallError) -> None:
    # The reason is part of the template: many lines of one reason don't keep those of another out of the log.
    log.info(f"call refused, {error.reason.name}: %s", error.message)
    context.set_trailing_metadata(((METADATA_KEY, error.reason.name),))
    context.abort(error.reason.status, str(error))
