"""What a full, broken or closed disk does to a command, as one of our errors: no defect, and nothing lost by it."""

import errno
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from axpair_proto.errors import AxpairError, ContractError
from axpair_proto.printing import full_output

_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT))
_STEPS = {
    errno.ENOSPC: "free space there, and call the same command again",
    errno.EDQUOT: "free space there or raise the quota, and call the same command again",
    errno.EROFS: "give a place that can be written, and call again",
    errno.EACCES: "mend the permissions, or give another place",
    errno.EPERM: "mend the permissions, or give another place",
    errno.EIO: "look at the disk and at the system's log: reading or writing it failed",
    errno.ESTALE: "mount the file system again",
    errno.EFBIG: "give a file system, or a limit, that takes files of that size",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.ELOOP: "mend the link: it leads to itself",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "end other programs: the system has no more files to open",
    errno.ENXIO: "give a file: that is a device or pipe without an other end",
    errno.ENODEV: "give a file: that is a device without a driver",
}
"""errno to next step: what the machine, not axpair, is to blame for."""


def is_full(error: OSError) -> bool:
    """Whether there is no room left: on the disk, or of a quota."""
    return error.errno in _NO_ROOM


@contextmanager
def naming(path: os.PathLike[str]) -> Iterator[None]:
    """Within, errors of writing a file name it; those of opening it do so by themselves."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = os.fspath(path)
        raise


def of_system(error: BaseException) -> OSError | None:
    """What the system refused, where an error was made of that, at however many removes."""
    cause = error.__cause__
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__
    return cause


def refused_by_system(error: OSError | ValueError) -> AxpairError | None:
    """The error that people see for what the system refused; None where it may be a defect of ours."""
    if isinstance(error, ValueError):
        if "embedded null" not in str(error):
            return None
        return ContractError(
            "a file's name or an address holds a NUL character, and the system takes none",
            next_step="look at the names in the list, configuration, axpair.toml or address that was given",
        )
    if error.filename is None and any(frame.name == "echo" for frame in traceback.extract_tb(error.__traceback__)):
        return full_output(error)
    if error.errno == errno.ENOENT and error.filename is None and _asked_where_it_is(error):
        return ContractError("the working directory isn't there any more", next_step="cd into a folder that is")
    step = _STEPS.get(error.errno or 0)
    if step is None:
        return None
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    return ContractError(f"{where or 'a file'}: {error.strerror or error}", next_step=step)


def _asked_where_it_is(error: OSError) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].name in ("cwd", "absolute", "abspath")
