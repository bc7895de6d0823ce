"""A keeper: a small process over one that may not outlive whoever started it, nor leave anything behind.

Linux only; standard library only, Python 3.9, as it travels to boards with the worker. It adopts whatever its child
leaves behind (as a child subreaper), notices that its starter is gone by the hang-up of a descriptor, which it never
reads, and ends as its child ended, by the same status or signal. Elsewhere there is none, and `keep` says so.

As a program: `python -I -S keeper.py REPORT PROGRAM [ARGUMENT ...]` keeps a program; its own stdin is the lifeline. Why
the program can't be run, an errno in decimal, is written to the descriptor REPORT.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Collection, Sequence

AVAILABLE = sys.platform == "linux"
GRACE_SECONDS = 2.0
"""How long a child may take to end by itself once the starter is gone."""
KILLING_SECONDS = 2.0
"""A process in the midst of a driver's call can't be ended; the keeper doesn't wait longer for it."""

_SET_PDEATHSIG = 1
_SET_DUMPABLE = 4
_SET_CHILD_SUBREAPER = 36
_TOLD = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP} if AVAILABLE else set()
_PAUSE_SECONDS = 0.002


def keep(grace: float = GRACE_SECONDS, lifeline: int = 0) -> bool:
    """Fork: the caller goes on in a child, in a session of its own; the process itself becomes the keeper.

    To be called while there is one thread. Returns True in the child, False where there can't be a keeper. On a
    hang-up of `lifeline` the child has `grace` seconds to end; on SIGTERM, SIGINT or SIGHUP none.
    """
    if not adopt_orphans():
        return False
    if _is_cut(lifeline):
        os._exit(1)
    # A child that has ended is gone without a word where its signal is ignored, as a starter may have left it.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Where it is stopped when its starter ends, the kernel continues it, twice: by this signal, and as a group of our
    # own in the starter's session that lost its connection to that.
    _lead_group()
    _control(_SET_PDEATHSIG, signal.SIGCONT)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_TOLD, signal.SIGCHLD})
    keeper = os.getpid()
    child = os.fork()
    if child:
        _Keeper(child, grace, lifeline).stand()
    _control(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:
        os._exit(1)
    os.setsid()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return True


def adopt_orphans() -> bool:
    """Become the parent of whatever this process's descendants leave behind; False where that can't be had."""
    return AVAILABLE and os.path.isdir("/proc/self/fd") and _control(_SET_CHILD_SUBREAPER, 1)


def end_descendants(seconds: float = KILLING_SECONDS, besides: Collection[int] = ()) -> dict[int, int]:
    """Kill everything below this process, which adopted its orphans; children's numbers to their wait statuses.

    Children in `besides` are left alone, with all below them; the exit state of any other is taken: nothing else may
    wait for one. Gives up after `seconds`.
    """
    ended: dict[int, int] = {}
    until = time.monotonic() + seconds
    while True:
        children = _children()
        strays = [pid for pid in children.get(os.getpid(), ()) if pid not in besides]
        if not strays or time.monotonic() > until:
            return ended
        # One that forks meanwhile leaves its child to us: it is found in the next round, as whatever is ours stays
        # there, dead or alive, until we take its state.
        for pid in _with_all_below(strays, children):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(_PAUSE_SECONDS)
        for pid in strays:
            try:
                gone, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue
            if gone:
                ended[pid] = status


def main(arguments: Sequence[str]) -> int:
    """Keep a program, without anything to read; 127 where it can't be run."""
    report = int(arguments[0])
    command = list(arguments[1:])
    keep(grace=0)
    os.set_inheritable(report, False)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores; a program expects them
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(report, str(error.errno).encode())
    except ValueError:
        os.write(report, b"22")
    return 127


class _Keeper:
    """The process that only watches."""

    def __init__(self, child: int, grace: float, lifeline: int) -> None:
        self._child = child
        self._grace = grace
        self._lifeline = lifeline
        self._status: int | None = None
        self._told = False

    def stand(self) -> None:
        """Watch until the child ended, or is to be; then end everything below, and ourselves as it ended."""
        try:
            self._watch()
            self._status = end_descendants().get(self._child, self._status)
        finally:
            _end_as(self._status)

    def _watch(self) -> None:
        woken, wake = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (*_TOLD, signal.SIGCHLD):
            signal.signal(number, _noted)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*_TOLD, signal.SIGCHLD})
        # The child's output must end with the child.
        _close_all_but({self._lifeline, woken, wake})
        poll = select.poll()
        poll.register(woken, select.POLLIN)
        poll.register(self._lifeline, select.POLLHUP | select.POLLRDHUP)
        until: float | None = None
        while not self._has_ended():
            remaining = None if until is None else until - time.monotonic()
            if self._told or (remaining is not None and remaining <= 0):
                return
            for descriptor, _ in poll.poll(None if remaining is None else remaining * 1000 + 1):
                if descriptor == woken:
                    self._told = self._told or any(number in _TOLD for number in os.read(woken, 512))
                else:
                    poll.unregister(self._lifeline)
                    until = time.monotonic() + self._grace

    def _has_ended(self) -> bool:
        """Takes the states of the child and of those that it left to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == self._child:
                self._status = status
                return True
            if not pid:
                return False


def _is_cut(lifeline: int) -> bool:
    """Whether nobody is there any more, and nothing left to read."""
    poll = select.poll()
    poll.register(lifeline, select.POLLIN | select.POLLHUP)
    return any(event & select.POLLHUP and not event & select.POLLIN for _, event in poll.poll(0))


def _end_as(status: int | None) -> None:
    if status is None:
        os._exit(1)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        # The child's core is enough.
        _control(_SET_DUMPABLE, 0)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
        os._exit(128 + number)
    os._exit(os.WEXITSTATUS(status))


def _noted(_number: int, _frame: object) -> None:
    """The descriptor for wake-ups tells."""


def _lead_group() -> None:
    try:
        os.setpgid(0, 0)
    except OSError:
        pass  # it leads a session


def _close_all_but(kept: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:
                pass


def _children() -> dict[int, list[int]]:
    """Every process on the machine to its children."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(name))
    return children


def _with_all_below(pids: Sequence[int], children: dict[int, list[int]]) -> list[int]:
    found = list(pids)
    for pid in found:
        found += children.get(pid, ())
    return found


def _control(option: int, value: int) -> bool:
    """prctl(2); False where the system has no such call or refuses it."""
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
