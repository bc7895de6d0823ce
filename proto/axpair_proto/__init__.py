"""The contract between axpair's rooms: wire messages, names, files and the errors that both sides know."""

import os

PROTOCOL_VERSION = 2
"""What host and agent must agree on. Raised with every change of meaning, not with additions."""

MIN_TOKEN_LETTERS = 16
"""A shorter token is refused by agents, and by hosts before it is sent."""

__version__ = "0.1.0"

# onnxruntime from 1.29 on reports the models that it runs to its makers, unless it is told before its import. Models
# are their owners' own: every room imports this one first, host, agent, worker and emulator alike.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
