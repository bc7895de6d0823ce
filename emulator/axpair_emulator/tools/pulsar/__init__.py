"""`pulsar` for joints of the emulated board: build, run, info, version.

Flags, files and log lines are those of the toolchain's documentation (0.6.1.x). Where that is silent the choice is
ours: log lines go to stdout, bad input is one line on stderr and exit code 1.
"""
