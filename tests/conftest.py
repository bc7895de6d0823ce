"""What every test takes for granted."""

import os
import signal

import pytest

# A run that was started in the background of a script ignores Ctrl-C and hang-up, and so would every process that it
# starts: tests send both.
for name in ("SIGINT", "SIGHUP"):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)

# What is shown is held against English, on a machine whose locale is Chinese too.
for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
    if os.environ.get(name, "").startswith("zh"):
        os.environ[name] = "C.UTF-8"

_APART = ("tests/test_hostile.py", "tests/test_stories.py")
"""Their tests are long and share nothing: each goes to whichever worker is free."""
_LONGEST_FIRST = (*_APART, "tests/e2e/", "tests/emulator/")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups next
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay together, as they share what its fixtures made; what takes long begins first, so that no
    worker is left with it at the end."""

    def file_of(item: pytest.Item) -> str:
        return item.nodeid.partition("::")[0]

    def rank(item: pytest.Item) -> int:
        return next(
            (at for at, begin in enumerate(_LONGEST_FIRST) if item.nodeid.startswith(begin)), len(_LONGEST_FIRST)
        )

    items.sort(key=rank)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.nodeid if file_of(item) in _APART else file_of(item)))
