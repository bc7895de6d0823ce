"""What every test takes for granted."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

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

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_LONGEST_FIRST = ("tests/test_hostile.py", "tests/test_stories.py", "tests/e2e/", "tests/emulator/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no worker is left with it at the end. A file's tests stay together, as they
    share what its fixtures made (--dist=loadfile)."""
    items.sort(
        key=lambda item: next(
            (at for at, begin in enumerate(_LONGEST_FIRST) if item.nodeid.startswith(begin)), len(_LONGEST_FIRST)
        )
    )
