"""What every test takes for granted."""

import os
import signal

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
